"""How many services of a list fall into each category, city and band of prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue import near
from marketplace.catalogue.filters import NEAREST, OF_CATALOGUE
from marketplace.core import many
from marketplace.core.database import is_sqlite, read
from marketplace.core.hot import HotQuery
from marketplace.core.money import MAX_KOPECKS
from marketplace.profile.models import Profile
from marketplace.services.filters import PRICE
from marketplace.services.list_shape import Shape, conditions
from marketplace.services.list_sources import KEYS, Also, Source
from marketplace.services.listing import shaped
from marketplace.services.models import Category, Service
from marketplace.services.ranking import Search

# Counting looks at so many services, the newest; beyond, the counts are of these. Whether there is
# free time is asked of each.
CANDIDATES, CANDIDATES_FREE = 3_000, 1_000
TOP = 50
# Where a band of prices begins, in kopecks.
BANDS = (0, 100_000, 200_000, 500_000, 1_000_000)
_SOURCE = Source(sa.select(Service.id), KEYS)


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts by slug, by city as most people write it, by where a band begins."""

    categories: list[tuple[str, int]]
    cities: list[tuple[str, int]]
    price_bands: list[tuple[int, int, int]]
    approximate: bool


def facets_of(
    given: Mapping[str, Any], also: Also | None = None, search: Search | None = None
) -> Facets:
    """The facets of the listed services under these filters."""
    if search is not None and search.is_empty:
        return Facets([], [], [], approximate=False)
    asked = _narrowed(given, also, search)
    table = OF_CATALOGUE if asked is given else NEAREST
    shape, parameters = shaped(_SOURCE, asked, table=table, also=also, search=search)
    rows = _query(shape).rows(parameters)
    parents = _slugs()
    categories: Counter[str] = Counter()
    cities: Counter[str] = Counter()
    bands: Counter[int] = Counter()
    total = 0
    for category_id, folded, band, meets, count in rows:
        total += count
        if not meets:
            continue
        for slug in parents.get(category_id, ()):
            categories[slug] += count
        if folded:
            cities[folded] += count
        bands[int(band)] += count
    top_cities = _top(cities)
    names = _names([folded for folded, _ in top_cities])
    ends = [*(begin - 1 for begin in BANDS[1:]), MAX_KOPECKS]
    return Facets(
        _top(categories),
        # Whoever wrote it may have moved in this moment.
        [(names.get(folded, folded), count) for folded, count in top_cities],
        [
            (begin, end, bands[begin])
            for begin, end in zip(BANDS, ends, strict=True)
            if bands[begin]
        ],
        total > _most(shape) or asked is not given,
    )


def _narrowed(
    given: Mapping[str, Any], also: Also | None, search: Search | None
) -> Mapping[str, Any]:
    """The same filters, or with the circle that an ordering by distance begins with: the newest of
    all who are within a wide one are found only by looking at all of them.
    """
    circle = given.get("near")
    smaller = None if circle is None else near.narrowed(circle)
    if smaller == circle:
        return given
    shape, _ = shaped(_SOURCE, given, table=OF_CATALOGUE, also=also, search=search)
    if shape.leading is not None or shape.begins:
        return given
    shape, parameters = shaped(_SOURCE, given, table=NEAREST, also=also, search=search)
    count = _crowd_query(shape).rows(parameters)[0][0]
    return given if count <= _most(shape) else {**given, "near": smaller}


@lru_cache(maxsize=64)
def _crowd_query(shape: Shape) -> HotQuery:
    found = sa.select(Service.id).where(*conditions(shape, but_also=True))
    some = found.limit(sa.literal_column(str(_most(shape) + 1))).subquery()
    return HotQuery(sa.select(sa.func.count()).select_from(some), plan_once=False)


def _top(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:TOP]


def _slugs() -> dict[int, tuple[str, ...]]:
    """The slugs a category's services count under: its own and its parent's."""
    parent = sa.orm.aliased(Category)
    query = sa.select(Category.id, Category.slug, parent.slug).outerjoin(
        parent, parent.id == Category.parent_id
    )
    return {
        key: (slug,) if above is None else (slug, above)
        for key, slug, above in read().execute(query)
    }


def _most(shape: Shape) -> int:
    return CANDIDATES if shape.also is None else CANDIDATES_FREE


@lru_cache(maxsize=64)
def _query(shape: Shape) -> HotQuery:
    band = sa.case(
        *((begin <= PRICE, sa.literal_column(str(begin))) for begin in reversed(BANDS[1:])),
        else_=sa.literal_column("0"),
    )
    one: Any = sa.literal_column("1")
    none: Any = sa.literal_column("0")
    meets: Any = one if shape.also is None else sa.case((shape.also.condition, one), else_=none)
    meets = meets.label("meets")
    some = (
        sa.select(Service.category_id, Service.city_folded, band.label("band"), meets)
        .where(*conditions(shape, but_also=True))
        .order_by(Service.created_at.desc(), Service.id.desc())
        .limit(sa.literal_column(str(_most(shape) + 1)))
        .subquery()
    )
    grouped = (some.c.category_id, some.c.city_folded, some.c.band, some.c.meets)
    return HotQuery(sa.select(*grouped, sa.func.count()).group_by(*grouped), plan_once=False)


@cache
def _names_query(sqlite: bool) -> HotQuery:
    among = many.among(Profile.city_folded, "cities", sa.Text, sqlite=sqlite)
    query = sa.select(Profile.city_folded, Profile.city, sa.func.count()).where(among)
    return HotQuery(query.group_by(Profile.city_folded, Profile.city), plan_once=False)


def _names(folded: list[str]) -> dict[str, str]:
    """Cities as people write them, by their folded form."""
    if not folded:
        return {}
    rows = _names_query(is_sqlite()).rows({"cities": many.values(folded)})
    found: dict[str, str] = {}
    # As most people write it.
    for city, name, _ in sorted(rows, key=lambda row: (-row[2], row[1])):
        found.setdefault(city, name)
    return found
