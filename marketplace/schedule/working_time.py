"""When a specialist works: weekly hours, the exceptions that replace them, as moments. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from marketplace.schedule.localtime import Zone, day_of, wall_of

# Minutes past a date's midnight, half-open, 0 to 1440.
Interval = tuple[int, int]

# What fits may run a whole day past its start, into dates that a change of the date line skips.
_DAYS_AHEAD = 4
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExceptionDates:
    """Dates, both ends included, whose intervals replace the weekly hours; none means days off."""

    date_from: date
    date_to: date
    intervals: tuple[Interval, ...]
    id: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """`hours` by ISO weekday (Monday is 1), sorted and not overlapping, as every exception's
    intervals are. `exceptions` overlap no more than their dates do, and cover what is asked for.
    """

    hours: Mapping[int, tuple[Interval, ...]]
    exceptions: tuple[ExceptionDates, ...] = ()

    def exception_on(self, day: date) -> ExceptionDates | None:
        """The exception that replaces this date's hours, or None."""
        for one in self.exceptions:
            if one.date_from <= day <= one.date_to:
                return one
        return None

    def intervals_on(self, day: date) -> tuple[Interval, ...]:
        """The working intervals of a date."""
        exception = self.exception_on(day)
        return self.hours.get(day.isoweekday(), ()) if exception is None else exception.intervals


@dataclass(frozen=True, slots=True)
class Shift:
    """One interval of one date. The moments are half-open; `block_end` is where the work that
    begins in it must end: intervals that touch, across midnight too, are one for that.
    """

    day: date
    wall_start: int
    wall_end: int
    start: int
    end: int
    block_end: int


def shifts(working: WorkingTime, zone: Zone, first: date, last: date) -> list[Shift]:
    """The shifts of the dates from `first` to `last`, both included, in order."""
    parts = [
        (day, wall, wall_end, zone.bound(wall), zone.bound(wall_end))
        for day in _days(first, last + _DAYS_AHEAD * _ONE_DAY)
        for wall, wall_end in _walls(day, working.intervals_on(day))
    ]
    found = []
    block_end = following = None
    for day, wall, wall_end, start, end in reversed(parts):
        if block_end is None or following is None or following > end:
            block_end = end
        following = start
        if day <= last:
            found.append(Shift(day, wall, wall_end, start, end, block_end))
    return found[::-1]


def outside(
    working: WorkingTime, zone: Zone, spans: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Of spans of moments, in any order, those that do not lie wholly within working time."""
    if not spans:
        return []
    first = day_of(zone.wall(min(start for start, _ in spans))) - _ONE_DAY
    last = day_of(zone.wall(max(end for _, end in spans))) + _ONE_DAY
    blocks = _blocks(shifts(working, zone, first, last))
    lows = [low for low, _ in blocks]

    def within(start: int, end: int) -> bool:
        # Blocks lie apart: only the last that begins by then can hold the span.
        number = bisect_right(lows, start) - 1
        return number >= 0 and end <= blocks[number][1]

    return [span for span in spans if not within(*span)]


def _blocks(found: Iterable[Shift]) -> list[tuple[int, int]]:
    blocks: dict[int, int] = {}
    for shift in found:
        blocks[shift.block_end] = min(blocks.get(shift.block_end, shift.start), shift.start)
    return [(start, end) for end, start in blocks.items()]


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _walls(day: date, intervals: Iterable[Interval]) -> Iterator[tuple[int, int]]:
    midnight = wall_of(day)
    for start, end in intervals:
        yield midnight + start * 60, midnight + end * 60
