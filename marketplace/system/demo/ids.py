"""Explicit ids for demo rows, and the counters that go on after them."""

from __future__ import annotations

import sqlalchemy as sa

from marketplace.core.database import Base


def next_id(connection: sa.Connection, model: type[Base]) -> int:
    """One more than any id the table ever gave out."""
    table = model.__tablename__
    if connection.dialect.name == "postgresql":
        given = "pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass)"
    else:
        given = "(SELECT seq FROM sqlite_sequence WHERE name = :table)"
    numbers = connection.execute(
        sa.text(f"SELECT {given}, (SELECT max(id) FROM {table})"),  # noqa: S608 - our own names
        {"table": table},
    ).one()
    return max(number or 0 for number in numbers) + 1


def follow_ids(connection: sa.Connection, model: type[Base], last_id: int) -> None:
    """Let PostgreSQL's sequence go on after explicit ids; SQLite's counter does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last_id)"),
            {"table": model.__tablename__, "last_id": last_id},
        )
