"""Many values as one statement parameter: an array on PostgreSQL, JSON on SQLite. The statement is
the same, and compiled once, however many there are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from marketplace.core.database import is_sqlite

Columns = Mapping[str, type[sa.types.TypeEngine[Any]]]


def among(column: Any, name: str, type_: Any = sa.Integer, *, sqlite: bool) -> Any:
    """Whether a column's value is one of the parameter `name`, which `values` makes."""
    if sqlite:
        each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.func.any(sa.bindparam(name, type_=postgresql.ARRAY(type_)))


def values(given: Collection[Any]) -> Any:
    """The parameter of `among`."""
    return _json(list(given)) if is_sqlite() else list(given)


def table(name: str, columns: Columns, *, sqlite: bool) -> Any:
    """A table of the rows that `rows` makes a parameter, or several, of."""
    if sqlite:
        each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
        parts = (
            sa.type_coerce(sa.func.json_extract(each.c.value, f"$[{at}]"), type_).label(column)
            for at, (column, type_) in enumerate(columns.items())
        )
        return sa.select(*parts).cte(name)
    arrays = (
        sa.bindparam(f"{name}_{column}", type_=postgresql.ARRAY(type_))
        for column, type_ in columns.items()
    )
    made = (sa.column(column, type_) for column, type_ in columns.items())
    return sa.func.unnest(*arrays).table_valued(*made, name=name).render_derived()


def rows(name: str, columns: Columns, given: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The parameters of `table`, for at least one row."""
    if is_sqlite():
        return {name: _json(given)}
    parts = zip(*given, strict=True)
    return {f"{name}_{column}": list(part) for column, part in zip(columns, parts, strict=True)}


def _json(given: Sequence[Any]) -> str:
    return json.dumps(given, ensure_ascii=False)
