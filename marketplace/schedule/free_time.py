"""Who is free, read from the rows of free time: exactly what the one rule offers."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from marketplace.core.database import read
from marketplace.core.hot import HotQuery, moment_key
from marketplace.profile.models import Profile
from marketplace.schedule.localtime import seconds_of, wall_of, zone
from marketplace.schedule.models import FreeReach, FreeSpan

MAX_PAIRS = 100
# A service of a specialist: the specialist and the minutes it takes.
Pair = tuple[int, int]

# A run of starts lies within one date, and no clock is further from UTC than 16 hours.
_RUN = 86_400
_FURTHEST = 16 * 3_600
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NOW, _ASKED = (sa.bindparam(name, type_=sa.BigInteger) for name in ("free_now", "free_asked"))
# Wider than PostgreSQL's smallint, in which minutes are kept.
_MINUTE = sa.literal_column("60", sa.Integer)
_REACHED = HotQuery(sa.select(sa.func.min(FreeReach.through)))


@dataclass(frozen=True)
class Window:
    """A condition on services, by the columns that `window` was given, and its parameters. The
    condition of one `shape` is the same for all windows.
    """

    shape: tuple[str, int]
    parameters: Mapping[str, Any]

    def condition(self, specialist_id: Any, minutes: Any) -> sa.ColumnElement[bool]:
        """That something of so many minutes of a specialist can be booked in the window."""
        kind, spans = self.shape
        parts = [_free(specialist_id, minutes, kind, number) for number in range(spans)]
        return sa.or_(*parts) if parts else sa.false()


def window(day: date, since: int, until: int, timezone: str | None, now: datetime) -> Window:
    """The starts of a date from a wall time (minutes past midnight) up to another, not included,
    as the clock of a zone shows them, without one as each specialist's own does.
    """
    low, high = wall_of(day, since), wall_of(day, until)
    spans = [(low, high)] if timezone is None else zone(timezone).shown(low, high)
    parameters = _asked_at(now)
    for number, (first, last) in enumerate(spans):
        parameters |= {f"free_since_{number}": first, f"free_until_{number}": last}
    return Window(("wall" if timezone is None else "moments", len(spans)), parameters)


def is_built(now: datetime) -> bool:
    """Whether every specialist's rows reach to the horizon; long after the last `flask catalogue
    roll` they do not.
    """
    reached = _REACHED.rows({})[0][0]
    # By the date of the clock that is furthest ahead.
    return reached is None or bool(reached >= (int(now.timestamp()) + _FURTHEST) // 86_400)


def next_slots(pairs: Collection[Pair], now: datetime) -> dict[Pair, str | None]:
    """The next offered start of each of at most `MAX_PAIRS` pairs, RFC 3339 in the specialist's
    zone, or None. One query.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    if len(wanted) > MAX_PAIRS:
        raise ValueError(f"more than {MAX_PAIRS} at once")
    dialect = read().dialect.name
    rows = _next_query(dialect).rows({**_asked_at(now), **_pairs_param(wanted, dialect)})
    found: dict[Pair, str | None] = dict.fromkeys(wanted)
    for specialist_id, minutes, timezone, start in rows:
        if start is not None:
            found[specialist_id, minutes] = zone(timezone).wire(start)
    return found


def _asked_at(now: datetime) -> dict[str, Any]:
    return {"free_now": seconds_of(now), "free_asked": moment_key(now)}


def _valid(specialist_id: Any) -> list[sa.ColumnElement[bool]]:
    return [
        FreeSpan.specialist_id == specialist_id,
        FreeSpan.valid_from <= _ASKED,
        FreeSpan.valid_until > _ASKED,
    ]


def _first_from(earliest: Any) -> Any:
    """The first start of a row that is no sooner than a moment."""
    ahead = earliest - FreeSpan.first_start
    steps = (ahead + FreeSpan.step - 1) // FreeSpan.step
    return sa.case(
        (ahead > 0, FreeSpan.first_start + steps * FreeSpan.step), else_=FreeSpan.first_start
    )


def _fits(start: Any, minutes: Any) -> list[sa.ColumnElement[bool]]:
    return [start <= FreeSpan.last_start, start + minutes * _MINUTE <= FreeSpan.last_end]


def _free(specialist_id: Any, minutes: Any, kind: str, number: int) -> sa.ColumnElement[bool]:
    since: Any = sa.bindparam(f"free_since_{number}", type_=sa.BigInteger)
    until: Any = sa.bindparam(f"free_until_{number}", type_=sa.BigInteger)
    slack = 0 if kind == "moments" else _FURTHEST
    near = [
        FreeSpan.first_start > since - (_RUN + slack),
        FreeSpan.first_start < until + slack,
    ]
    if kind == "wall":
        since, until = since - FreeSpan.utc_offset, until - FreeSpan.utc_offset
    soonest = _NOW + FreeSpan.notice
    start = _first_from(sa.case((soonest > since, soonest), else_=since))
    return sa.exists().where(*_valid(specialist_id), *near, start < until, *_fits(start, minutes))


@cache
def _next_query(dialect: str) -> HotQuery:
    pairs = _pairs(dialect)
    start = _first_from(_NOW + FreeSpan.notice)
    # Rows that are valid at one time lie apart, so the first that fits has the first start.
    first = (
        sa.select(start)
        .where(
            *_valid(pairs.c.specialist_id),
            FreeSpan.first_start > _NOW - _RUN,
            *_fits(start, pairs.c.minutes),
        )
        .order_by(FreeSpan.first_start)
        .limit(sa.literal_column("1"))
        .correlate(pairs)
        .scalar_subquery()
    )
    query = sa.select(pairs.c.specialist_id, pairs.c.minutes, Profile.timezone, first)
    return HotQuery(query.join(Profile, Profile.user_id == pairs.c.specialist_id))


def _pairs(dialect: str) -> Any:
    if dialect == "postgresql":
        arrays = (
            sa.bindparam(name, type_=ARRAY(sa.Integer)) for name in ("pair_ids", "pair_minutes")
        )
        unnested = sa.func.unnest(*arrays)
        return unnested.table_valued(
            sa.column("specialist_id", sa.Integer), sa.column("minutes", sa.Integer), name="pairs"
        ).render_derived()
    each = sa.func.json_each(sa.bindparam("pairs", type_=sa.Text)).table_valued("value")
    return sa.select(
        *(
            sa.type_coerce(sa.func.json_extract(each.c.value, f"$[{at}]"), sa.Integer).label(name)
            for at, name in enumerate(("specialist_id", "minutes"))
        )
    ).cte("pairs")


def _pairs_param(pairs: Sequence[Pair], dialect: str) -> dict[str, Any]:
    if dialect == "postgresql":
        ids, minutes = zip(*pairs, strict=True)
        return {"pair_ids": list(ids), "pair_minutes": list(minutes)}
    return {"pairs": json.dumps(pairs)}
