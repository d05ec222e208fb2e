"""How a person is to be spoken to. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """How a person is to be spoken to, and where; `email_verified` and `phone_verified` say that
    the person has shown to receive what is sent there.
    """

    language: str
    timezone: str
    email: str | None = None
    email_verified: bool = False
    phone: str | None = None
    phone_verified: bool = False


# Whom nobody knows any more: only what names its own destination still reaches them.
NOBODY = Reader("ru", "Europe/Moscow")
