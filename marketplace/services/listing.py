"""Lists of services: filters, orderings and keyset pages over one set of columns.

Used by `/api/auth/services/` and, with the specialists' cards joined, by the catalogue. A statement
is built once for each shape of a request and kept compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core import many
from marketplace.core.database import is_sqlite
from marketplace.core.hot import HotQuery, moment_from_key, moment_key, moment_param
from marketplace.core.paging import Page, Position, bounded_count
from marketplace.services import few, name_search
from marketplace.services.filters import OF_SERVICES, Steering, Table
from marketplace.services.list_shape import Scope, Shape, conditions, ordered_by, steering
from marketplace.services.list_sources import Also, Key, Source
from marketplace.services.models import Service
from marketplace.services.name_search import Plan
from marketplace.services.ranking import (
    RELEVANCE,
    Search,
    ranked_count,
    ranked_page,
)

ORDERINGS = ("-created_at", "created_at", "price", "-price", "duration_minutes")

_ID = 0
# So many services has a specialist, roughly.
_EACH = 10


def services_page(
    source: Source,
    given: Mapping[str, Any],
    *,
    table: Table = OF_SERVICES,
    owner_id: int | None = None,
    ordering: str,
    after: Position | None,
    limit: int,
    count: bool,
    also: Also | None = None,
    search: Search | None = None,
) -> Page[tuple[Any, ...]]:
    """A page of the listed services, or with `owner_id` of that specialist's own, hidden ones too
    and archived ones not. `given` are the filters' values by name, those of `table` and `name`.
    The ordering by relevance needs a `search`.
    """
    if search is not None and search.is_empty:
        return Page([], None, 0 if count else None)
    shape, parameters = shaped(
        source,
        given,
        table=table,
        owner_id=owner_id,
        ordering=ordering,
        follows=after is not None,
        also=also,
        search=search,
    )
    paged = dict(parameters, limit=limit + 1)
    if after is not None:
        key = after.key if shape.is_ranked else key_param(shape.key, after.key)
        paged |= {"after_key": key, "after_id": after.row_id}
    rows = _page_query(shape).rows(paged)
    total = counted(shape, parameters) if count else None
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        value = last[-1] if shape.is_ranked else moment_key(last[shape.key.position])
        following = Position(value, last[_ID])
    shown = rows[:limit]
    return Page([row[:-1] for row in shown] if shape.is_ranked else shown, following, total)


def shaped(
    source: Source,
    given: Mapping[str, Any],
    *,
    table: Table,
    owner_id: int | None = None,
    ordering: str = "-created_at",
    follows: bool = False,
    also: Also | None = None,
    search: Search | None = None,
) -> tuple[Shape, dict[str, Any]]:
    """The shape of a request and the parameters of its filters."""
    used = tuple(each for each in table.filters if given.get(each.name) is not None)
    parameters: dict[str, Any] = {}
    for each in used:
        parameters |= each.parameters(given[each.name])
    plan = None
    if given.get("name") is not None:
        plan, looked_for = name_search.plan(given["name"])
        parameters |= looked_for
    if owner_id is not None:
        parameters["owner_id"] = owner_id
    sqlite = is_sqlite()
    settled = (
        plan is Plan.TRIGRAMS
        or owner_id is not None
        or "specialist" in parameters
        or source.begins_elsewhere
        or (search is not None and (ordering == RELEVANCE or search.shape.leads))
    )
    leading, least = table.leading(parameters) if sqlite and not settled else (None, few.FEW)
    begins = None if settled else _begins(also, least)
    if begins is not None:
        leading = None
        parameters["begins"] = many.values(begins)
    scope = Scope.LISTED if owner_id is None else Scope.OWN
    for part in (also, search):
        if part is not None:
            parameters |= part.parameters
    asked = None if search is None else search.shape
    steered = (sqlite, leading, also, begins is not None, asked)
    shape = Shape(source, scope, used, plan, ordering, follows, *steered)
    return shape, parameters


def _begins(also: Also | None, least: int) -> Sequence[int] | None:
    found = None if also is None or also.specialists is None else also.specialists()
    return found if found is not None and len(found) * _EACH < least else None


def key_param(key: Key, value: int) -> Any:
    """A cursor's key as a statement parameter."""
    return moment_param(moment_from_key(value)) if key.is_moment else value


@lru_cache(maxsize=256)
def _page_query(shape: Shape) -> HotQuery:
    if shape.search is not None and shape.is_ranked:
        asked = conditions(shape)
        ranked = ranked_page(shape.source.select, shape.search, asked, follows=shape.follows)
        return HotQuery(ranked, plan_once=False)
    is_plain = not (shape.filters or shape.plan or shape.also or shape.search)
    key, limit = shape.key, sa.bindparam("limit", type_=sa.Integer)
    by = ordered_by(key, steering(shape))
    order = _order(shape, by)
    # SQLite reads on within equal keys from their first row: a rowid is no part of an index to it.
    apart = shape.sqlite and shape.follows and not key.is_moment
    if shape.source.begins_elsewhere or shape.scope is Scope.OWN or (is_plain and not apart):
        query = shape.source.select.where(*conditions(shape), *_after(shape, by))
        return HotQuery(query.order_by(*order).limit(limit), plan_once=is_plain)
    # What is found by filters may have to be sorted: its keys, not whole rows with their joins.
    found = sa.select(Service.id).where(*conditions(shape)).order_by(*order).limit(limit)
    if apart:
        parts = [found.where(each).subquery() for each in _after_apart(shape, by)]
        ids: Any = sa.union_all(*(sa.select(each.c.id) for each in parts)).subquery()
    else:
        ids = found.where(*_after(shape, by)).subquery()
    query = shape.source.select.where(Service.id.in_(sa.select(ids.c.id)))
    sorted_again = _order(shape, ordered_by(key, Steering(shape.sqlite, frozenset())))
    return HotQuery(query.order_by(*sorted_again).limit(limit), plan_once=is_plain)


def _order(shape: Shape, by: Any) -> tuple[Any, Any]:
    return (by.desc(), Service.id.desc()) if shape.descends else (by, Service.id)


def _after_params(key: Key) -> tuple[Any, Any]:
    # As wide as a cursor may be: a key beyond the column's type is past every row, no error.
    wide = key.expression.type if key.is_moment else sa.BigInteger()
    return sa.bindparam("after_key", type_=wide), sa.bindparam("after_id", type_=sa.Integer)


def _after(shape: Shape, by: Any) -> list[Any]:
    if not shape.follows:
        return []
    here, there = sa.tuple_(by, Service.id), sa.tuple_(*_after_params(shape.key))
    return [here < there if shape.descends else here > there]


def _after_apart(shape: Shape, by: Any) -> tuple[Any, Any]:
    """The same in two: what is left of the cursor's key, and the keys behind it."""
    key, row_id = _after_params(shape.key)
    if shape.descends:
        return sa.and_(by == key, Service.id < row_id), by < key
    return sa.and_(by == key, Service.id > row_id), by > key


def counted(shape: Shape, parameters: Mapping[str, Any]) -> int:
    """How many services a shape finds, counted no further than one past `COUNTED_TO`."""
    found: int = _count_query(shape).rows(parameters)[0][0]
    return found


@lru_cache(maxsize=128)
def _count_query(shape: Shape) -> HotQuery:
    if shape.search is not None and shape.is_ranked:
        return HotQuery(ranked_count(shape.search, conditions(shape)), plan_once=False)
    counted = bounded_count(sa.select(Service.id).where(*conditions(shape)))
    return HotQuery(counted, plan_once=False)
