"""Backups of SQLite: a copy through its backup API, compressed; restored by renaming a file."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from marketplace.core.database import SQLITE_BUSY_MS
from marketplace.system.backup.engines import VERSION_TABLE, Scratch, Show, Snapshot, quoted
from marketplace.system.backup.programs import BackupError

_PAGES = 2_000
_CHUNK = 1 << 20
# Most of the gain for a third of the time.
_COMPRESSION = 3
_LEFT_BEHIND_SECONDS = 86_400


class SQLite:
    """The database in a file."""

    kind = "sqlite"
    part = "database.sqlite3.gz"

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        if not self._file.exists():
            raise BackupError(f"There is no database {self._file}.")
        with _words(), closing(_connect(self._file)) as connection:
            # The copy reads inside this transaction, so pages of later commits never reach it and
            # writers neither wait for it nor make it begin anew.
            connection.execute("BEGIN")
            yield Snapshot(
                revision=_revision(connection),
                server=sqlite3.sqlite_version,
                rows=partial(_rows, connection),
                dump=partial(_dump, connection),
            )

    @contextmanager
    def scratch(
        self, dump: Path, _locale: dict[str, str], place: Path, show: Show
    ) -> Iterator[Scratch]:
        start = f"{self._file.name}.scratch-"
        file = place / f"{start}{os.getpid()}"
        try:
            with _words():
                _make_private(file)
                _sweep(place, f"{start}*", file.stat().st_mtime - _LEFT_BEHIND_SECONDS)
                _copy(partial(gzip.open, dump, "rb"), partial(file.open, "wb"), show)
                with closing(_connect(file)) as connection:
                    _require_sound(connection)
            yield Scratch(f"sqlite:///{file.as_posix()}", str(file))
        finally:
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{file}{ending}").unlink(missing_ok=True)

    def rows(self, scratch: Scratch, show: Show) -> dict[str, int]:
        with _words(), closing(_connect(Path(scratch.name))) as connection:
            return _rows(connection, show)

    def place_beside(self, _place: Path) -> Path:
        return self._file.parent

    def holds_data(self) -> bool:
        if not self._file.exists():
            return False
        with _words(), closing(_connect(self._file)) as connection:
            return any(
                connection.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 1").fetchone()  # noqa: S608 - names of its own
                for name in _tables(connection)
                if name != VERSION_TABLE
            )

    def require_alone(self) -> None:
        if self._file.exists():
            with _words():
                _into_one_file(self._file)
                # Back again: only in WAL does one who connects and does nothing show later.
                with closing(_connect(self._file)) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")

    def put_in_place(self, scratch: Scratch, stamp: str) -> str | None:
        file, new = self._file, Path(scratch.name)
        former = file.with_name(f"{file.name}.before-{stamp}")
        try:
            with _words():
                _into_one_file(new)
            with new.open("rb") as written:
                os.fsync(written.fileno())
            if not file.exists():
                new.replace(file)
                return None
            with _words():
                _into_one_file(file)
            # A second name first, then one rename: at no moment is there no database.
            os.link(file, former)
            new.replace(file)
        except OSError as error:
            raise BackupError(f"The database cannot be replaced: {error.strerror}.") from error
        return str(former)


def _sweep(place: Path, pattern: str, before: float) -> None:
    """Remove what somebody who was killed left behind."""
    for left in place.glob(pattern):
        if left.stat().st_mtime < before:
            left.unlink()


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
    return connection


@contextmanager
def _words() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"SQLite cannot do it: {error}.") from error
    except (OSError, EOFError) as error:
        raise BackupError(f"The copy of the database failed: {error}.") from error


def _revision(connection: sqlite3.Connection) -> str | None:
    with suppress(sqlite3.OperationalError):  # no such table
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 - a constant
        return str(row[0]) if row else None
    return None


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Those with rows of their own: an index of search is a table too, and made of others."""
    found = connection.execute("PRAGMA main.table_list").fetchall()
    return sorted(
        str(name)
        for _, name, kind, *_ in found
        if kind == "table" and not str(name).startswith("sqlite_")
    )


def _rows(connection: sqlite3.Connection, show: Show) -> dict[str, int]:
    names, counts = _tables(connection), {}
    for done, name in enumerate(names, 1):
        (counts[name],) = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()  # noqa: S608 - names of its own
        show(done, len(names))
    return counts


def _dump(connection: sqlite3.Connection, path: Path, show: Show) -> None:
    copy = path.with_suffix(".copy")
    _make_private(copy)
    with closing(sqlite3.connect(copy)) as target:
        connection.backup(
            target,
            pages=_PAGES,
            progress=lambda _status, remaining, total: show(total - remaining, 2 * total),
        )
    _into_one_file(copy)
    compressed = partial(gzip.open, path, "wb", _COMPRESSION)
    _copy(partial(copy.open, "rb"), compressed, lambda done, total: show(total + done, 2 * total))
    copy.unlink()


def _copy(source: Callable[[], Any], target: Callable[[], Any], show: Show) -> None:
    with source() as read, target() as written:
        # What is compressed does not tell how long it is.
        total = os.fstat(read.fileno()).st_size
        while data := read.read(_CHUNK):
            written.write(data)
            done = read.tell()
            show(min(done, total), max(done, total))


def _require_sound(connection: sqlite3.Connection) -> None:
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
    orphans = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != ["ok"] or orphans:
        raise BackupError(
            f"The copy of the database is not sound: {found[0] if not orphans else 'orphans'}."
        )


def _make_private(file: Path) -> None:
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _into_one_file(file: Path) -> None:
    """Fold its journal into it, which SQLite does for the only connection there is."""
    with closing(_connect(file)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise BackupError(
                f"The database {file} is in use ({error}): stop the server and all workers first."
            ) from error
