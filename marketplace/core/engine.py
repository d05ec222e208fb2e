"""How connections to either database are set up."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from marketplace.core.database import PLAN_ONCE_OPTION, READ_OPTION, SQLITE_BUSY_MS, WRITE_OPTION


def configure_engine(engine: sa.Engine) -> None:
    """Install SQLite's pragmas and explicit BEGIN, or PostgreSQL's choice of what to prepare."""
    if engine.dialect.name == "postgresql":
        _prepare_by_option(engine)
        return

    @event.listens_for(engine, "do_connect")
    def make_private(_dialect: Any, _entry: Any, arguments: Any, _options: Any) -> None:
        # SQLite would make the file readable by every user of the machine; -wal and -shm take the
        # mode of the file. What cannot be made here, SQLite refuses in its own words.
        with suppress(OSError):
            os.close(os.open(arguments[0], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transaction control opens none for SELECT and a deferred one for writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get(READ_OPTION):
            writes = options.get(WRITE_OPTION)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_by_option(engine: sa.Engine) -> None:
    """Prepare the statements that ask for it and no others: these are planned for their values.

    A plan for any values does not know whether a name's part is rare or common, and walks or sorts
    the whole table where a plan for the actual ones would not.
    """

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if context is None or not context.execution_options.get(PLAN_ONCE_OPTION):
            return False
        cursor.execute(statement, parameters, prepare=True)
        return True
