"""Writing out everything stored about a person: rows as they come, never all of them at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from marketplace.core.clock import wire_moment
from marketplace.core.database import session

_ROWS = 500


def stream(query: sa.Select[*tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """The rows of one query, fetched by the hundreds when they are asked for."""
    for row in session().execute(query.execution_options(yield_per=_ROWS)).mappings():
        yield dict(row)


def stream_groups(
    query: sa.Select[*tuple[Any, ...]], name: str, prefix: str
) -> Iterator[dict[str, Any]]:
    """Rows of a query that joins each record to its parts, whose columns begin with the prefix:
    one dictionary a record, its parts as a list under `name`. The query is ordered by `id`, and
    a part's first column is empty where a record has none.
    """
    current: dict[str, Any] | None = None
    for row in stream(query):
        part = {
            key.removeprefix(prefix): row.pop(key) for key in list(row) if key.startswith(prefix)
        }
        if current is None or current["id"] != row["id"]:
            if current is not None:
                yield current
            current = {**row, name: []}
        if next(iter(part.values())) is not None:
            current[name].append(part)
    if current is not None:
        yield current


def pieces(members: Mapping[str, Any]) -> Iterator[str]:
    """One JSON object in pieces; a member that is an iterator is written as a list."""
    start = "{"
    for name, value in members.items():
        yield f"{start}{json.dumps(name)}:"
        start = ",\n"
        if not isinstance(value, Iterator):
            yield _encoded(value)
            continue
        separator = "["
        for row in value:
            yield separator + _encoded(row)
            separator = ",\n"
        yield "[]" if separator == "[" else "]"
    yield "}\n"


def _encoded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return wire_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not exported")
