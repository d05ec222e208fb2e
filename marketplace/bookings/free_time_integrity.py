"""Whether the rows of free time say what hours, exceptions, settings and claims say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from marketplace.bookings import free_time
from marketplace.core.database import read, transactional
from marketplace.core.hot import moment_key
from marketplace.schedule import queries as schedules
from marketplace.schedule.diary import lock_diaries
from marketplace.schedule.free_spans import FreeSpan, bounds, effective
from marketplace.schedule.localtime import day_of
from marketplace.schedule.models import FreeReach, Schedule
from marketplace.schedule.models import FreeSpan as FreeSpanRow

MAX_TOLD = 100
# Where there are more specialists with working time, so many are drawn.
MAX_LOOKED_AT = 1_000
_ONE_DAY = timedelta(days=1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def faults(now: datetime) -> Iterator[str]:
    """One sentence for each specialist's date, at most `MAX_TOLD` of them."""
    told = 0
    for specialist_id in _chosen():
        # Without a lock a change may be seen half; so what seems wrong is looked at again.
        if any(_of(specialist_id, now)):
            for fault in _locked(specialist_id, now):
                yield fault
                told += 1
                if told == MAX_TOLD:
                    return


def _chosen() -> list[int]:
    reached = sa.exists().where(FreeReach.specialist_id == Schedule.user_id)
    built = sa.exists().where(FreeSpanRow.specialist_id == Schedule.user_id)
    query = sa.select(Schedule.user_id).where(sa.or_(schedules.HAS_HOURS, reached, built))
    drawn = query.order_by(sa.func.random()).limit(MAX_LOOKED_AT)
    return sorted(read().execute(drawn).scalars())


@transactional
def _locked(specialist_id: int, now: datetime) -> list[str]:
    lock_diaries([specialist_id])
    return list(_of(specialist_id, now))


def _of(specialist_id: int, now: datetime) -> Iterator[str]:
    settings = schedules.settings_of(specialist_id)
    reach = sa.select(FreeReach.through).where(FreeReach.specialist_id == specialist_id)
    through = read().execute(reach).scalar()
    if settings.has_hours != (through is not None):
        state = "is not built" if through is None else "is built without working time"
        yield f"specialist {specialist_id}: free time {state}"
        return
    today = free_time.today_in(settings.timezone, now)
    last = today + timedelta(days=settings.horizon_days)
    if through is not None:
        if through < today.toordinal() - _EPOCH_DAY:
            yield f"specialist {specialist_id}: free time does not reach the horizon"
            return
        # What is built ahead must be right, too; a roll does not look at it again.
        last = date.fromordinal(through + _EPOCH_DAY) + timedelta(days=settings.horizon_days)
    first = today - _ONE_DAY
    working = schedules.working_time(specialist_id, first, last + 5 * _ONE_DAY)
    asked = moment_key(now.astimezone(UTC))
    right = effective(free_time.expected(specialist_id, settings, working, first, last), asked)
    low, high = bounds(settings.timezone, first, last)
    columns = [getattr(FreeSpanRow, name) for name in FreeSpan._fields]
    stored = read().execute(
        sa.select(*columns).where(
            FreeSpanRow.specialist_id == specialist_id,
            FreeSpanRow.first_start >= low,
            FreeSpanRow.first_start < high,
        )
    )
    found = effective([FreeSpan(*row) for row in stored], asked)
    wrong = {day_of(each.first_start + each.utc_offset) for each in right ^ found}
    for day in sorted(wrong):
        yield f"specialist {specialist_id}: free time of {day} is not what the schedule says"
