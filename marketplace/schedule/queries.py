"""Reads of a specialist's time, as the rules want it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import is_sqlite, read
from marketplace.core.errors import Code
from marketplace.core.hot import HotQuery
from marketplace.core.paging import Page, Position
from marketplace.core.permissions import unauthorized
from marketplace.profile.models import Profile
from marketplace.schedule.localtime import day_of
from marketplace.schedule.models import (
    ExceptionInterval,
    Schedule,
    ScheduleException,
    WorkingHours,
)
from marketplace.schedule.records import ScheduleSettings
from marketplace.schedule.working_time import ExceptionDates, Interval, WorkingTime

HAS_HOURS = sa.or_(
    sa.exists().where(WorkingHours.user_id == Schedule.user_id),
    sa.exists().where(
        ExceptionInterval.exception_id == ScheduleException.id,
        ScheduleException.user_id == Schedule.user_id,
    ),
)
# In the order of `ScheduleSettings`; from `Schedule` joined with `Profile`.
SETTINGS_COLUMNS: tuple[Any, ...] = (
    Profile.timezone,
    Schedule.slot_step_minutes,
    Schedule.min_notice_minutes,
    Schedule.horizon_days,
    Schedule.buffer_before_minutes,
    Schedule.buffer_after_minutes,
    Schedule.auto_confirm,
    Schedule.cancel_notice_minutes,
    HAS_HOURS.label("has_hours"),
    Schedule.version,
    Profile.version.label("profile_version"),
)
_SETTINGS = HotQuery(
    sa.select(*SETTINGS_COLUMNS)
    .join(Profile, Profile.user_id == Schedule.user_id)
    .where(Schedule.user_id == sa.bindparam("user_id"))
)
_HOURS = HotQuery(
    sa.select(WorkingHours.weekday, WorkingHours.start_minute, WorkingHours.end_minute)
    .where(WorkingHours.user_id == sa.bindparam("user_id"))
    .order_by(WorkingHours.weekday, WorkingHours.start_minute)
)
_NO_DATE, _NO_TEXT = sa.cast(sa.null(), sa.Date), sa.cast(sa.null(), sa.Text)
# Weekly intervals, which belong to no exception, and those of the exceptions, in one statement.
_WORKING_TIME = HotQuery(
    sa.union_all(
        sa.select(
            sa.literal_column("0").label("exception_id"),
            _NO_DATE.label("date_from"),
            _NO_DATE.label("date_to"),
            _NO_TEXT.label("reason"),
            WorkingHours.weekday,
            WorkingHours.start_minute,
            WorkingHours.end_minute,
        ).where(WorkingHours.user_id == sa.bindparam("user_id")),
        sa.select(
            ScheduleException.id,
            ScheduleException.date_from,
            ScheduleException.date_to,
            ScheduleException.reason,
            sa.literal_column("0"),
            ExceptionInterval.start_minute,
            ExceptionInterval.end_minute,
        )
        .outerjoin(ExceptionInterval, ExceptionInterval.exception_id == ScheduleException.id)
        .where(
            ScheduleException.user_id == sa.bindparam("user_id"),
            ScheduleException.date_to >= sa.bindparam("first", type_=sa.Date),
            ScheduleException.date_from <= sa.bindparam("last", type_=sa.Date),
        ),
    )
)


def settings_of(user_id: int) -> ScheduleSettings:
    """The settings of an account; they can't be missing, unless it went this very moment."""
    row = _SETTINGS.first({"user_id": user_id})
    if row is None:
        raise unauthorized(Code.TOKEN_REVOKED)
    return settings_from(row)


def settings_from(row: Iterable[Any]) -> ScheduleSettings:
    """The settings in a row of `SETTINGS_COLUMNS`, as the driver gives it."""
    values = list(row)
    values[6], values[8] = bool(values[6]), bool(values[8])
    return ScheduleSettings(*values)


def weekly_hours(user_id: int) -> list[tuple[int, int, int]]:
    """(weekday, start, end) of every weekly interval, in order."""
    return [(weekday, start, end) for weekday, start, end in _HOURS.rows({"user_id": user_id})]


def working_time(user_id: int, first: date, last: date) -> WorkingTime:
    """The weekly hours, and the exceptions that touch the dates from `first` to `last`."""
    dates = (first.isoformat(), last.isoformat()) if is_sqlite() else (first, last)
    rows = _WORKING_TIME.rows({"user_id": user_id, "first": dates[0], "last": dates[1]})
    weekly = [row[4:] for row in rows if row[0] == _WEEKLY]
    exceptions = sorted((row for row in rows if row[0] != _WEEKLY), key=_in_order)
    return WorkingTime(by_weekday(weekly), tuple(_gathered(exceptions)))


_WEEKLY = 0


def _in_order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    exception_id, first, *_, start, _end = row
    return first, exception_id, start or 0


def by_weekday(hours: Iterable[tuple[int, int, int]]) -> dict[int, tuple[Interval, ...]]:
    """Weekly intervals by weekday, each day's in order."""
    days: dict[int, tuple[Interval, ...]] = {}
    for weekday, start, end in sorted(hours):
        days[weekday] = (*days.get(weekday, ()), (start, end))
    return days


def _gathered(rows: Iterable[tuple[Any, ...]]) -> Iterable[ExceptionDates]:
    found: dict[int, tuple[Any, ...]] = {}
    intervals: dict[int, list[Interval]] = {}
    for exception_id, first, last, reason, _weekday, start, end in rows:
        found[exception_id] = (_date(first), _date(last), reason)
        mine = intervals.setdefault(exception_id, [])
        if start is not None:
            mine.append((start, end))
    for exception_id, (first, last, reason) in found.items():
        yield ExceptionDates(first, last, tuple(intervals[exception_id]), exception_id, reason)


def _date(stored: Any) -> date:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def exceptions_page(
    user_id: int,
    *,
    first: date | None,
    last: date | None,
    limit: int,
    after: Position | None,
    count: bool,
) -> Page[tuple[Any, list[Interval]]]:
    """The exceptions that touch the dates from `first` to `last`, each with its intervals, by their
    first date.
    """
    mine = [ScheduleException.user_id == user_id]
    if first is not None:
        mine.append(ScheduleException.date_to >= first)
    if last is not None:
        mine.append(ScheduleException.date_from <= last)
    table = ScheduleException.__table__
    query = sa.select(table).where(*mine)
    if after is not None:
        here = sa.tuple_(ScheduleException.date_from, ScheduleException.id)
        day = day_of(min(after.key, _LAST_KEY) * 86_400)
        query = query.where(here > sa.tuple_(sa.literal(day, sa.Date), sa.literal(after.row_id)))
    query = query.order_by(ScheduleException.date_from, ScheduleException.id).limit(limit + 1)
    rows = list(read().execute(query).all())
    intervals = intervals_of([row.id for row in rows])
    total = None
    if count:
        counted = sa.select(sa.func.count()).select_from(ScheduleException).where(*mine)
        total = read().execute(counted).scalar_one()
    following = None
    if len(rows) > limit:
        last_row = rows[limit - 1]
        following = Position(last_row.date_from.toordinal() - _EPOCH_DAY, last_row.id)
    return Page([(row, intervals.get(row.id, [])) for row in rows[:limit]], following, total)


_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_KEY = date(2100, 1, 1).toordinal() - _EPOCH_DAY


def intervals_of(exception_ids: list[int]) -> dict[int, list[Interval]]:
    """The intervals of exceptions, by their ids."""
    query = (
        sa.select(ExceptionInterval.__table__)
        .where(ExceptionInterval.exception_id.in_(exception_ids))
        .order_by(ExceptionInterval.exception_id, ExceptionInterval.start_minute)
    )
    found: dict[int, list[Interval]] = {}
    for row in read().execute(query):
        found.setdefault(row.exception_id, []).append((row.start_minute, row.end_minute))
    return found
