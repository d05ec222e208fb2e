"""When whoever is listed is free next, for the rows of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from marketplace.core import many
from marketplace.core.database import is_sqlite
from marketplace.core.hot import HotQuery
from marketplace.schedule.free_spans import FOREVER
from marketplace.schedule.next_slots import Pair, next_slots
from marketplace.services.filters import of_specialist
from marketplace.services.models import Service
from marketplace.services.views import ServiceRow

_SPECIALIST = ServiceRow._fields.index("specialist_id")
_MINUTES = ServiceRow._fields.index("duration_minutes")


class Upcoming(NamedTuple):
    """The next slot of each row, RFC 3339 or None, and until when (microseconds since 1970) all of
    them stay so if nothing is written.
    """

    slots: Sequence[str | None]
    good_through: int


def of_services(rows: Iterable[tuple[Any, ...]], now: datetime) -> Upcoming:
    """The next slots of rows that begin with `list_sources.COLUMNS`. One query."""
    return _of_pairs([(row[_SPECIALIST], row[_MINUTES]) for row in rows], now)


def of_specialists(ids: Sequence[int], now: datetime) -> Upcoming:
    """The next slots of specialists with a listed service, each by their shortest: what a longer
    one fits into, it fits into too. Two queries.
    """
    if not ids:
        return Upcoming([], FOREVER)
    given = {"specialists": many.values(ids)}
    shortest: dict[int, int] = dict(_shortest(is_sqlite()).rows(given))
    # Who has hidden the last service meanwhile offers nothing.
    known = [(each, shortest[each]) for each in ids if each in shortest]
    told = _of_pairs(known, now)
    slots = dict(zip((each for each, _ in known), told.slots, strict=True))
    return Upcoming([slots.get(each) for each in ids], told.good_through)


def _of_pairs(pairs: Sequence[Pair], now: datetime) -> Upcoming:
    found = next_slots(pairs, now)
    good_through = min((each.good_through for each in found.values()), default=FOREVER)
    return Upcoming([found[pair].start for pair in pairs], good_through)


@cache
def _shortest(sqlite: bool) -> HotQuery:
    among = many.among(Service.specialist_id, "specialists", sqlite=sqlite)
    listed = of_specialist(sqlite=sqlite).column("listed")
    query = sa.select(Service.specialist_id, sa.func.min(Service.duration_minutes))
    return HotQuery(query.where(among, listed == sa.true()).group_by(Service.specialist_id))
