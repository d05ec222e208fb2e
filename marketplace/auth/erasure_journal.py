"""The journal of erasures beside the database: a file that a restored backup does not undo.

One JSON object a line. An id alone would not do: after a restore the same number may be given to
somebody else, so a person is known by the id and the moment the account was made.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from marketplace.core.clock import wire_moment
from marketplace.core.errors import Code, DomainError
from marketplace.core.fields import MAX_ID

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, and when."""

    user_id: int
    created_at: datetime
    erased_at: datetime


class UnreadableJournal(DomainError):
    """The file is there and cannot be read; in words for the admin."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(Code.CONFLICT)
        self._told = f"The journal of erasures {path} cannot be read: {error.strerror}."

    def __str__(self) -> str:
        return self._told


def append(path: Path, erased: Erased) -> bool:
    """Add a line, on the disk when this returns. False when it cannot be written: the erasure is
    done by then, and `flask retention run` adds the line.
    """
    line = {
        "user_id": erased.user_id,
        "created_at": wire_moment(erased.created_at),
        "erased_at": wire_moment(erased.erased_at),
    }
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            text = f"{json.dumps(line)}\n".encode()
            # A line that a power cut broke off must not swallow this one.
            os.write(descriptor, text if _ends_well(descriptor) else b"\n" + text)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        log.error("the erasure of user %s is not in the journal: %s", erased.user_id, error)  # noqa: TRY400
        return False
    return True


def _ends_well(descriptor: int) -> bool:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def read_lines(path: Path) -> Iterator[Erased | int]:
    """The lines in order; for one that cannot be read its number. No file holds no lines.

    Raises `UnreadableJournal` for a file that is there and cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    except OSError as error:
        raise UnreadableJournal(path, error) from error
    with file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _read(raw) or number


def _read(raw: bytes) -> Erased | None:
    try:
        line = json.loads(raw)
        made, erased = (datetime.fromisoformat(line[name]) for name in ("created_at", "erased_at"))
        user_id = line["user_id"]
        # What cannot be said in UTC no database can compare.
        in_utc = [moment.tzinfo and moment.astimezone(UTC) for moment in (made, erased)]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    is_id = type(user_id) is int and 1 <= user_id <= MAX_ID
    return Erased(user_id, made, erased) if is_id and all(in_utc) else None
