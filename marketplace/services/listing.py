"""Lists of services: filters, orderings and keyset pages over one set of columns.

Used by `/api/auth/services/` and, with the specialists' cards joined, by the catalogue. A statement
is built once for each shape of a request and kept compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import read
from marketplace.core.hot import HotQuery, moment_from_key, moment_key, moment_param
from marketplace.core.money import to_kopecks
from marketplace.core.paging import Position
from marketplace.services import name_search, price_range
from marketplace.services.models import Category, Service
from marketplace.services.name_search import Plan

ORDERINGS = ("-created_at", "created_at", "price", "-price", "duration_minutes")
_PRICE = sa.type_coerce(Service.price, sa.BigInteger)
_KEYS: dict[str, Any] = {
    "created_at": Service.created_at,
    "price": _PRICE,
    "duration_minutes": Service.duration_minutes,
}

# In the order of `views.ServiceRow`.
COLUMNS: tuple[Any, ...] = (
    Service.id,
    Service.name,
    Service.description,
    _PRICE.label("kopecks"),
    Service.duration_minutes,
    Service.specialist_id,
    Category.slug.label("category"),
    Service.visible,
    Service.created_at,
    Service.updated_at,
    Service.version,
)
_ID = 0
_KEY_COLUMNS = {"created_at": 8, "price": 3, "duration_minutes": 4}


class Scope(Enum):
    """Whose services a list is about."""

    LISTED = "listed"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of services is narrowed by; None means not."""

    name: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    duration_minutes: int | None = None
    specialist: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Filters:
        """The filters of a loaded `ServicesQuery`."""
        return cls(
            name=query.get("name"),
            min_price=query.get("min_price"),
            max_price=query.get("max_price"),
            duration_minutes=query.get("duration_minutes"),
            specialist=query.get("specialist"),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page (`COLUMNS`, then the source's own), where the next page begins, and the
    total when it was asked for.
    """

    rows: list[tuple[Any, ...]]
    next: Position | None
    total: int | None


@dataclass(frozen=True)
class _Shape:
    """All that decides a statement's text."""

    source: sa.Select[Any]
    scope: Scope
    filters: frozenset[str]
    plan: Plan | None
    ordering: str
    follows: bool
    sqlite: bool
    narrow_price: bool


def services_page(
    source: sa.Select[Any],
    filters: Filters,
    *,
    owner_id: int | None = None,
    ordering: str,
    after: Position | None,
    limit: int,
    count: bool,
) -> Page:
    """A page of the listed services, or with `owner_id` of that specialist's own, hidden ones too
    and archived ones not. `source` selects `COLUMNS` first, from `Service`.
    """
    parameters = _parameters(filters)
    plan = None
    if filters.name is not None:
        plan, search = name_search.plan(filters.name)
        parameters |= search
    names = frozenset(parameters) - {"match"}
    scope = Scope.LISTED if owner_id is None else Scope.OWN
    if owner_id is not None:
        parameters["owner_id"] = owner_id
    sqlite = read().dialect.name == "sqlite"
    narrow = sqlite and plan is not Plan.TRIGRAMS and price_range.is_narrow(parameters)
    shape = _Shape(source, scope, names, plan, ordering, after is not None, sqlite, narrow)
    paged = dict(parameters, limit=limit + 1)
    if after is not None:
        paged |= {"after_key": _key_param(ordering, after.key), "after_id": after.row_id}
    rows = _page_query(shape).rows(paged)
    total = _count_query(shape).rows(parameters)[0][0] if count else None
    if len(rows) <= limit:
        return Page(rows, None, total)
    last = rows[limit - 1]
    key = moment_key(last[_KEY_COLUMNS[ordering.removeprefix("-")]])
    return Page(rows[:limit], Position(key, last[_ID]), total)


def _parameters(filters: Filters) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if filters.specialist is not None:
        found["specialist"] = filters.specialist
    if filters.min_price is not None:
        found["min_price"] = to_kopecks(filters.min_price)
    if filters.max_price is not None:
        found["max_price"] = to_kopecks(filters.max_price)
    if filters.duration_minutes is not None:
        found["duration"] = filters.duration_minutes
    return found


def _key_param(ordering: str, key: int) -> Any:
    if ordering.removeprefix("-") == "created_at":
        return moment_param(moment_from_key(key))
    return key


@lru_cache(maxsize=512)
def _page_query(shape: _Shape) -> HotQuery:
    key = _KEYS[shape.ordering.removeprefix("-")]
    descending = shape.ordering.startswith("-")
    query = shape.source.where(*_conditions(shape))
    if shape.follows:
        here = sa.tuple_(key, Service.id)
        # As wide as a cursor may be: a key beyond the column's type is past every row, no error.
        wide = key.type if shape.ordering.endswith("created_at") else sa.BigInteger()
        there = sa.tuple_(
            sa.bindparam("after_key", type_=wide), sa.bindparam("after_id", type_=sa.Integer)
        )
        query = query.where(here < there if descending else here > there)
    order = (key.desc(), Service.id.desc()) if descending else (key, Service.id)
    paged = query.order_by(*order).limit(sa.bindparam("limit", type_=sa.Integer))
    return HotQuery(paged, plan_once=not shape.filters and shape.plan is None)


@lru_cache(maxsize=512)
def _count_query(shape: _Shape) -> HotQuery:
    counted = sa.select(sa.func.count()).select_from(Service).where(*_conditions(shape))
    return HotQuery(counted, plan_once=False)


def _conditions(shape: _Shape) -> list[Any]:
    steered = _Steering(shape)
    found: list[Any] = []
    if shape.scope is Scope.OWN:
        found += [Service.specialist_id == sa.bindparam("owner_id"), Service.archived_at.is_(None)]
    else:
        found.append(steered.column("listed") == sa.true())
    if "specialist" in shape.filters:
        found.append(steered.column("specialist_id") == sa.bindparam("specialist"))
    if "min_price" in shape.filters:
        found.append(steered.column("price") >= sa.bindparam("min_price", type_=sa.BigInteger))
    if "max_price" in shape.filters:
        found.append(steered.column("price") <= sa.bindparam("max_price", type_=sa.BigInteger))
    if "duration" in shape.filters:
        found.append(steered.column("duration_minutes") == sa.bindparam("duration"))
    if shape.plan is not None:
        found += name_search.conditions(shape.plan)
    return found


class _Steering:
    """Which columns SQLite's planner may use an index for.

    It keeps no statistics, guesses that a range on the price is narrow, and then sorts thousands of
    rows for a page of twenty. A unary plus takes a column out of its choice; what stays is the
    trigram index when it has few matches, a specialist's own index, the price's when the range is
    known to be narrow, else the ordering's.
    PostgreSQL decides by its statistics and is left alone.
    """

    def __init__(self, shape: _Shape) -> None:
        self._sqlite = shape.sqlite
        if shape.plan is Plan.TRIGRAMS:
            self._usable = set()
        elif "specialist" in shape.filters or shape.scope is Scope.OWN:
            self._usable = {"specialist_id"}
        elif shape.narrow_price:
            self._usable = {"listed", "price"}
        else:
            self._usable = {"listed", "duration_minutes", shape.ordering.removeprefix("-")}

    def column(self, name: str) -> Any:
        if self._sqlite and name not in self._usable:
            type_ = sa.BigInteger() if name == "price" else Service.__table__.c[name].type
            return sa.literal_column(f"+services.{name}", type_)
        return _PRICE if name == "price" else getattr(Service, name)
