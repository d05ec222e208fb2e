"""The specialists' directory: those with at least one listed service, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue import near, soonest
from marketplace.catalogue.orderings import DISTANCE, NEXT_SLOT
from marketplace.core import many, text
from marketplace.core.database import is_sqlite
from marketplace.core.hot import HotQuery, moment_from_key, moment_key, moment_param
from marketplace.core.paging import Page, Position, bounded_count
from marketplace.profile.models import Profile
from marketplace.schedule.free_time import asked_at
from marketplace.services.filters import bound, of_specialist

_DISTANCE = near.metres_to(near.columns_of(Profile))
# In the order of `views.SpecialistRow`.
_COLUMNS: tuple[Any, ...] = (
    Profile.user_id,
    Profile.full_name,
    Profile.avatar,
    Profile.city,
    Profile.experience_years,
    Profile.public_latitude,
    Profile.public_longitude,
    Profile.full_name_folded,
    Profile.created_at,
    Profile.version,
)


@dataclass(frozen=True)
class _Shape:
    filters: frozenset[str]
    ordering: str
    follows: bool
    sqlite: bool


def directory_page(
    given: Mapping[str, Any],
    now: datetime,
    *,
    ordering: str,
    after: Position | None,
    limit: int,
    count: bool,
) -> Page[tuple[Any, ...]]:
    """A page of specialists. `given` are filters by name, the category made ready."""
    named = frozenset(name for name in _CONDITIONS if given.get(name) is not None)
    shape = _Shape(named, ordering, after is not None, is_sqlite())
    parameters = _parameters(given)
    if ordering == DISTANCE:
        page = near.nearest(
            given["near"],
            after,
            lambda circle: _page(shape, {**parameters, **circle.parameters()}, now, after, limit),
        )
    else:
        page = _page(shape, parameters, now, after, limit)
    if not count:
        return page
    total: int = _count(named, shape.sqlite).rows(parameters)[0][0]
    return replace(page, total=min(total, soonest.CANDIDATES) if ordering == NEXT_SLOT else total)


def _page(
    shape: _Shape,
    parameters: Mapping[str, Any],
    now: datetime,
    after: Position | None,
    limit: int,
) -> Page[tuple[Any, ...]]:
    ordering = shape.ordering
    paged = dict(parameters, limit=limit + 1)
    if ordering == NEXT_SLOT:
        paged |= asked_at(now)
    if after is not None:
        key = after.key
        is_moment = ordering == "-created_at"
        paged |= {"after_key": moment_param(moment_from_key(int(key))) if is_moment else key}
        paged["after_id"] = after.row_id
    rows = _query(shape).rows(paged)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        at = {"-created_at": 8, "name": 7, "distance": 10, NEXT_SLOT: -1}[ordering]
        key = last[at] if ordering == "name" else moment_key(last[at])
        following = Position(key, last[0])
    shown = rows[:limit]
    return Page([row[:-1] for row in shown] if ordering == NEXT_SLOT else shown, following, None)


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.get("q") is not None:
        found["part"] = text.sort_form(given["q"])
        if not is_sqlite():
            found["part"] = text.like_pattern(found["part"])
    if given.get("city") is not None:
        found["city"] = text.caseless(given["city"])
    if given.get("category_ids") is not None:
        found["category_ids"] = many.values(given["category_ids"])
    if given.get("min_experience") is not None:
        found["min_experience"] = given["min_experience"]
    if given.get("near") is not None:
        found |= given["near"].parameters()
    return found


def _named(sqlite: bool) -> Any:
    part = bound("part", sa.Text)
    if sqlite:
        return sa.func.instr(Profile.full_name_folded, part) > 0
    return Profile.full_name_folded.like(part, escape="\\")


def _category(sqlite: bool) -> Any:
    category = of_specialist(sqlite=sqlite).column("category_id")
    return near.offers(sqlite).where(many.among(category, "category_ids", sqlite=sqlite))


# One line a filter.
_CONDITIONS: dict[str, Any] = {
    "q": _named,
    "city": lambda _: Profile.city_folded == bound("city", sa.Text),
    "category_ids": _category,
    "min_experience": lambda _: Profile.experience_years >= bound("min_experience"),
    "near": lambda _: near.in_circle(near.columns_of(Profile)),
    # Nobody has a rating before there are reviews.
    "min_rating": lambda _: sa.false(),
}


def _conditions(names: frozenset[str], sqlite: bool) -> list[Any]:
    return [near.offers(sqlite), *(_CONDITIONS[name](sqlite) for name in sorted(names))]


@lru_cache(maxsize=128)
def _query(shape: _Shape) -> HotQuery:
    more = (_DISTANCE.label("metres"),) if "near" in shape.filters else ()
    if shape.ordering == NEXT_SLOT:
        columns, asked = (*_COLUMNS, *more), _conditions(shape.filters, shape.sqlite)
        return soonest.specialists_query(columns, asked, sqlite=shape.sqlite, follows=shape.follows)
    keys: dict[str, Any] = {
        "-created_at": Profile.created_at,
        "name": Profile.full_name_folded,
        "distance": _DISTANCE,
    }
    key = keys[shape.ordering]
    query = sa.select(*_COLUMNS, *more).where(*_conditions(shape.filters, shape.sqlite))
    descending = shape.ordering.startswith("-")
    if shape.follows:
        wide = sa.BigInteger() if shape.ordering == "distance" else key.type
        here = sa.tuple_(key, Profile.user_id)
        there = sa.tuple_(bound("after_key", wide), bound("after_id", sa.Integer))
        query = query.where(here < there if descending else here > there)
    order = (key.desc(), Profile.user_id.desc()) if descending else (key, Profile.user_id)
    return HotQuery(query.order_by(*order).limit(bound("limit", sa.Integer)), plan_once=False)


@lru_cache(maxsize=64)
def _count(names: frozenset[str], sqlite: bool) -> HotQuery:
    found = sa.select(Profile.user_id).where(*_conditions(names, sqlite))
    return HotQuery(bounded_count(found), plan_once=False)
