"""Files in a folder of this machine."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from marketplace.core.media.storage import Stored, checked, is_name, unavailable

log = logging.getLogger(__name__)

# For the proxy that serves them, which is another user.
FILE_MODE = 0o644
FOLDER_MODE = 0o755


class LocalStorage:
    """Each file is written beside its place and moved there, so a reader sees it whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, data: bytes, content_type: str) -> None:
        path = self.folder / checked(name)
        # A name like any other, so that one left over by a crash is found by the sweep.
        draft = path.with_name(f"draft-{secrets.token_hex(16)}.part")
        try:
            path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            try:
                _write(draft, data)
                draft.replace(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            log.error("media cannot be written: %s", error.strerror)  # noqa: TRY400 - no traceback
            raise unavailable() from error

    def get(self, name: str) -> bytes | None:
        try:
            return (self.folder / checked(name)).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            log.error("media cannot be read: %s", error.strerror)  # noqa: TRY400 - no traceback
            raise unavailable() from error

    def delete(self, name: str) -> None:
        try:
            (self.folder / checked(name)).unlink(missing_ok=True)
        except OSError as error:
            log.error("media cannot be removed: %s", error.strerror)  # noqa: TRY400 - no traceback
            raise unavailable() from error

    def page(self, prefix: str, *, after: str, limit: int) -> list[Stored]:
        return list(islice(self._walk(prefix, after), limit))

    def _walk(self, place: str, after: str) -> Iterator[Stored]:
        """Depth first, each folder sorted; folders that lie wholly before `after` are not read."""
        try:
            with os.scandir(self.folder / place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        for entry in entries:
            name = f"{place}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if name >= after[: len(name)]:
                    yield from self._walk(name, after)
            elif name > after and is_name(name):
                with suppress(FileNotFoundError):
                    yield Stored(name, _modified_at(entry))


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _modified_at(entry: os.DirEntry[str]) -> datetime:
    return datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
