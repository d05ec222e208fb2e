"""Reads of the catalogue: services with their specialists' cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue import near, soonest
from marketplace.catalogue.filters import OF_CATALOGUE
from marketplace.catalogue.near import Near
from marketplace.catalogue.orderings import DISTANCE, NEXT_SLOT
from marketplace.catalogue.search import SearchPlan, plan, ways
from marketplace.catalogue.search_cost import plan_through
from marketplace.core.errors import invalid
from marketplace.core.hot import HotQuery
from marketplace.core.paging import Page, Position
from marketplace.core.permissions import Viewer
from marketplace.profile.models import Profile
from marketplace.schedule.free_spans import FOREVER
from marketplace.schedule.free_time import Window, asked_at
from marketplace.schedule.free_windows import maybe_free
from marketplace.services.list_sources import COLUMNS, KEYS, Also, Key, Source
from marketplace.services.listing import counted, services_page, shaped
from marketplace.services.models import Category, Service
from marketplace.services.queries import one_for, seen_by

# In the order of `views.CardRow`.
_CARD = (Profile.full_name, Profile.avatar, Profile.city, Profile.version)


def _catalogue(*more: Any, begin: Any = Service) -> sa.Select[Any]:
    joined = sa.join(begin, Profile, Profile.user_id == Service.specialist_id)
    return (
        sa.select(*COLUMNS, *_CARD, *more)
        .select_from(joined)
        .outerjoin(Category, Category.id == Service.category_id)
    )


_CATALOGUE = _catalogue()
_ONE = one_for(_catalogue(Service.archived_at.is_(None)))
# Nobody has a rating before there are reviews: equals in the order of the newest.
_KEYS = {**KEYS, "rating": KEYS["created_at"]}
_PLAIN = Source(_CATALOGUE, _KEYS)
# The distance is a row's last column.
_METRES = near.metres_to(near.columns_of(Profile))
_WITH_DISTANCE = Source(_catalogue(_METRES.label("metres")), _KEYS)


def _by_distance(*more: sa.ColumnElement[bool]) -> Source:
    # Counted once a specialist, not once a service.
    nearby = (
        sa.select(Profile.user_id, _METRES.label("metres"))
        .where(near.in_circle(near.columns_of(Profile)), *more)
        .cte("nearby")
        .prefix_with("MATERIALIZED")
    )
    begin = sa.join(nearby, Service, Service.specialist_id == nearby.c.user_id)
    select = _catalogue(nearby.c.metres, begin=begin)
    key = Key(nearby.c.metres, len(select.selected_columns) - 1)
    return Source(select, {DISTANCE: key}, begins_elsewhere=True)


_BY_DISTANCE = _by_distance()
# Whoever is nearer than where the page begins need not be met again.
_FARTHER = _by_distance(sa.bindparam("after_key", type_=sa.BigInteger) <= _METRES)

_CATEGORY = HotQuery(
    sa.select(Category.id)
    .where(Category.slug == sa.bindparam("slug"))
    .union_all(
        sa.select(Category.id).where(
            Category.parent_id.in_(
                sa.select(Category.id).where(Category.slug == sa.bindparam("slug"))
            )
        )
    )
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request's filters made ready."""

    given: Mapping[str, Any]
    free: Window | None = None
    search: SearchPlan | None = None

    def good_through(self, now: datetime) -> int:
        """Until when the same services meet what is asked, if nothing is written, in microseconds
        since 1970; 0 when time alone changes that.
        """
        if self.free is not None:
            return 0
        return FOREVER if self.search is None else plan_through(now)

    def also(self) -> Also | None:
        """What is asked of services beside the table of filters: free time in the window."""
        if self.free is None:
            return None
        condition = self.free.condition(Service.specialist_id, Service.duration_minutes)
        few = partial(maybe_free, self.free)
        return Also(self.free.shape, condition, self.free.parameters, few)


def ways_of(query: Mapping[str, Any]) -> Collection[str]:
    """The ways in which the list of a loaded query may be made, as cursors name them."""
    question = query.get("q")
    return () if question is None else ways(question)


def wanted(
    query: Mapping[str, Any], *, free: Window | None, after: Position | None = None
) -> Wanted:
    """What a loaded query asks for, a search in the way that the page before `after` was made in.
    Raises 422 naming `category`.
    """
    given = dict(query)
    if query.get("category") is not None:
        given |= category_filter(query["category"])
    question = query.get("q")
    way = "" if after is None else after.way
    return Wanted(given, free, None if question is None else plan(question, way))


def directory_filters(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """The filters of a loaded query of the directory. Raises 422 naming `category`."""
    given = dict(query)
    if query.get("category") is not None:
        given["category_ids"] = category_ids(query["category"])
    return given


def category_filter(slug: str) -> dict[str, Any]:
    """The filter of services for a category with its sub-categories. Raises 422."""
    ids = category_ids(slug)
    return {"category_id": ids[0]} if len(ids) == 1 else {"branch": tuple(ids)}


def category_ids(slug: str) -> list[int]:
    """A category and its sub-categories. Raises 422."""
    ids = [row[0] for row in _CATEGORY.rows({"slug": slug})]
    if not ids:
        raise invalid("category", "category_unknown")
    return ids


def catalogue_page(
    asked: Wanted,
    now: datetime,
    *,
    ordering: str,
    after: Position | None,
    limit: int,
    count: bool,
) -> Page[tuple[Any, ...]]:
    """A page of all listed services."""
    source = _PLAIN if asked.given.get("near") is None else _WITH_DISTANCE
    if ordering == NEXT_SLOT:
        page = _soonest_page(source, asked, now, after=after, limit=limit, count=count)
    elif ordering == DISTANCE:
        page = _nearest_page(asked, after=after, limit=limit, count=count)
    else:
        page = services_page(
            source,
            asked.given,
            table=OF_CATALOGUE,
            ordering=ordering,
            after=after,
            limit=limit,
            count=count,
            also=asked.also(),
            search=asked.search,
        )
    if page.next is None or asked.search is None:
        return page
    return replace(page, next=replace(page.next, way=asked.search.way))


def _nearest_page(
    asked: Wanted, *, after: Position | None, limit: int, count: bool
) -> Page[tuple[Any, ...]]:
    also, search = asked.also(), asked.search

    def page_in(circle: Near) -> Page[tuple[Any, ...]]:
        return services_page(
            _BY_DISTANCE if after is None else _FARTHER,
            {**asked.given, "near": circle},
            table=OF_CATALOGUE,
            ordering=DISTANCE,
            after=after,
            limit=limit,
            count=False,
            also=also,
            search=search,
        )

    page = near.nearest(asked.given["near"], after, page_in)
    if not count:
        return page
    if search is not None and search.is_empty:
        return replace(page, total=0)
    total = counted(*shaped(_PLAIN, asked.given, table=OF_CATALOGUE, also=also, search=search))
    return replace(page, total=total)


def _soonest_page(
    source: Source,
    asked: Wanted,
    now: datetime,
    *,
    after: Position | None,
    limit: int,
    count: bool,
) -> Page[tuple[Any, ...]]:
    if asked.search is not None and asked.search.is_empty:
        return Page([], None, 0 if count else None)
    shape, parameters = shaped(
        source, asked.given, table=OF_CATALOGUE, also=asked.also(), search=asked.search
    )
    paged = {**parameters, **asked_at(now), "limit": limit + 1}
    if after is not None:
        paged |= {"after_key": after.key, "after_id": after.row_id}
    rows = soonest.services_query(shape, follows=after is not None).rows(paged)
    following = None
    if len(rows) > limit:
        following = Position(rows[limit - 1][-1], rows[limit - 1][0])
    total = min(counted(shape, parameters), soonest.CANDIDATES) if count else None
    return Page([row[:-1] for row in rows[:limit]], following, total)


def services_of(specialist_id: int, limit: int) -> Sequence[tuple[Any, ...]]:
    """A specialist's newest listed services."""
    given = {"specialist": specialist_id}
    page = services_page(
        _PLAIN, given, ordering="-created_at", after=None, limit=limit, count=False
    )
    return page.rows


def catalogue_service(viewer: Viewer | None, service_id: int) -> tuple[tuple[Any, ...], bool]:
    """A listed service, or any of the viewer's own, and whether it has slots: what is archived has
    none. Raises 404.
    """
    *row, offered = seen_by(viewer, _ONE, service_id)
    return tuple(row), bool(offered)
