"""How many services of a list fall into each category, city and band of prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue.filters import OF_CATALOGUE
from marketplace.core.database import read
from marketplace.core.hot import HotQuery
from marketplace.core.money import MAX_KOPECKS
from marketplace.profile.models import Profile
from marketplace.services.filters import PRICE
from marketplace.services.list_sources import KEYS, Also, Source
from marketplace.services.listing import Shape, conditions, shaped
from marketplace.services.models import Category, Service
from marketplace.services.ranking import Search

# Counting looks at so many services; beyond, the counts are of some of them.
CANDIDATES = 10_000
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
    shape, parameters = shaped(
        _SOURCE, given, table=OF_CATALOGUE, ordered=False, also=also, search=search
    )
    rows = _query(shape).rows(parameters)
    parents = _slugs()
    categories: Counter[str] = Counter()
    cities: Counter[str] = Counter()
    bands: Counter[int] = Counter()
    spellings: dict[str, Counter[str]] = {}
    total = 0
    for category_id, folded, name, band, count in rows:
        total += count
        for slug in parents.get(category_id, ()):
            categories[slug] += count
        if folded:
            cities[folded] += count
            spellings.setdefault(folded, Counter())[name] += count
        bands[int(band)] += count
    ends = [*(begin - 1 for begin in BANDS[1:]), MAX_KOPECKS]
    return Facets(
        _top(categories),
        [(_top(spellings[folded])[0][0], count) for folded, count in _top(cities)],
        [
            (begin, end, bands[begin])
            for begin, end in zip(BANDS, ends, strict=True)
            if bands[begin]
        ],
        total > CANDIDATES,
    )


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


@lru_cache(maxsize=512)
def _query(shape: Shape) -> HotQuery:
    band = sa.case(
        *((begin <= PRICE, sa.literal_column(str(begin))) for begin in reversed(BANDS[1:])),
        else_=sa.literal_column("0"),
    )
    some = (
        sa.select(Service.category_id, Service.specialist_id, band.label("band"))
        .where(*conditions(shape))
        .limit(sa.literal_column(str(CANDIDATES + 1)))
        .subquery()
    )
    grouped = (some.c.category_id, Profile.city_folded, Profile.city, some.c.band)
    query = (
        sa.select(
            some.c.category_id,
            Profile.city_folded,
            Profile.city,
            some.c.band,
            sa.func.count(),
        )
        .join(Profile, Profile.user_id == some.c.specialist_id)
        .group_by(*grouped)
    )
    return HotQuery(query, plan_once=False)
