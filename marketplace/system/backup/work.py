"""The folder in which a backup is made or taken apart, and what every act on backups needs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import URL

from marketplace.settings import Settings
from marketplace.system.backup import encryption
from marketplace.system.backup.engines import Engine, Show
from marketplace.system.backup.postgresql import PostgreSQL
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.sqlite import SQLite
from marketplace.system.backup.targets import Target

_PREFIX = ".work-"
# Whoever was killed could not clean up; nothing takes that long.
_LEFT_BEHIND = timedelta(days=1)

Bar = Callable[[str], AbstractContextManager[Show]]


@dataclass(frozen=True)
class Workshop:
    """`url` is the present database's; `on_database` has another one, by its address, in its place
    for a while, and gives what migrates that; `bar` shows how far a step is.
    """

    settings: Settings
    url: URL
    target: Target
    on_database: Callable[[str], AbstractContextManager[Callable[[], None]]]
    bar: Bar

    def engine(self, kind: str) -> Engine:
        """The engine for backups of a kind. Raises `BackupError` for another than the present one's
        where that needs a server.
        """
        present = self.url.get_backend_name()
        if kind == SQLite.kind:
            at_hand = present == kind and self.url.database
            return SQLite(Path(at_hand or self.settings.backup_folder / "marketplace.sqlite3"))
        if kind != PostgreSQL.kind or present != kind:
            raise BackupError(
                f"This is a backup of {kind}, and MARKETPLACE_DATABASE_URL names {present}."
            )
        return PostgreSQL(self.url)

    @contextmanager
    def folder(self, now: datetime) -> Iterator[Path]:
        """A folder for the files of one act, gone at its end."""
        place = self.settings.backup_folder
        try:
            place.mkdir(0o700, parents=True, exist_ok=True)
            _sweep(place, now)
            made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        except OSError as error:
            raise BackupError(f"The folder {place} cannot be used: {error.strerror}.") from error
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @contextmanager
    def opened(self, name: str, place: Path) -> Iterator[Path]:
        """A backup fetched and decrypted."""
        with self.bar("Fetching the archive") as show:
            stored = self.target.fetch(name, place, show)
        if not stored.suffix or stored.suffix == ".tar":
            yield stored
            return
        plain = place / "plain.tar"
        with self.bar("Decrypting it") as show:
            encryption.decrypt(stored, plain, self.settings.backup)
            show(1, 1)
        yield plain


def _sweep(place: Path, now: datetime) -> None:
    for left in place.glob(f"{_PREFIX}*"):
        if left.stat().st_mtime < (now - _LEFT_BEHIND).timestamp():
            shutil.rmtree(left, ignore_errors=True)
