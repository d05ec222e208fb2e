"""What a storage of files is, whatever keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.core.errors import Code, DomainError

MAX_NAME = 120
RETRY_AFTER_SECONDS = 5
# No part can be `.` or `..`, start at a root or hide: what is no such name is no file.
_NAME = re.compile(r"[a-z0-9]+(/[a-z0-9]+){0,3}/[a-z0-9][a-z0-9-]*\.[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in a listing."""

    name: str
    modified_at: datetime


class Storage(Protocol):
    """Files by name. What cannot be reached raises 503 `service_unavailable`."""

    def put(self, name: str, data: bytes, content_type: str) -> None:
        """Keep a file, whole or not at all."""

    def get(self, name: str) -> bytes | None:
        """A file's bytes, or None."""

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""

    def page(self, prefix: str, *, after: str, limit: int) -> list[Stored]:
        """Files under a first part of their names, in the order of names."""


def is_name(text: str) -> bool:
    """Whether a file could have this name."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def checked(name: str) -> str:
    """The name. Raises `ValueError` for one that no file may have."""
    if not is_name(name):
        raise ValueError("not a name of a stored file")
    return name


def unavailable() -> DomainError:
    """The 503 of a storage that does not do its work."""
    return DomainError(Code.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
