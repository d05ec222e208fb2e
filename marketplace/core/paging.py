"""Keyset paging: opaque cursors over a total order, the next page in `Link`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Response, request

from marketplace.core import text
from marketplace.core.errors import invalid
from marketplace.core.fields import MAX_ID

Row = TypeVar("Row")

# The largest sort key: microseconds since 1970 at the end of the year 9999.
MAX_KEY = 253_402_300_799_999_999
# Totals are exact up to here; what lies beyond is told as `10000+`.
COUNTED_TO = 10_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: after the row with this sort key (a whole number, or the text a list is
    ordered by) and id. `way` names how the list was made, when there are several ways.
    """

    key: Any
    row_id: int
    way: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of a page, where the next page begins, and the total when it was asked for."""

    rows: Sequence[Row]
    next: Position | None
    total: int | None


def encode_cursor(ordering: str, position: Position) -> str:
    """An opaque, URL-safe cursor for one ordering."""
    parts = [ordering, position.key, position.row_id, *([position.way] if position.way else [])]
    told = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def decode_cursor(
    cursor: str | None, ordering: str, *, by_text: bool = False, ways: Collection[str] = ()
) -> Position | None:
    """The position of a cursor made for this ordering, whose key is a text when the list is ordered
    `by_text`, and whose way, if it names one, is one of `ways`. Raises 422 naming `cursor`
    otherwise.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError):
        raise invalid("cursor", "cursor") from None
    if not (isinstance(parts, list) and len(parts) in (3, 4) and parts[0] == ordering):
        raise invalid("cursor", "cursor")
    key, row_id, *way = parts[1:]
    fits = _sortable(key) if by_text else _whole(key, 0, MAX_KEY)
    if not (fits and _whole(row_id, 0, MAX_ID) and all(each in tuple(ways) for each in way)):
        raise invalid("cursor", "cursor")
    return Position(key, row_id, *way)


def link(path: str, query: Mapping[str, str], relation: str) -> str:
    """What `Link` says of a related resource."""
    target = f"{path}?{urlencode(query)}" if query else path
    return f'<{target}>; rel="{relation}"'


def _sortable(key: Any) -> bool:
    return isinstance(key, str) and text.is_clean(key)


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def bounded_count(rows: sa.Select[Any]) -> sa.Select[Any]:
    """How many rows there are, counted no further than one past `COUNTED_TO`."""
    some = rows.limit(sa.literal_column(str(COUNTED_TO + 1))).subquery()
    return sa.select(sa.func.count()).select_from(some)


def paged(
    response: Response,
    ordering: str,
    following: Position | None,
    total: int | None,
) -> Response:
    """An answer with `page_headers`."""
    response.headers.extend(page_headers(ordering, following, total, ()))
    return response


def page_headers(
    ordering: str,
    following: Position | None,
    total: int | None,
    links: Sequence[str],
) -> tuple[tuple[str, str], ...]:
    """Headers that point to the next page by a path reference without a host (nothing on the last
    page) and to `links`, and tell the total when it was asked for.
    """
    pointed = list(links)
    if following is not None:
        cursor = encode_cursor(ordering, following)
        given = request.args.to_dict(flat=True)
        query: Mapping[str, str] = {**given, "cursor": cursor}
        pointed.insert(0, link(request.path, query, "next"))
    headers = [("Link", ", ".join(pointed))] if pointed else []
    if total is not None:
        known = str(total) if total <= COUNTED_TO else f"{COUNTED_TO}+"
        headers.append(("X-Total-Count", known))
    return tuple(headers)
