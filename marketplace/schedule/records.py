"""What queries and operations of schedules hand over. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.schedule.availability import Terms


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """A schedule's settings, minutes but for `horizon_days`, with the profile's zone."""

    timezone: str
    slot_step_minutes: int
    min_notice_minutes: int
    horizon_days: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    auto_confirm: bool
    cancel_notice_minutes: int
    has_hours: bool
    version: int
    profile_version: int

    @property
    def terms(self) -> Terms:
        return Terms(
            timezone=self.timezone,
            step=self.slot_step_minutes,
            min_notice=self.min_notice_minutes,
            horizon_days=self.horizon_days,
            buffer_before=self.buffer_before_minutes,
            buffer_after=self.buffer_after_minutes,
        )


@dataclass(frozen=True, slots=True)
class Coming:
    """A booking still to come: its span in seconds (`localtime`), and how it is shown."""

    start: int
    end: int
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Affected:
    """The first bookings that stand outside working time, and how many do."""

    bookings: list[Mapping[str, Any]]
    count: int
