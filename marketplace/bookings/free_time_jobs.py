"""All specialists' free time at once, in batches of their own transactions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from marketplace.bookings import free_time
from marketplace.core.database import read, transactional
from marketplace.schedule import queries as schedules
from marketplace.schedule.diary import lock_diaries
from marketplace.schedule.models import FreeReach, Schedule

Progress = Callable[[int, int], None]
_BATCH = 50


def rebuild_all(now: datetime, progress: Progress | None = None) -> int:
    """Write the free time of everybody who has working time anew, in batches of their own, the
    readers undisturbed; how many they are.
    """
    return _in_batches(_with_time(), lambda ids: _rebuild_batch(ids, now), progress)


def roll(now: datetime, progress: Progress | None = None) -> int:
    """Extend everybody's free time to what the horizon will need, and drop what is past; for how
    many there was something to do. Twice at once does no harm.
    """
    utc_day = int(now.timestamp()) // 86_400
    due = _with_time().where(
        Schedule.user_id.in_(
            sa.select(FreeReach.specialist_id).where(
                FreeReach.through < utc_day + 1 + free_time.MARGIN_DAYS
            )
        )
    )
    return _in_batches(due, lambda ids: _roll_batch(ids, now), progress)


def _with_time() -> sa.Select[int]:
    reached = sa.exists().where(FreeReach.specialist_id == Schedule.user_id)
    return sa.select(Schedule.user_id).where(sa.or_(schedules.HAS_HOURS, reached))


def _in_batches(
    chosen: sa.Select[int], act: Callable[[list[int]], int], progress: Progress | None
) -> int:
    total = read().execute(sa.select(sa.func.count()).select_from(chosen.subquery())).scalar_one()
    done = seen = last = 0
    while True:
        page = chosen.where(Schedule.user_id > last).order_by(Schedule.user_id).limit(_BATCH)
        ids = list(read().execute(page).scalars())
        if not ids:
            return done
        done += act(ids)
        last, seen = ids[-1], seen + len(ids)
        if progress is not None:
            progress(seen, max(seen, total))


@transactional
def _rebuild_batch(ids: list[int], now: datetime) -> int:
    lock_diaries(ids)
    for specialist_id in ids:
        free_time.rebuild(specialist_id, now)
    return len(ids)


@transactional
def _roll_batch(ids: list[int], now: datetime) -> int:
    lock_diaries(ids)
    return sum(free_time.extend(specialist_id, now) for specialist_id in ids)
