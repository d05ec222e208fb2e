"""Hot statements: built and compiled once, run with plain values, answered with plain tuples.

What is saved is the building of the statement, its cache key and its result rows. A SELECT takes
and gives the driver's own values: kopecks, and moments as `moment_param` gives them; an INSERT
takes the values its columns take anywhere.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from marketplace.core.database import PLAN_ONCE_OPTION, Base, read, session, table_of
from marketplace.core.driver import select_rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


_PLANNED_ONCE = {PLAN_ONCE_OPTION: True}


class HotQuery:
    """One SELECT with named bind parameters. `plan_once` says that the best plan is the same for
    all values, as where rows are found by key.
    """

    def __init__(self, statement: sa.SelectBase, *, plan_once: bool = True) -> None:
        self._statement = statement
        self._plan_once = plan_once
        self._compiled: dict[str, tuple[str, dict[str, Any]]] = {}
        self._shapes: dict[str, _Shape] = {}

    def rows(self, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows for these parameters, as the driver gives them."""
        connection = read()
        sql, constants = self._for(connection.dialect)
        named = {**constants, **parameters}
        return select_rows(connection, sql, named, plan_once=self._plan_once)

    def records(self, parameters: Mapping[str, Any]) -> list[Any]:
        """All rows as named tuples of values as the columns' types give them. For SELECTs only."""
        dialect = read().dialect
        shape = self._shapes.get(dialect.name)
        if shape is None:
            shape = self._shapes[dialect.name] = _Shape(
                cast("sa.Select[Any]", self._statement), dialect
            )
        return [shape.record(row) for row in self.rows(parameters)]

    def first(self, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row or None."""
        found = self.rows(parameters)
        return found[0] if found else None

    def _for(self, dialect: sa.Dialect) -> tuple[str, dict[str, Any]]:
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=_by_name(dialect))
            known = self._compiled[dialect.name] = (str(compiled), dict(compiled.params))
        return known


def _by_name(dialect: sa.Dialect) -> sa.Dialect:
    # A value that stands in many places is then given once.
    return sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect


class _Shape:
    def __init__(self, statement: sa.Select[Any], dialect: sa.Dialect) -> None:
        columns = list(statement.selected_columns)
        names = [str(column.key) for column in columns]
        record = cast("Any", namedtuple)("record", names)  # noqa: PYI024 - made of a statement
        self._make = record._make
        processors = [_result_processor(column.type, dialect) for column in columns]
        self._processors = [(at, each) for at, each in enumerate(processors) if each is not None]

    def record(self, row: tuple[Any, ...]) -> Any:
        values = list(row)
        for at, process in self._processors:
            values[at] = process(values[at])
        return self._make(values)


def _result_processor(type_: Any, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    # A float is what the driver gives; PostgreSQL's processor would ask for the column's number.
    if isinstance(type_, sa.Float):
        return None
    return cast(
        "Callable[[Any], Any] | None", type_.dialect_impl(dialect).result_processor(dialect, None)
    )


class HotInsert:
    """An INSERT of whole rows into a model's table: all columns but the generated id and those that
    only the database fills.
    """

    def __init__(self, model: type[Base]) -> None:
        self._table = table_of(model)
        self._columns = [
            each
            for each in self._table.columns
            if each.name != "id" and (each.server_default is None or each.default is not None)
        ]
        self._compiled: dict[str, _CompiledInsert] = {}

    def one(self, row: Mapping[str, Any]) -> int:
        """Insert a row; its id."""
        connection = session().connection()
        insert = self._for(connection.dialect)
        result = connection.exec_driver_sql(insert.returning, insert.given(row), _PLANNED_ONCE)
        inserted: int = result.scalar_one()
        return inserted

    def many(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, in one go."""
        if rows:
            connection = session().connection()
            insert = self._for(connection.dialect)
            connection.exec_driver_sql(insert.plain, [insert.given(row) for row in rows])

    def _for(self, dialect: sa.Dialect) -> _CompiledInsert:
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _CompiledInsert(
                self._table, self._columns, dialect
            )
        return known


class _CompiledInsert:
    def __init__(
        self, table: sa.Table, columns: Sequence[sa.Column[Any]], dialect: sa.Dialect
    ) -> None:
        insert = sa.insert(table).values({each.name: sa.bindparam(each.name) for each in columns})
        compiled = insert.compile(dialect=dialect)
        self.plain = str(compiled)
        self.returning = str(insert.returning(table.c.id).compile(dialect=dialect))
        self._order = list(compiled.positiontup or ()) if compiled.positional else None
        self._defaults = {each.name: _default_of(each) for each in columns}
        self._processors = {each.name: _processor_of(each, dialect) for each in columns}

    def given(self, row: Mapping[str, Any]) -> Any:
        """A row's values as the driver takes them."""
        values = {**self._defaults, **row}
        for name, process in self._processors.items():
            if process is not None:
                values[name] = process(values[name])
        return values if self._order is None else tuple(values[name] for name in self._order)


def _default_of(column: sa.Column[Any]) -> Any:
    default = column.default
    return default.arg if isinstance(default, sa.ColumnDefault) and default.is_scalar else None


def _processor_of(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    if isinstance(column.type, sa.JSON):
        return lambda value: json.dumps(value, ensure_ascii=False)
    return cast(
        "Callable[[Any], Any] | None", column.type.dialect_impl(dialect).bind_processor(dialect)
    )


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
