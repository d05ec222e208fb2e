"""The rules of slots once more, slow and plain: minute by minute, from the contract alone.

It shares no line with what it is compared to. The one idea: a clock that is put back shows times
it has shown before, so `furthest`, the latest time it has shown so far, tells where a day has got
to. Working intervals are compared with `furthest`; a start is offered only when its time is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

Interval = tuple[int, int]
EVERY_DAY = range(1, 8)


@dataclass(frozen=True)
class Case:
    """A specialist, a service and a moment to ask at. Lengths are minutes, claims UTC moments."""

    zone: str
    now: datetime
    hours: dict[int, tuple[Interval, ...]] = field(default_factory=dict)
    exceptions: tuple[tuple[date, date, tuple[Interval, ...]], ...] = ()
    claims: tuple[tuple[datetime, datetime], ...] = ()
    duration: int = 60
    step: int = 30
    notice: int = 0
    horizon: int = 60
    before: int = 0
    after: int = 0

    @property
    def has_hours(self) -> bool:
        return any(self.hours.values()) or any(intervals for _, _, intervals in self.exceptions)


class Reading(NamedTuple):
    """What the clock shows in one minute, and the latest it has shown up to then."""

    wall: datetime
    furthest: datetime
    is_new: bool


def first_rule(case: Case, start: datetime) -> str | None:  # noqa: PLR0911 - one for each rule
    """The first rule that refuses a start, a moment of UTC; None when it is offered."""
    reading = _reading(case.zone, start)
    day = reading.wall.date()
    length = timedelta(minutes=case.duration)
    if start < case.now:
        return "in_the_past"
    if not case.has_hours:
        return "no_hours"
    if any(low <= day <= high and not intervals for low, high, intervals in case.exceptions):
        return "day_off"
    begins = _interval_begin(case, day, reading.furthest)
    if begins is None:
        return "outside_hours"
    past_begin = reading.wall - begins
    is_whole_minute = start.second == start.microsecond == 0
    if not reading.is_new or not is_whole_minute or past_begin % timedelta(minutes=case.step):
        return "off_the_step"
    if not all(_works(case, start + timedelta(minutes=each)) for each in range(case.duration)):
        return "does_not_fit"
    if start < case.now + timedelta(minutes=case.notice):
        return "too_soon"
    today = case.now.astimezone(ZoneInfo(case.zone)).date()
    if day > today + timedelta(days=case.horizon):
        return "too_far"
    busy_from = start - timedelta(minutes=case.before)
    busy_until = start + length + timedelta(minutes=case.after)
    if any(busy_from < until and since < busy_until for since, until in case.claims):
        return "taken"
    return None


def starts(case: Case, since: datetime, until: datetime) -> list[datetime]:
    """Every offered start from a whole minute on, until another."""
    minutes = (until - since) // timedelta(minutes=1)
    every = [since + timedelta(minutes=each) for each in range(minutes)]
    return [start for start in every if first_rule(case, start) is None]


def intervals_on(case: Case, day: date) -> tuple[Interval, ...]:
    for low, high, intervals in case.exceptions:
        if low <= day <= high:
            return intervals
    return case.hours.get(day.isoweekday(), ())


def _interval_begin(case: Case, day: date, furthest: datetime) -> datetime | None:
    """Where the date's interval that has begun and not ended begins."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall time
    for low, high in intervals_on(case, day):
        begins = midnight + timedelta(minutes=low)
        if begins <= furthest < midnight + timedelta(minutes=high):
            return begins
    return None


def _works(case: Case, minute: datetime) -> bool:
    furthest = _reading(case.zone, minute).furthest
    return _interval_begin(case, furthest.date(), furthest) is not None


def _reading(zone: str, moment: datetime) -> Reading:
    return _readings(zone, moment.date())[moment.hour * 60 + moment.minute]


@lru_cache(maxsize=256)
def _readings(zone: str, day: date) -> list[Reading]:
    """Every minute of one UTC date; the date before it is read too, for what it has shown."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    info = ZoneInfo(zone)
    furthest = datetime.min  # noqa: DTZ901 - a wall time
    found = []
    for minute in range(-1_440, 1_440):
        moment = midnight + timedelta(minutes=minute)
        wall = moment.astimezone(info).replace(tzinfo=None, fold=0)
        is_new = wall > furthest
        furthest = max(furthest, wall)
        if minute >= 0:
            found.append(Reading(wall, furthest, is_new))
    return found
