"""A specialist's free time as few rows that answer for a service of any duration. Pure.

A row is a run of equally spaced starts of one working interval, within one gap between claims. A
claim that expires needs no rewriting of rows when it does: the gaps there are with it and without
it are rows beside each other, each valid for its own time of asking. The horizon is such a limit
too: a row is valid from the moment at which its date comes within it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from marketplace.schedule.availability import Terms, grid
from marketplace.schedule.localtime import DAY_SECONDS, day_of, zone
from marketplace.schedule.working_time import WorkingTime, shifts

BEGINNING, FOREVER = 0, 253_402_300_799_999_999
MICROSECONDS = 1_000_000
# Of a service.
MIN_DURATION, MAX_DURATION = 5 * 60, 1_440 * 60
_ONE_DAY = timedelta(days=1)
_FAR = 2**62


class Claim(NamedTuple):
    """A busy span, buffers included, in seconds; `expires` is in microseconds, or `FOREVER`."""

    busy_from: int
    busy_until: int
    expires: int = FOREVER


class FreeSpan(NamedTuple):
    """The starts `first_start`, `first_start + step`, … up to `last_start` are offered for what
    ends by `last_end`, to whoever asks at a moment from `valid_from` until `valid_until`
    (microseconds; the others are seconds) and starts no sooner than `notice` after it. All of them
    are `utc_offset` behind what the specialist's clock shows then.
    """

    first_start: int
    valid_from: int
    valid_until: int
    last_start: int
    last_end: int
    step: int
    utc_offset: int
    notice: int


def free_spans(
    terms: Terms, working: WorkingTime, claims: Sequence[Claim], first: date, last: date
) -> list[FreeSpan]:
    """The rows of the starts on the dates from `first` to `last`, both included.

    Exceptions must be there from these dates on to four days later, claims (sorted, overlapping
    nowhere) from a day before to two days after.
    """
    clock, step = zone(terms.timezone), terms.step * 60
    before, after, notice = terms.buffer_before * 60, terms.buffer_after * 60, terms.min_notice * 60
    froms, untils = [each.busy_from for each in claims], [each.busy_until for each in claims]
    found: list[FreeSpan] = []
    for shift in shifts(working, clock, first, last):
        opened = _opened(terms.timezone, shift.day - timedelta(days=terms.horizon_days))
        for low, high, offset in _runs(grid(shift, clock, step), step, terms.timezone):
            cap = min(shift.block_end, high + MAX_DURATION)
            near = claims[bisect_right(untils, low - before) : bisect_left(froms, cap + after)]
            for since, until, valid_from, valid_until in _gaps(near):
                skipped = max(0, -(-(since + before - low) // step))
                first_start, last_end = low + skipped * step, min(cap, until - after)
                latest = min(high, last_end - MIN_DURATION)
                if first_start > latest:
                    continue
                last_start = first_start + (latest - first_start) // step * step
                found += (
                    FreeSpan(
                        first_start,
                        max(valid_from, opens),
                        min(valid_until, closes),
                        last_start,
                        last_end,
                        step,
                        offset,
                        notice,
                    )
                    for opens, closes in opened
                    if max(valid_from, opens) < min(valid_until, closes)
                )
    return found


def touched_dates(
    terms: Terms, working: WorkingTime, busy_from: int, busy_until: int
) -> tuple[date, date] | None:
    """The dates, both included, whose rows may depend on a claim of this span; None for none."""
    first, last = dates_near(terms, busy_from, busy_until)
    clock = zone(terms.timezone)
    days = [
        shift.day
        for shift in shifts(working, clock, first, last)
        if shift.block_end > busy_from - terms.buffer_after * 60
        and shift.start < busy_until + terms.buffer_before * 60
    ]
    return (days[0], days[-1]) if days else None


def dates_near(terms: Terms, busy_from: int, busy_until: int) -> tuple[date, date]:
    """The dates whose rows a claim of this span may touch, whatever the working time."""
    clock = zone(terms.timezone)
    first = day_of(clock.wall(busy_from - terms.buffer_after * 60 - MAX_DURATION))
    last = day_of(clock.wall(busy_until + terms.buffer_before * 60))
    # A clock put back at midnight shows yesterday's date again.
    return (
        first if clock.steady_offset(first) is not None else first - _ONE_DAY,
        last if clock.steady_offset(last) is not None else last + _ONE_DAY,
    )


def bounds(timezone: str, first: date, last: date) -> tuple[int, int]:
    """The half-open span of moments in which the starts of these dates lie."""
    clock = zone(timezone)
    return clock.bound(_midnight(first)), clock.bound(_midnight(last + _ONE_DAY))


def effective(spans: Sequence[FreeSpan], now: int) -> set[FreeSpan]:
    """What rows say to whoever asks at `now` (microseconds) or later: of rows written at different
    times this is the same when all they offer is.
    """
    found = set()
    for span in spans:
        past = -(-now // MICROSECONDS) - span.first_start
        first = span.first_start + max(0, -(-past // span.step)) * span.step
        if span.valid_until > now and first <= span.last_start:
            found.add(span._replace(first_start=first, valid_from=max(span.valid_from, now)))
    return found


def _midnight(day: date) -> int:
    return (day.toordinal() - _EPOCH_DAY) * DAY_SECONDS


_EPOCH_DAY = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=8_192)
def _opened(timezone: str, today: date) -> tuple[tuple[int, int], ...]:
    """When (microseconds) it is `today` or later in a zone."""
    return tuple(
        (max(BEGINNING, since * MICROSECONDS), FOREVER if until is None else until * MICROSECONDS)
        for since, until in zone(timezone).since_date(today)
    )


def _runs(starts: range | list[int], step: int, timezone: str) -> Iterator[tuple[int, int, int]]:
    """Starts as (first, last, the clock's offset) of runs that are equally spaced."""
    if not starts:
        return
    clock = zone(timezone)
    first = last = starts[0]
    offset = clock.wall(first) - first
    if isinstance(starts, range):
        yield first, starts[-1], offset
        return
    for start in starts[1:]:
        if start - last != step or clock.wall(start) - start != offset:
            yield first, last, offset
            first, offset = start, clock.wall(start) - start
        last = start
    yield first, last, offset


def _gaps(claims: Sequence[Claim]) -> Iterator[tuple[int, int, int, int]]:
    """(since, until, valid_from, valid_until) of every gap there ever is between claims that hold
    time: between two of them, as long as both do and all those between them have expired.
    """
    ends = [Claim(-_FAR, -_FAR), *claims, Claim(_FAR, _FAR)]
    for number, left in enumerate(ends[:-1], 1):
        gone = BEGINNING
        for at in range(number, len(ends)):
            right = ends[at]
            kept = min(left.expires, right.expires)
            if gone < kept and left.busy_until < right.busy_from:
                yield left.busy_until, right.busy_from, gone, kept
            gone = max(gone, right.expires)
            if gone >= left.expires:
                break
