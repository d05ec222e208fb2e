"""Backups of PostgreSQL: `pg_dump` and `pg_restore`; restored by renaming a database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from marketplace.system.backup.engines import VERSION_TABLE, Scratch, Show, Snapshot, quoted
from marketplace.system.backup.postgresql_server import (
    Place,
    create_database,
    fitting,
    one_value,
    run_by_tables,
    tables_in,
    words_of_server,
)
from marketplace.system.backup.programs import BackupError

_MAX_NAME = 63
# A migration that holds a table longer is worth a failed backup; without it a timer would hang.
_LOCK_MS = 60_000
_LEAVING_SECONDS, _LOOK_AGAIN_SECONDS = 2.0, 0.05
_TABLES = (
    "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r'"
    " AND c.relnamespace = current_schema()::regnamespace ORDER BY 1"
)
# ICU's column has had two names.
_LOCALE = (
    "SELECT pg_encoding_to_char(encoding), datcollate, datctype,"
    " to_jsonb(d)->>'datlocprovider',"
    " coalesce(to_jsonb(d)->>'daticulocale', to_jsonb(d)->>'datlocale')"
    " FROM pg_database d WHERE datname = current_database()"
)
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_STAMP = "SELECT to_char(now() AT TIME ZONE 'utc', 'YYYYMMDDHH24MISS')"
_LEFT_BEHIND = (
    "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    " AND substr(datname, length(%s) + 1, 14)"
    " < to_char((now() - interval '1 day') AT TIME ZONE 'utc', 'YYYYMMDDHH24MISS')"
)


class PostgreSQL:
    """The database on a server."""

    kind = "postgresql"
    part = "database.dump"

    def __init__(self, url: URL) -> None:
        self._place = Place(url)
        self._name = str(self._place.url.database)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with words_of_server(), self._place.connect() as connection:
            program = fitting("pg_dump", connection)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            shared = one_value(connection, "SELECT pg_export_snapshot()")
            yield Snapshot(
                revision=_revision(connection),
                server=one_value(connection, "SHOW server_version"),
                locale=_locale(connection),
                rows=partial(_rows, connection),
                dump=partial(self._dump, program, connection, shared),
            )

    def _dump(
        self,
        program: str,
        connection: psycopg.Connection[Any],
        shared: str,
        path: Path,
        show: Show,
    ) -> None:
        words, variables = self._place.words()
        run_by_tables(
            [
                *(program, "--format=custom", "--verbose", "--no-password", f"--file={path}"),
                *(f"--snapshot={shared}", f"--dbname={words}", f"--lock-wait-timeout={_LOCK_MS}"),
            ],
            variables,
            ("dumping contents of table", len(_tables(connection))),
            show,
        )

    @contextmanager
    def scratch(
        self, dump: Path, locale: dict[str, str], _place: Path, show: Show
    ) -> Iterator[Scratch]:
        with self._server() as server:
            program = fitting("pg_restore", server)
            name = self._name_of_scratch(server)
            create_database(server, name, locale)
        try:
            words, variables = self._place.words(name)
            run_by_tables(
                [
                    *(program, "--verbose", "--exit-on-error", "--no-owner", "--no-privileges"),
                    *("--no-password", f"--dbname={words}", str(dump)),
                ],
                variables,
                ("processing data for table", tables_in(program, dump)),
                show,
            )
            with words_of_server(), self._place.connect(name) as connection:
                connection.execute("ANALYZE")
            url = self._place.url.set(database=name)
            yield Scratch(url.render_as_string(hide_password=False), name)
        finally:
            with self._server() as server:
                server.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    def _name_of_scratch(self, server: psycopg.Connection[Any]) -> str:
        """A new one, once those are dropped that somebody who was killed left a day ago."""
        start = f"{self._name[: _MAX_NAME - 28]}_scratch_"
        for (left,) in server.execute(_LEFT_BEHIND, [start, start]).fetchall():
            server.execute(f"DROP DATABASE IF EXISTS {quoted(left)} WITH (FORCE)")
        return f"{start}{one_value(server, _STAMP)}_{secrets.token_hex(2)}"

    def rows(self, scratch: Scratch, show: Show) -> dict[str, int]:
        with words_of_server(), self._place.connect(scratch.name) as connection:
            return _rows(connection, show)

    def place_beside(self, place: Path) -> Path:
        return place

    def holds_data(self) -> bool:
        if not self._exists():
            return False
        with words_of_server(), self._place.connect() as connection:
            return any(
                one_value(connection, f"SELECT EXISTS (SELECT 1 FROM {quoted(name)})")  # noqa: S608 - names of its own
                for name in _tables(connection)
                if name != VERSION_TABLE
            )

    def require_alone(self) -> None:
        with self._server() as server:
            # The server counts a connection for a moment after its end.
            deadline = time.monotonic() + _LEAVING_SECONDS
            while (others := one_value(server, _OTHERS, self._name)) and (
                time.monotonic() < deadline
            ):
                time.sleep(_LOOK_AGAIN_SECONDS)
        if others:
            raise BackupError(
                f"The database {self._name} is in use by {others} connections: stop the server "
                "and all workers first."
            )

    def put_in_place(self, scratch: Scratch, stamp: str) -> str | None:
        former = f"{self._name[: _MAX_NAME - 24]}_before_{stamp.lower()}"
        exists = self._exists()
        self.require_alone()
        with self._server() as server, server.transaction():
            if exists:
                server.execute(f"ALTER DATABASE {quoted(self._name)} RENAME TO {quoted(former)}")
            server.execute(f"ALTER DATABASE {quoted(scratch.name)} RENAME TO {quoted(self._name)}")
        return former if exists else None

    def _exists(self) -> bool:
        with self._server() as server:
            query = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = %s)"
            return bool(one_value(server, query, self._name))

    @contextmanager
    def _server(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection to another database of the server: none can be renamed from inside."""
        with words_of_server():
            connection = self._place.maintenance()
            try:
                yield connection
            finally:
                connection.close()


def _revision(connection: psycopg.Connection[Any]) -> str | None:
    if one_value(connection, "SELECT to_regclass(%s)", VERSION_TABLE) is None:
        return None
    found: str | None = one_value(connection, f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    return found


def _locale(connection: psycopg.Connection[Any]) -> dict[str, str]:
    row = connection.execute(_LOCALE).fetchone() or ()
    names = ("encoding", "collate", "ctype", "provider", "icu")
    return {name: str(value) for name, value in zip(names, row, strict=True) if value}


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [str(name) for (name,) in connection.execute(_TABLES)]


def _rows(connection: psycopg.Connection[Any], show: Show) -> dict[str, int]:
    names, counts = _tables(connection), {}
    for done, name in enumerate(names, 1):
        counts[name] = int(one_value(connection, f"SELECT count(*) FROM {quoted(name)}"))  # noqa: S608 - names of its own
        show(done, len(names))
    return counts
