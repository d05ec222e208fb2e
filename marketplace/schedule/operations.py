"""What a specialist does with the own time.

A change never touches bookings; it tells of those that would stand outside the new working time.
A rehearsal (`dry_run`) tells the same and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth import sessions
from marketplace.auth.models import User
from marketplace.core.database import session, transactional, violated
from marketplace.core.errors import Code, DomainError, not_found
from marketplace.core.parts import Parts
from marketplace.profile.models import Profile
from marketplace.schedule import queries
from marketplace.schedule.diary import lock_diaries
from marketplace.schedule.localtime import day_of, zone
from marketplace.schedule.models import (
    ExceptionInterval,
    Schedule,
    ScheduleException,
    WorkingHours,
)
from marketplace.schedule.records import Affected, Coming
from marketplace.schedule.working_time import Interval, outside

MAX_AFFECTED = 100
RequireMatch = Callable[[Any], None]


# Called with who knows of a specialist's coming bookings: bookings hand that forward.
on_coming: Parts[Callable[[int, datetime], Sequence[Coming]]] = Parts()
# The specialist, and the first and the last date that were changed, None for all of them.
Changed = Callable[[int, date | None, date | None, datetime], None]
# Called with who keeps what is made of working time and settings; told in their transaction.
on_changed: Parts[Changed] = Parts()


class _Rehearsed(Exception):
    """Rolls a rehearsal back; its result leaves with it."""

    def __init__(self, affected: Affected) -> None:
        super().__init__()
        self.affected = affected


def rehearsal(change: Callable[[], Any]) -> Affected:
    """What a change called with `dry_run=True` would affect; nothing of it stays."""
    try:
        change()
    except _Rehearsed as told:
        return told.affected
    raise AssertionError("the change was not a rehearsal")


def create_schedule(user: User, now: datetime) -> None:
    """The schedule's part of making an account, in that transaction."""
    session().add(Schedule(user_id=user.id, updated_at=now))


@transactional
def replace_hours(
    user_id: int,
    hours: Sequence[tuple[int, int, int]],
    *,
    require_match: RequireMatch,
    dry_run: bool,
    now: datetime,
) -> Affected:
    """Set the weekly intervals (weekday, start, end). `require_match` may raise 412."""
    schedule = _locked(user_id)
    require_match(queries.settings_of(user_id))
    session().execute(sa.delete(WorkingHours).where(WorkingHours.user_id == user_id))
    rows = [
        {"user_id": user_id, "weekday": weekday, "start_minute": start, "end_minute": end}
        for weekday, start, end in hours
    ]
    if rows:
        session().execute(sa.insert(WorkingHours), rows)
    schedule.updated_at = now
    if not dry_run:
        _tell_changed(user_id, now)
    return _told(user_id, dry_run, now)


@transactional
def change_settings(
    user_id: int,
    changes: Mapping[str, Any],
    *,
    require_match: RequireMatch,
    dry_run: bool,
    now: datetime,
) -> Affected:
    """Write the given settings; the zone is the profile's. `require_match` may raise 412."""
    schedule = _locked(user_id)
    require_match(queries.settings_of(user_id))
    own = {name: value for name, value in changes.items() if name != "timezone"}
    before = queries.settings_of(user_id).terms
    for name, value in own.items():
        setattr(schedule, name, value)
    if session().is_modified(schedule):
        schedule.updated_at = now
    if "timezone" in changes:
        profile = session().get_one(Profile, user_id, with_for_update=True)
        if profile.timezone != changes["timezone"]:
            profile.timezone = changes["timezone"]
            profile.updated_at = now
    session().flush()
    if not dry_run and queries.settings_of(user_id).terms != before:
        _tell_changed(user_id, now)
    return _told(user_id, dry_run, now)


@transactional
def add_exception(
    user_id: int,
    *,
    date_from: date,
    date_to: date,
    intervals: Sequence[Interval],
    reason: str,
    dry_run: bool,
    now: datetime,
) -> tuple[ScheduleException, Affected]:
    """Replace the weekly hours of some dates. Raises 409 `exception_overlaps`."""
    _locked(user_id)
    exception = ScheduleException(
        user_id=user_id, date_from=date_from, date_to=date_to, reason=reason, created_at=now
    )
    session().add(exception)
    try:
        session().flush()  # the constraint speaks here, and the intervals need the id
    except IntegrityError as error:
        if violated(error) != "ex_schedule_exceptions_overlap":
            raise
        raise DomainError(Code.EXCEPTION_OVERLAPS) from None
    rows = [
        {"exception_id": exception.id, "start_minute": start, "end_minute": end}
        for start, end in intervals
    ]
    if rows:
        session().execute(sa.insert(ExceptionInterval), rows)
    if not dry_run:
        _tell_changed(user_id, now, date_from, date_to)
    return exception, _told(user_id, dry_run, now)


@transactional
def delete_exception(
    user_id: int,
    exception_id: int,
    *,
    require_match: RequireMatch,
    dry_run: bool,
    now: datetime,
) -> Affected:
    """Let the weekly hours hold again. Raises 404 for another's."""
    _locked(user_id)
    mine = sa.and_(ScheduleException.id == exception_id, ScheduleException.user_id == user_id)
    exception = session().scalar(sa.select(ScheduleException).where(mine))
    if exception is None:
        raise not_found()
    require_match(exception)
    session().execute(
        sa.delete(ExceptionInterval).where(ExceptionInterval.exception_id == exception_id)
    )
    dates = exception.date_from, exception.date_to
    session().execute(sa.delete(ScheduleException).where(mine))
    if not dry_run:
        _tell_changed(user_id, now, *dates)
    return _told(user_id, dry_run, now)


def _tell_changed(
    user_id: int, now: datetime, first: date | None = None, last: date | None = None
) -> None:
    session().flush()
    for part in on_changed:
        part(user_id, first, last, now)


def _locked(user_id: int) -> Schedule:
    # Erasing locks in the same order: account, then diary.
    sessions.require_signed_in(user_id)
    lock_diaries([user_id])
    return session().get_one(Schedule, user_id)


def _told(user_id: int, dry_run: bool, now: datetime) -> Affected:
    session().flush()  # what is read next is the changed time
    affected = affected_now(user_id, now)
    if dry_run:
        raise _Rehearsed(affected)
    return affected


def affected_now(user_id: int, now: datetime) -> Affected:
    """The coming bookings that stand outside working time as it is now."""
    coming = [one for part in on_coming for one in part(user_id, now)]
    if not coming:
        return Affected([], 0)
    clock = zone(queries.settings_of(user_id).timezone)
    days = timedelta(days=2)
    first = day_of(clock.wall(min(one.start for one in coming))) - days
    last = day_of(clock.wall(max(one.end for one in coming))) + days
    working = queries.working_time(user_id, first, last)
    spans = set(outside(working, clock, [(one.start, one.end) for one in coming]))
    found = [one.shown for one in coming if (one.start, one.end) in spans]
    return Affected(found[:MAX_AFFECTED], len(found))
