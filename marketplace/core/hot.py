"""Hot reads: a SELECT built and compiled once, run with plain values, answered with plain tuples.

What is saved is the building of the statement, its cache key, its result rows and type handlers;
so parameters and columns are the driver's own: kopecks, and moments as `moment_param` gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from marketplace.core.database import read

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class HotQuery:
    """One SELECT with named bind parameters."""

    def __init__(self, statement: sa.SelectBase) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {}

    def rows(self, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows for these parameters, as the driver gives them."""
        connection = read()
        sql, constants, order = self._for(connection.dialect)
        named = {**constants, **parameters}
        given = named if order is None else tuple(named[name] for name in order)
        result = connection.exec_driver_sql(sql, given)
        found = cast("list[tuple[Any, ...]]", result.cursor.fetchall())
        result.close()
        return found

    def first(self, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row or None."""
        found = self.rows(parameters)
        return found[0] if found else None

    def _for(self, dialect: sa.Dialect) -> tuple[str, dict[str, Any], list[str] | None]:
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=dialect)
            order = list(compiled.positiontup or ()) if compiled.positional else None
            known = (str(compiled), dict(compiled.params), order)
            self._compiled[dialect.name] = known
        return known


def moment_param(moment: datetime) -> Any:
    """An aware moment as the driver stores it."""
    if read().dialect.name == "postgresql":
        return moment
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(stored: Any) -> datetime:
    """The aware moment of what the driver gave."""
    if isinstance(stored, int):
        return _EPOCH + timedelta(microseconds=stored)
    moment: datetime = stored
    return moment.astimezone(UTC)


def moment_key(stored: Any) -> int:
    """Whole microseconds since 1970 of what the driver gave: a sort key both databases share."""
    if isinstance(stored, int):
        return stored
    return int((stored - _EPOCH) // _MICROSECOND)


def moment_from_key(key: int) -> datetime:
    """The moment of a sort key."""
    return _EPOCH + timedelta(microseconds=key)
