"""Reads of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import session
from marketplace.notifications.models import Notification
from marketplace.notifications.texts import render


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


# Who knows readers comes later in the house and hands it forward.
_on_read: list[Callable[[Sequence[int]], Mapping[int, Reader]]] = []


def on_read(part: Callable[[Sequence[int]], Mapping[int, Reader]]) -> None:
    """Register who knows in which language and zone people read."""
    if part not in _on_read:
        _on_read.append(part)


# Who knows what a row of a kind must not hold (codes) comes later too, and fills it in.
_on_fill: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any] | None]] = {}


def on_fill(kind: str, part: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> None:
    """Register who completes the payload of a kind when it is sent; None says that it is out of
    date and must not be sent.
    """
    _on_fill[kind] = part


def notification_rows(
    *, user_id: int | None, state: str | None, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """The outbox, newest first, each with its text as the reader would get it."""
    query = sa.select(
        Notification.id,
        Notification.due_at,
        Notification.state,
        Notification.user_id,
        Notification.kind,
        Notification.subject_type,
        Notification.subject_id,
        Notification.payload,
        Notification.created_at,
        Notification.ended_at,
    )
    if user_id is not None:
        query = query.where(Notification.user_id == user_id)
    if state is not None:
        query = query.where(Notification.state == state)
    if after is not None:
        query = query.where(Notification.id < after)
    rows = session().execute(query.order_by(Notification.id.desc()).limit(limit)).mappings().all()
    readers: dict[int, Reader] = {}
    for part in _on_read:
        readers.update(part([row["user_id"] for row in rows]))
    return [{**row, "text": _text(row, readers[row["user_id"]])} for row in rows]


def _text(row: Mapping[Any, Any], reader: Reader) -> str:
    return render(row["kind"], row["payload"], reader.language, reader.timezone)
