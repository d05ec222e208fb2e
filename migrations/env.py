"""Runs the migrations in the application's database, on its own rules (pragmas, one transaction)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from flask import current_app

from marketplace.core.database import WRITE_OPTION, Base

SEARCH = ("services_name_trigrams", "service_search_words")


def include_object(
    thing: object, name: str | None, kind: str, reflected: bool, _other: object
) -> bool:
    """Leave out what only the other database has, and SQLite's virtual search tables with the shadow
    tables they keep, which no model can say."""
    if kind == "index" and not reflected:
        condition = getattr(thing, "_ddl_if", None)
        return condition is None or condition.dialect == context.get_bind().dialect.name
    return not (kind == "table" and reflected and (name or "").startswith(SEARCH))


def run() -> None:
    engine = current_app.extensions["sqlalchemy"].engine
    arguments = current_app.extensions["migrate"].configure_args
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITE_OPTION: True})
        with foreign_keys_off(connection):
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                include_object=include_object,
                # True of SQLite too: the application's connections begin explicitly.
                transactional_ddl=True,
                **arguments,
            )
            with context.begin_transaction():
                context.run_migrations()
                refuse_orphans(connection)


@contextmanager
def foreign_keys_off(connection: sa.Connection) -> Iterator[None]:
    """On SQLite, where rebuilding a table drops it for a moment: with its children's rows, if their
    references cascade."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # The driver's own connection: inside a transaction the pragma does nothing.
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def refuse_orphans(connection: sa.Connection) -> None:
    """Raise, so that everything is rolled back, when rows are left without their parents."""
    if connection.dialect.name == "sqlite":
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if orphans:
            raise RuntimeError(f"the migration leaves {len(orphans)} rows without their parents")


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: run them against the database.")
run()
