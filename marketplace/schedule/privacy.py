"""The schedule's part of what is told of a person, and of what is forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import User
from marketplace.core.database import session, table_of
from marketplace.core.export import stream, stream_groups
from marketplace.schedule.models import (
    ExceptionInterval,
    Schedule,
    ScheduleException,
    WorkingHours,
)


def exported(user_id: int) -> dict[str, Any]:
    """Settings, weekly hours, exceptions with their intervals; intervals in minutes of a day."""
    settings, hours = table_of(Schedule).c, table_of(WorkingHours).c
    hidden = {"user_id", "version"}
    chosen = sa.select(*(column for column in settings if column.name not in hidden))
    week = sa.select(hours.weekday, hours.start_minute, hours.end_minute)
    return {
        "schedule": dict(
            session().execute(chosen.where(settings.user_id == user_id)).mappings().one()
        ),
        "working_hours": stream(
            week.where(hours.user_id == user_id).order_by(hours.weekday, hours.start_minute)
        ),
        "schedule_exceptions": _exceptions(user_id),
    }


def _exceptions(user_id: int) -> Any:
    dates, intervals = table_of(ScheduleException).c, table_of(ExceptionInterval).c
    query = (
        sa.select(
            *(column for column in dates if column.name != "user_id"),
            intervals.start_minute.label("interval_start_minute"),
            intervals.end_minute.label("interval_end_minute"),
        )
        .outerjoin(ExceptionInterval, intervals.exception_id == dates.id)
        .where(dates.user_id == user_id)
        .order_by(dates.id, intervals.start_minute)
    )
    return stream_groups(query, "intervals", "interval_")


def forget(user: User, now: datetime) -> None:  # noqa: ARG001 - what all parts are called with
    """Hours and exceptions go; the row of settings stays, being the lock of the diary."""
    for model in (WorkingHours, ScheduleException):
        rows = table_of(model)
        session().execute(sa.delete(rows).where(rows.c.user_id == user.id))
