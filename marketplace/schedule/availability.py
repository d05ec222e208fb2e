"""Which starts are offered, and why another is not: one rule for both (contract section 5). Pure.

A start is offered when it lies on the step grid of a working interval, fits into working time with
its service's whole duration, is no sooner than the notice and no later than the horizon, and keeps
its buffers free of every claim. All moments are whole seconds of UTC (`localtime`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from marketplace.schedule.localtime import Zone, day_of, seconds_of, wall_of, zone
from marketplace.schedule.working_time import Shift, WorkingTime, shifts

_ONE_DAY = timedelta(days=1)
_RINGS_DAYS = (1, 4, 15, 62, 800)


class Rule(StrEnum):
    """Why a start is refused, in the order in which the reasons are looked for."""

    IN_THE_PAST = "in_the_past"
    NO_HOURS = "no_hours"
    DAY_OFF = "day_off"
    OUTSIDE_HOURS = "outside_hours"
    OFF_THE_STEP = "off_the_step"
    DOES_NOT_FIT = "does_not_fit"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a specialist takes bookings; all but `horizon_days` in minutes."""

    timezone: str
    step: int
    min_notice: int
    horizon_days: int
    buffer_before: int
    buffer_after: int


@dataclass(frozen=True, slots=True)
class Diary:
    """What a specialist's time is made of. `has_hours` speaks of all of it: whether there are any
    weekly hours, or an exception with intervals at whatever date. `claims` are the half-open busy
    spans that hold time now, sorted; they overlap nowhere.
    """

    working: WorkingTime
    has_hours: bool
    claims: Sequence[tuple[int, int]] = ()


class Availability:
    """The starts at which something of `duration` minutes can be booked, as of `now`.

    The diary must cover what is asked for: exceptions and claims of the same dates.
    """

    def __init__(self, terms: Terms, diary: Diary, duration: int, now: datetime) -> None:
        self._zone = zone(terms.timezone)
        self._diary = diary
        self._step = terms.step * 60
        self._duration = duration * 60
        self._before = terms.buffer_before * 60
        self._after = terms.buffer_after * 60
        self._now = seconds_of(now)
        self._earliest = self._now + terms.min_notice * 60
        # Not of the rounded moment: half a second before midnight it is still today.
        today = day_of(self._zone.wall(int(now.timestamp() // 1)))
        self._last_day = today + timedelta(days=terms.horizon_days)
        self._busy_from = [start for start, _ in diary.claims]
        self._busy_until = [end for _, end in diary.claims]

    @property
    def span(self) -> tuple[int, int]:
        """The half-open span of moments outside of which no start can be offered."""
        return self._now, self._zone.bound(wall_of(self._last_day + _ONE_DAY))

    def starts(self, since: int, until: int) -> list[int]:
        """Every offered start with `since` <= start < `until`, in order."""
        low, high = max(since, self._earliest), min(until, self.span[1])
        if low >= high or not self._diary.has_hours:
            return []
        # A clock put back at midnight shows yesterday's date again.
        first = self._day(low) - _ONE_DAY
        last = min(self._day(high) + _ONE_DAY, self._last_day)
        return [
            start
            for shift in shifts(self._diary.working, self._zone, first, last)
            for start in grid(shift, self._zone, self._step)
            if low <= start < high and self._refusal(start, shift) is None
        ]

    def judge(self, start: int) -> Rule | None:
        """The first rule that refuses a start, None when it is offered."""
        if start < self._now:
            return Rule.IN_THE_PAST
        if not self._diary.has_hours:
            return Rule.NO_HOURS
        day = self._day(start)
        exception = self._diary.working.exception_on(day)
        if exception is not None and not exception.intervals:
            return Rule.DAY_OFF
        for shift in shifts(self._diary.working, self._zone, day, day):
            if shift.start <= start < shift.end:
                on_grid = start in grid(shift, self._zone, self._step)
                return self._refusal(start, shift) if on_grid else Rule.OFF_THE_STEP
        return Rule.OUTSIDE_HOURS

    def nearest(self, wanted: int, count: int = 3, *, including: bool = False) -> list[int]:
        """The offered starts nearest to a moment, the nearest first, the earlier of two as near;
        the moment itself only when `including` it.
        """
        low, high = self.span
        centre = min(max(wanted, low), high)
        found: list[int] = []
        for days in _RINGS_DAYS:
            reach = days * 86_400
            around = self.starts(centre - reach, centre + reach)
            found = [each for each in around if including or each != wanted]
            covered = centre - reach <= low and centre + reach >= high
            if len(found) >= count or covered:
                break
        return sorted(found, key=lambda start: (abs(start - wanted), start))[:count]

    def _refusal(self, start: int, shift: Shift) -> Rule | None:
        """What refuses a start that lies on the grid of a shift."""
        if start + self._duration > shift.block_end:
            return Rule.DOES_NOT_FIT
        if start < self._earliest:
            return Rule.TOO_SOON
        if shift.day > self._last_day:
            return Rule.TOO_FAR
        if self._is_taken(start - self._before, start + self._duration + self._after):
            return Rule.TAKEN
        return None

    def _is_taken(self, busy_from: int, busy_until: int) -> bool:
        later = bisect_right(self._busy_until, busy_from)
        return later < len(self._busy_from) and self._busy_from[later] < busy_until

    def _day(self, moment: int) -> date:
        return day_of(self._zone.wall(moment))


def grid(shift: Shift, clock: Zone, step: int) -> range | list[int]:
    """The moments of a shift's grid, which counts wall seconds from its start."""
    walls = range(shift.wall_start, shift.wall_end, step)
    offset = clock.steady_offset(shift.day)
    if offset is not None:
        return range(walls.start - offset, walls.stop - offset, step)
    return [start for start in map(clock.first, walls) if start is not None]


def by_day(
    starts: Sequence[int], timezone: str, first: date, last: date
) -> Iterator[tuple[date, list[int]]]:
    """Starts by their dates in a zone: every date from `first` to `last`, empty ones too."""
    clock = zone(timezone)
    days: dict[date, list[int]] = {
        date.fromordinal(ordinal): [] for ordinal in range(first.toordinal(), last.toordinal() + 1)
    }
    for start in starts:
        day = day_of(clock.wall(start))
        if day in days:
            days[day].append(start)
    yield from days.items()
