"""Keeps the rows of free time true, in the transaction that changes what they are made of.

Whoever calls holds the lock of the specialist's diary (`schedule/diary.py`): two who write one
specialist's rows at once would each miss the other's claim. A claim that expires, and one whose
time is past, may be deleted without this; no row says more or less for it (`free_spans.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from marketplace.bookings.models import TimeClaim
from marketplace.core.database import PLAN_ONCE_OPTION, session, table_of
from marketplace.core.hot import HotQuery, moment_key, moment_of, moment_param
from marketplace.schedule import queries as schedules
from marketplace.schedule.diary import lock_diaries
from marketplace.schedule.free_spans import (
    BEGINNING,
    FOREVER,
    MAX_DURATION,
    Claim,
    FreeSpan,
    bounds,
    dates_near,
    free_spans,
    touched_dates,
)
from marketplace.schedule.localtime import day_of, seconds_of, wall_of, zone
from marketplace.schedule.localtime import moment_of as moment_at
from marketplace.schedule.models import FreeReach
from marketplace.schedule.models import FreeSpan as FreeSpanRow
from marketplace.schedule.records import ScheduleSettings
from marketplace.schedule.working_time import WorkingTime

Busy = tuple[int, datetime, datetime]

# Rows are there for so many days beyond the horizon, so that nobody need roll them on every day.
MARGIN_DAYS = 7
# A buffer before a start reaches no further back.
_LONGEST_BUFFER = timedelta(minutes=240)
_ONE_DAY = timedelta(days=1)
# Beyond the two of a move, all dates between the first and the last are written at once.
_ONE_BY_ONE = 2
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_REACH = timedelta(seconds=2 * MAX_DURATION)
_CLAIMS = HotQuery(
    sa.select(TimeClaim.busy_from, TimeClaim.busy_until, TimeClaim.expires_at)
    .where(
        TimeClaim.specialist_id == sa.bindparam("specialist_id"),
        TimeClaim.busy_until > sa.bindparam("since", type_=TimeClaim.busy_until.type),
        TimeClaim.busy_from < sa.bindparam("until", type_=TimeClaim.busy_from.type),
    )
    .order_by(TimeClaim.busy_from)
)
_COLUMNS = ("specialist_id", *FreeSpan._fields)
_DELETE = (
    "DELETE FROM free_spans WHERE specialist_id = {0} AND first_start >= {0} AND first_start < {0}"
)
_NAMES = ", ".join(_COLUMNS)
_INSERT = f"INSERT INTO free_spans ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - our own names
_ARRAYS = ", ".join(
    f"%s::{'int8' if isinstance(table_of(FreeSpanRow).c[name].type, sa.BigInteger) else 'int4'}[]"
    for name in _COLUMNS
)
# One way to the server and back. The count makes the deletion come first.
_REPLACE = (
    f"WITH gone AS ({_DELETE.format('%s')} RETURNING 1)"  # noqa: S608 - our own names
    f" INSERT INTO free_spans ({_NAMES}) SELECT * FROM unnest({_ARRAYS})"
    " WHERE (SELECT count(*) FROM gone) >= 0"
)


def refresh(spans: Iterable[Busy], now: datetime, settings: ScheduleSettings | None = None) -> None:
    """Write anew what claims of these spans (specialist, busy from, busy until), made or gone,
    may have changed. `settings` are the one specialist's, where they are known.
    """
    coming = sorted(span for span in spans if span[2] + _LONGEST_BUFFER > now)
    for specialist_id, group in groupby(coming, key=itemgetter(0)):
        busy = [(seconds_of(since), seconds_of(until)) for _, since, until in group]
        if len(busy) <= _ONE_BY_ONE:
            for one in busy:
                _refresh(specialist_id, one, settings)
        else:
            _refresh(specialist_id, (busy[0][0], busy[-1][1]), settings)


def released(rows: Iterable[Any], now: datetime) -> None:
    """As `refresh`, for deleted rows of claims; those that had expired change nothing."""
    refresh(
        (
            (row.specialist_id, row.busy_from, row.busy_until)
            for row in rows
            if row.expires_at is None or row.expires_at > now
        ),
        now,
    )


def _refresh(specialist_id: int, busy: tuple[int, int], known: ScheduleSettings | None) -> None:
    settings = known or schedules.settings_of(specialist_id)
    first, last = dates_near(settings.terms, *busy)
    working = schedules.working_time(specialist_id, first, last + 5 * _ONE_DAY)
    dates = touched_dates(settings.terms, working, *busy)
    if dates is not None:
        _write(specialist_id, settings, working, *dates)


def rebuild(
    specialist_id: int, now: datetime, first: date | None = None, last: date | None = None
) -> None:
    """Write all of a specialist's free time anew, or only what a change of the working time of
    these dates may have changed.
    """
    settings = schedules.settings_of(specialist_id)
    today = today_in(settings.timezone, now)
    since, until = today - _ONE_DAY, _built_until(settings, today)
    if first is None or last is None:
        _delete(specialist_id, -FOREVER, FOREVER)
        _set_reach(specialist_id, today if settings.has_hours else None)
    elif not _has_reach(specialist_id):
        rebuild(specialist_id, now)
        return
    else:
        # What begins the day before may end in these dates.
        since, until = max(since, first - 2 * _ONE_DAY), min(until, last)
        if not settings.has_hours:
            _set_reach(specialist_id, None)
    if since <= until:
        working = schedules.working_time(specialist_id, since, until + 5 * _ONE_DAY)
        _write(specialist_id, settings, working, since, until)


def today_in(timezone: str, now: datetime) -> date:
    """The date that a zone's clock shows."""
    return day_of(zone(timezone).wall(int(now.timestamp() // 1)))


def _built_until(settings: ScheduleSettings, today: date) -> date:
    return today + timedelta(days=settings.horizon_days + MARGIN_DAYS)


def expected(
    specialist_id: int,
    settings: ScheduleSettings,
    working: WorkingTime,
    first: date,
    last: date,
) -> list[FreeSpan]:
    """The rows of these dates as claims are now."""
    since, until = bounds(settings.timezone, first, last)
    rows = _CLAIMS.rows(
        {
            "specialist_id": specialist_id,
            "since": moment_param(moment_at(since) - _REACH),
            "until": moment_param(moment_at(until) + _REACH),
        }
    )
    claims = [
        Claim(
            seconds_of(moment_of(low)),
            seconds_of(moment_of(high)),
            FOREVER if expires is None else max(BEGINNING, moment_key(expires)),
        )
        for low, high, expires in rows
    ]
    return free_spans(settings.terms, working, claims, first, last)


def _write(
    specialist_id: int,
    settings: ScheduleSettings,
    working: WorkingTime,
    first: date,
    last: date,
) -> None:
    spans = expected(specialist_id, settings, working, first, last)
    since, until = bounds(settings.timezone, first, last)
    _replace(specialist_id, since, until, [(specialist_id, *span) for span in spans])


def _delete(specialist_id: int, since: int, until: int) -> None:
    connection = session().connection()
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    connection.exec_driver_sql(_DELETE.format(mark), (specialist_id, since, until))


def _replace(specialist_id: int, since: int, until: int, rows: Sequence[tuple[int, ...]]) -> None:
    """Put rows in the place of those that begin in a span."""
    connection = session().connection()
    if rows and connection.dialect.name == "postgresql":
        columns = [list(column) for column in zip(*rows, strict=True)]
        given = (specialist_id, since, until, *columns)
        connection.exec_driver_sql(_REPLACE, given, {PLAN_ONCE_OPTION: True})
        return
    _delete(specialist_id, since, until)
    if rows:
        connection.exec_driver_sql(_INSERT, list(rows))


def _set_reach(specialist_id: int, today: date | None) -> None:
    reaches = table_of(FreeReach)
    session().execute(sa.delete(reaches).where(reaches.c.specialist_id == specialist_id))
    if today is not None:
        through = today.toordinal() - _EPOCH_DAY + MARGIN_DAYS
        session().execute(sa.insert(reaches).values(specialist_id=specialist_id, through=through))


def _has_reach(specialist_id: int) -> bool:
    found = sa.select(FreeReach.through).where(FreeReach.specialist_id == specialist_id)
    through = session().scalar(found)
    return through is not None and through > 0


def changed_time(user_id: int, first: date | None, last: date | None, now: datetime) -> None:
    """A specialist's working time or settings were changed, of these dates or altogether."""
    rebuild(user_id, now, first, last)


def changed_zone(user_id: int, now: datetime) -> None:
    """A person's clock was changed with the profile."""
    lock_diaries([user_id])
    rebuild(user_id, now)


def extend(specialist_id: int, now: datetime) -> bool:
    """Add the days that the horizon will need, drop the past; whether there was anything to do."""
    reached = sa.select(FreeReach.through).where(FreeReach.specialist_id == specialist_id)
    through = session().scalar(reached)
    settings = schedules.settings_of(specialist_id)
    today = today_in(settings.timezone, now)
    wanted = today.toordinal() - _EPOCH_DAY + MARGIN_DAYS
    if through is None or through >= wanted:
        return False
    known = date.fromordinal(through + _EPOCH_DAY) + timedelta(days=settings.horizon_days)
    first, last = max(known, today - 2 * _ONE_DAY) + _ONE_DAY, _built_until(settings, today)
    past = zone(settings.timezone).bound(wall_of(today - _ONE_DAY))
    _delete(specialist_id, -FOREVER, past)
    working = schedules.working_time(specialist_id, first, last + 5 * _ONE_DAY)
    _write(specialist_id, settings, working, first, last)
    _set_reach(specialist_id, today if settings.has_hours else None)
    return True
