"""Who is free, read from the rows of free time: exactly what the one rule offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.hot import HotQuery, moment_key
from marketplace.schedule.localtime import seconds_of, wall_of, zone
from marketplace.schedule.models import FreeReach, FreeSpan

# A run of starts lies within one date, and no clock is further from UTC than 16 hours.
RUN = 86_400
_FURTHEST = 16 * 3_600
_EPOCH_DAY = date(1970, 1, 1).toordinal()
NOW, ASKED = (sa.bindparam(name, type_=sa.BigInteger) for name in ("free_now", "free_asked"))
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
    parameters = asked_at(now)
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


def asked_at(now: datetime) -> dict[str, Any]:
    """The parameters by which a statement knows when it is asked."""
    return {"free_now": seconds_of(now), "free_asked": moment_key(now)}


def valid(specialist_id: Any) -> list[sa.ColumnElement[bool]]:
    """That a row of `FreeSpan` is this specialist's and holds at the moment of asking."""
    return [
        FreeSpan.specialist_id == specialist_id,
        FreeSpan.valid_from <= ASKED,
        FreeSpan.valid_until > ASKED,
    ]


def first_from(earliest: Any) -> Any:
    """The first start of a row's spacing that is no sooner than a moment."""
    ahead = earliest - FreeSpan.first_start
    steps = (ahead + FreeSpan.step - 1) // FreeSpan.step
    return sa.case(
        (ahead > 0, FreeSpan.first_start + steps * FreeSpan.step), else_=FreeSpan.first_start
    )


def fits(start: Any, minutes: Any) -> list[sa.ColumnElement[bool]]:
    """That a row has this start for something of so many minutes."""
    return [start <= FreeSpan.last_start, start + minutes * _MINUTE <= FreeSpan.last_end]


def _free(specialist_id: Any, minutes: Any, kind: str, number: int) -> sa.ColumnElement[bool]:
    since: Any = sa.bindparam(f"free_since_{number}", type_=sa.BigInteger)
    until: Any = sa.bindparam(f"free_until_{number}", type_=sa.BigInteger)
    slack = 0 if kind == "moments" else _FURTHEST
    near = [
        FreeSpan.first_start > since - (RUN + slack),
        FreeSpan.first_start < until + slack,
    ]
    if kind == "wall":
        since, until = since - FreeSpan.utc_offset, until - FreeSpan.utc_offset
    soonest = NOW + FreeSpan.notice
    start = first_from(sa.case((soonest > since, soonest), else_=since))
    return sa.exists().where(*valid(specialist_id), *near, start < until, *fits(start, minutes))
