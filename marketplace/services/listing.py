"""Lists of services: filters, orderings and keyset pages over one set of columns.

Used by `/api/auth/services/` and, with the specialists' cards joined, by the catalogue. A statement
is built once for each shape of a request and kept compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import read
from marketplace.core.hot import HotQuery, moment_from_key, moment_key, moment_param
from marketplace.core.paging import Page, Position, bounded_count
from marketplace.services import name_search
from marketplace.services.filters import OF_SERVICES, Filter, Steering, Table, Way
from marketplace.services.list_sources import Also, Key, Source
from marketplace.services.models import Service
from marketplace.services.name_search import Plan
from marketplace.services.ranking import (
    RELEVANCE,
    Search,
    SearchShape,
    ranked_count,
    ranked_page,
)

ORDERINGS = ("-created_at", "created_at", "price", "-price", "duration_minutes")

_ID = 0


class Scope(Enum):
    """Whose services a list is about."""

    LISTED = "listed"
    OWN = "own"


@dataclass(frozen=True)
class Shape:
    """All that decides a statement's text."""

    source: Source
    scope: Scope
    filters: tuple[Filter, ...]
    plan: Plan | None
    ordering: str
    follows: bool
    sqlite: bool
    leading: Way | None
    also: Also | None
    search: SearchShape | None

    @property
    def is_ranked(self) -> bool:
        return self.ordering == RELEVANCE

    @property
    def key(self) -> Key:
        return self.source.keys[self.ordering.removeprefix("-")]


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
    ordered: bool = True,
    also: Also | None = None,
    search: Search | None = None,
) -> tuple[Shape, dict[str, Any]]:
    """The shape of a request and the parameters of its filters. Where the order does not matter
    there is nothing to walk along, and whatever way is open leads.
    """
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
    sqlite = read().dialect.name == "sqlite"
    settled = (
        not sqlite
        or plan is Plan.TRIGRAMS
        or owner_id is not None
        or "specialist" in parameters
        or source.begins_elsewhere
        or (search is not None and (ordering == RELEVANCE or search.shape.leads))
    )
    leading = None if settled else table.leading(parameters)
    if leading is None and not settled and not ordered:
        leading = next((way for way in table.ways if way.is_open(parameters)), None)
    scope = Scope.LISTED if owner_id is None else Scope.OWN
    for part in (also, search):
        if part is not None:
            parameters |= part.parameters
    asked = None if search is None else search.shape
    shape = Shape(*(source, scope, used, plan, ordering, follows, sqlite, leading, also, asked))
    return shape, parameters


def key_param(key: Key, value: int) -> Any:
    """A cursor's key as a statement parameter."""
    return moment_param(moment_from_key(value)) if key.is_moment else value


@lru_cache(maxsize=1024)
def _page_query(shape: Shape) -> HotQuery:
    if shape.search is not None and shape.is_ranked:
        asked = conditions(shape)
        ranked = ranked_page(shape.source.select, shape.search, asked, follows=shape.follows)
        return HotQuery(ranked, plan_once=False)
    key = shape.key
    is_plain = not (shape.filters or shape.plan or shape.also or shape.search)
    # What is found by filters may have to be sorted: its keys, not whole rows with their joins.
    first = not is_plain and not shape.source.begins_elsewhere and shape.scope is Scope.LISTED
    query = sa.select(Service.id) if first else shape.source.select
    query = query.where(*conditions(shape))
    descending = shape.ordering.startswith("-")
    if shape.follows:
        here = sa.tuple_(key.expression, Service.id)
        # As wide as a cursor may be: a key beyond the column's type is past every row, no error.
        wide = key.expression.type if key.is_moment else sa.BigInteger()
        there = sa.tuple_(
            sa.bindparam("after_key", type_=wide), sa.bindparam("after_id", type_=sa.Integer)
        )
        query = query.where(here < there if descending else here > there)
    by = key.expression
    order = (by.desc(), Service.id.desc()) if descending else (by, Service.id)
    paged = query.order_by(*order).limit(sa.bindparam("limit", type_=sa.Integer))
    if first:
        found = paged.subquery("page")
        paged = shape.source.select.where(Service.id.in_(sa.select(found.c.id))).order_by(*order)
    return HotQuery(paged, plan_once=is_plain)


def counted(shape: Shape, parameters: Mapping[str, Any]) -> int:
    """How many services a shape finds, counted no further than one past `COUNTED_TO`."""
    found: int = _count_query(shape).rows(parameters)[0][0]
    return found


@lru_cache(maxsize=1024)
def _count_query(shape: Shape) -> HotQuery:
    if shape.search is not None and shape.is_ranked:
        return HotQuery(ranked_count(shape.search, conditions(shape)), plan_once=False)
    counted = bounded_count(sa.select(Service.id).where(*conditions(shape)))
    return HotQuery(counted, plan_once=False)


def conditions(shape: Shape) -> list[Any]:
    """What a shape asks of a service."""
    steered = _steering(shape)
    found: list[Any] = []
    if shape.scope is Scope.OWN:
        found += [Service.specialist_id == sa.bindparam("owner_id"), Service.archived_at.is_(None)]
    else:
        found.append(steered.column("listed") == sa.true())
    found += [each.condition(steered) for each in shape.filters]
    if shape.plan is not None:
        found += name_search.conditions(shape.plan)
    if shape.also is not None:
        found.append(shape.also.condition)
    if shape.search is not None and not shape.is_ranked:
        found.append(shape.search.condition())
    return found


def _steering(shape: Shape) -> Steering:
    """SQLite keeps no statistics, guesses that a range on the price is narrow, and then sorts
    thousands of rows for a page of twenty. What stays to it is the index of a search or of trigrams
    when it has few matches, a specialist's own index, that of a way with few, else the ordering's,
    behind the columns that are known to be equal. PostgreSQL is left alone.
    """
    names = {each.name for each in shape.filters}
    searched = shape.search is not None and (shape.is_ranked or shape.search.leads)
    if shape.plan is Plan.TRIGRAMS or searched:
        usable = set()
    elif "specialist" in names or shape.scope is Scope.OWN or shape.source.begins_elsewhere:
        usable = {"specialist_id"}
    elif shape.leading is not None:
        usable = set(shape.leading.usable)
    else:
        usable = {"listed", shape.key.column, *_equal(names, shape.key.column)}
    return Steering(shape.sqlite, frozenset(usable), shape.leading)


def _equal(names: set[str], ordered_by: str) -> tuple[str, ...]:
    """The columns of one index that stand before the ordering's."""
    if ordered_by == "created_at" and {"city", "category_id"} <= names:
        return ("city_folded", "category_id")
    if ordered_by in ("created_at", "price"):
        for name, column in (("city", "city_folded"), ("category_id", "category_id")):
            if name in names:
                return (column,)
    return ("duration_minutes",) if "duration_minutes" in names else ()
