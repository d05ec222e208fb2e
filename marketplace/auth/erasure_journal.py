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
from datetime import datetime
from pathlib import Path

from marketplace.core.clock import wire_moment

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, and when."""

    user_id: int
    created_at: datetime
    erased_at: datetime


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

    Raises `OSError` for a file that is there and cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield _read(raw) or number


def _read(raw: bytes) -> Erased | None:
    try:
        line = json.loads(raw)
        made, erased = (datetime.fromisoformat(line[name]) for name in ("created_at", "erased_at"))
        user_id = line["user_id"]
    except (ValueError, TypeError, KeyError):
        return None
    whole = isinstance(user_id, int) and made.tzinfo is not None and erased.tzinfo is not None
    return Erased(user_id, made, erased) if whole else None
