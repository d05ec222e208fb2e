"""Where backups are kept: a folder of this machine, or a bucket."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from marketplace.settings import Settings
from marketplace.system.backup.engines import Show
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.rotation import PREFIX, moment_of


@dataclass(frozen=True)
class Kept:
    """A backup in a listing; its size in bytes."""

    name: str
    size: int


class Target(Protocol):
    """Raises `BackupError` in words for whatever cannot be done."""

    def backups(self) -> list[Kept]:
        """All there are, the newest first; other files are left alone."""

    def put(self, path: Path, name: str, show: Show) -> None:
        """Keep a finished file, which is gone from its place then; none is ever replaced."""

    def fetch(self, name: str, place: Path, show: Show) -> Path:
        """A backup as a file: where it is kept, or brought to `place`."""

    def remove(self, name: str) -> None:
        """Throw a backup away."""


class Folder:
    """A folder that only its owner looks into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def backups(self) -> list[Kept]:
        try:
            found = [
                Kept(path.name, path.stat().st_size)
                for path in self._folder.glob(f"{PREFIX}*")
                if moment_of(path.name) and path.is_file()
            ]
        except OSError as error:
            raise self._trouble(error) from error
        return sorted(found, key=lambda each: each.name, reverse=True)

    def put(self, path: Path, name: str, show: Show) -> None:
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                os.fsync(file.fileno())
            os.link(path, self._folder / name)
            path.unlink()
        except FileExistsError as error:
            raise BackupError(f"There is a backup {name} already.") from error
        except OSError as error:
            raise self._trouble(error) from error
        show(size, size)

    def fetch(self, name: str, _place: Path, show: Show) -> Path:
        path = self._folder / name
        if not path.is_file():
            raise BackupError(f"There is no backup {name} in {self._folder}.")
        show(1, 1)
        return path

    def remove(self, name: str) -> None:
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> BackupError:
        return BackupError(f"The folder {self._folder} cannot be used: {error.strerror}.")


def target_of(settings: Settings) -> Target:
    """Where the settings have backups kept."""
    if settings.backup.bucket is None:
        return Folder(settings.backup_folder)
    # The library weighs megabytes, which a process without a bucket need not hold.
    from marketplace.system.backup.bucket import BucketTarget  # noqa: PLC0415

    return BucketTarget(settings.backup.bucket)
