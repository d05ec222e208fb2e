"""Hours, exceptions and settings as they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.core.time_fields import wall_time
from marketplace.schedule.records import Affected, ScheduleSettings
from marketplace.schedule.working_time import Interval

_SHOWN = (
    "timezone",
    "slot_step_minutes",
    "min_notice_minutes",
    "horizon_days",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "auto_confirm",
    "cancel_notice_minutes",
)


def hours_view(hours: Iterable[tuple[int, int, int]]) -> dict[str, Any]:
    """The week: each interval with its weekday, Monday is 1."""
    return {
        "hours": [
            {"weekday": weekday, "start": wall_time(start), "end": wall_time(end)}
            for weekday, start, end in hours
        ]
    }


def settings_view(settings: ScheduleSettings) -> dict[str, Any]:
    """The settings, all but the zone and the horizon in minutes."""
    return {name: getattr(settings, name) for name in _SHOWN}


def exception_view(row: Any, intervals: Iterable[Interval]) -> dict[str, Any]:
    """An exception's dates, both ends included, and its intervals."""
    return {
        "id": row.id,
        "date_from": row.date_from.isoformat(),
        "date_to": row.date_to.isoformat(),
        "intervals": intervals_view(intervals),
        "reason": row.reason,
    }


def intervals_view(intervals: Iterable[Interval]) -> list[dict[str, str]]:
    """Intervals in wall time."""
    return [{"start": wall_time(start), "end": wall_time(end)} for start, end in intervals]


def affected_view(affected: Affected) -> dict[str, Any]:
    """The bookings that stand outside working time."""
    return {"affected_bookings": affected.bookings, "affected_count": affected.count}
