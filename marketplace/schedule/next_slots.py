"""The next start a specialist offers, read from the rows of free time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from marketplace.core import many
from marketplace.core.database import is_sqlite
from marketplace.core.hot import HotQuery, moment_key
from marketplace.profile.models import Profile
from marketplace.schedule.free_spans import FOREVER, MICROSECONDS
from marketplace.schedule.free_time import ASKED, NOW, RUN, asked_at, first_from, fits, valid
from marketplace.schedule.localtime import zone
from marketplace.schedule.models import FreeSpan

MAX_PAIRS = 100
# A service of a specialist: the specialist and the minutes it takes.
Pair = tuple[int, int]
_PAIR = {"specialist_id": sa.Integer, "minutes": sa.Integer}

# Later than any start, in seconds.
NEVER = FOREVER // MICROSECONDS


class NextSlot(NamedTuple):
    """An offered start, RFC 3339 in the specialist's zone, or None. `good_through` (microseconds
    since 1970, itself included) is until when this stays true if nothing is written.
    """

    start: str | None
    good_through: int


def next_slots(pairs: Collection[Pair], now: datetime) -> Mapping[Pair, NextSlot]:
    """The next offered start of each of at most `MAX_PAIRS` pairs. One query."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    if len(wanted) > MAX_PAIRS:
        raise ValueError(f"more than {MAX_PAIRS} at once")
    given = {**asked_at(now), **many.rows("pairs", _PAIR, wanted)}
    found = dict.fromkeys(wanted, NextSlot(None, moment_key(now)))
    for specialist_id, minutes, timezone, start, good_through in _query(is_sqlite()).rows(given):
        told = None if start is None else _wire(timezone, start)
        found[specialist_id, minutes] = NextSlot(told, good_through)
    return found


@lru_cache(maxsize=8_192)
def _wire(timezone: str, start: int) -> str:
    # Next slots are few: those of the coming days, on the grid, in a handful of zones.
    return zone(timezone).wire(start)


def next_start(specialist_id: Any, minutes: Any, asking: Any) -> Any:
    """The next offered start (seconds since 1970) or NULL, as a scalar in a statement that selects
    from `asking`, whose columns the first two are. Its parameters are `free_time.asked_at`.
    """
    start = first_from(NOW + FreeSpan.notice)
    # Rows that are valid at one time lie apart, so the first that fits has the first start.
    return (
        sa.select(start)
        .where(*valid(specialist_id), FreeSpan.first_start > NOW - RUN, *fits(start, minutes))
        .order_by(FreeSpan.first_start)
        .limit(sa.literal_column("1"))
        .correlate(asking)
        .scalar_subquery()
    )


def _good_through(specialist_id: Any, start: Any, asking: Any) -> Any:
    """Until when a start is the next: it comes too near, or a row up to it begins or ends to hold.
    Rows past it do not matter; when there is none, all do.
    """
    near = sa.func.coalesce(start, sa.literal_column(str(NEVER), sa.BigInteger))
    too_near = (near - FreeSpan.notice) * sa.literal_column(str(MICROSECONDS), sa.BigInteger)
    changes = sa.case(
        (FreeSpan.valid_from > ASKED, FreeSpan.valid_from - 1),
        (FreeSpan.valid_until > ASKED, FreeSpan.valid_until - 1),
        else_=sa.literal_column(str(FOREVER), sa.BigInteger),
    )
    first = sa.func.min(sa.case((changes < too_near, changes), else_=too_near))
    of_rows = (
        sa.select(first)
        .where(
            FreeSpan.specialist_id == specialist_id,
            FreeSpan.first_start > NOW - RUN,
            FreeSpan.first_start <= near,
        )
        .correlate(asking)
        .scalar_subquery()
    )
    return sa.func.coalesce(of_rows, sa.literal_column(str(FOREVER), sa.BigInteger))


@cache
def _query(sqlite: bool) -> HotQuery:
    pairs = many.table("pairs", _PAIR, sqlite=sqlite)
    nexts = (
        sa.select(
            pairs.c.specialist_id,
            pairs.c.minutes,
            Profile.timezone,
            next_start(pairs.c.specialist_id, pairs.c.minutes, pairs).label("start"),
        )
        .join(Profile, Profile.user_id == pairs.c.specialist_id)
        .cte("nexts")
        .prefix_with("MATERIALIZED")
    )
    good = _good_through(nexts.c.specialist_id, nexts.c.start, nexts)
    return HotQuery(sa.select(*nexts.c, good))
