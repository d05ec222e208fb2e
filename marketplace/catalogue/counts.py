"""Counts of the whole catalogue: cities in use, services by category.

They look at every listed service, so they are made anew every half a minute in each process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from marketplace.catalogue.near import offers
from marketplace.core.database import is_sqlite, read
from marketplace.core.paging import Position
from marketplace.profile.models import Profile
from marketplace.services.models import Service

SECONDS = 30


class City(NamedTuple):
    """A city as most people write it; `first` is the id of the earliest of its specialists."""

    first: int
    name: str
    specialists: int


def cities_page(after: Position | None, limit: int) -> tuple[list[City], Position | None, int]:
    """A page of cities, those with the most specialists first; where the next one begins; how many
    there are in all.
    """
    every = _cities(read().engine, _period())
    start = 0
    if after is not None:
        here = (-after.key, after.row_id)
        start = sum((-city.specialists, city.first) <= here for city in every)
    page = every[start : start + limit]
    more = start + limit < len(every)
    following = Position(page[-1].specialists, page[-1].first) if more else None
    return list(page), following, len(every)


def services_by_category() -> dict[int, int]:
    """Listed services by the id of their own category."""
    return _by_category(read().engine, _period())


def forget() -> None:
    """Count anew with the next question."""
    _cities.cache_clear()
    _by_category.cache_clear()


def _period() -> int:
    return int(time.monotonic()) // SECONDS


@lru_cache(maxsize=4)
def _cities(_engine: sa.Engine, _when: int) -> tuple[City, ...]:
    query = (
        sa.select(Profile.city_folded, Profile.city, sa.func.min(Profile.user_id), sa.func.count())
        .where(Profile.city_folded != "", offers(is_sqlite()))
        .group_by(Profile.city_folded, Profile.city)
    )
    spellings: dict[str, list[City]] = {}
    for folded, name, first, specialists in read().execute(query):
        spellings.setdefault(folded, []).append(City(first, name, specialists))
    found = map(_whole, spellings.values())
    return tuple(sorted(found, key=lambda city: (-city.specialists, city.first)))


def _whole(spellings: Sequence[City]) -> City:
    """A city of all its spellings, written as most write it."""
    usual = min(spellings, key=lambda each: (-each.specialists, each.name))
    return City(
        min(each.first for each in spellings),
        usual.name,
        sum(each.specialists for each in spellings),
    )


@lru_cache(maxsize=4)
def _by_category(_engine: sa.Engine, _when: int) -> dict[int, int]:
    query = (
        sa.select(Service.category_id, sa.func.count())
        .where(Service.listed == sa.true(), Service.category_id.is_not(None))
        .group_by(Service.category_id)
    )
    return {key: count for key, count in read().execute(query) if key is not None}
