"""Wall clocks of IANA zones and moments, through every change of a clock. Pure.

Both are whole seconds since 1970-01-01 00:00, moments in UTC, walls as the zone's clock shows them:
the slot grid is counted in their thousands, where aware datetimes would cost ten times as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
_EPOCH_DAY = date(1970, 1, 1).toordinal()
# No clock is further from UTC.
_FURTHEST = 16 * 3_600
# No zone changes its clock and changes it back within six hours.
_SAMPLES = tuple(range(0, DAY_SECONDS + 1, DAY_SECONDS // 4))


def seconds_of(moment: datetime) -> int:
    """An aware moment's whole seconds, a fraction rounded up: what starts at a whole second is no
    sooner than `moment` when it is no sooner than this.
    """
    return -int(-moment.timestamp() // 1)


def moment_of(seconds: int) -> datetime:
    """The aware UTC moment of whole seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def wall_of(day: date, minutes: int = 0) -> int:
    """The wall time of a date at minutes past its midnight."""
    return (day.toordinal() - _EPOCH_DAY) * DAY_SECONDS + minutes * 60


def day_of(wall: int) -> date:
    """The date of a wall time."""
    return date.fromordinal(wall // DAY_SECONDS + _EPOCH_DAY)


class Zone:
    """The clock of one IANA zone. Made by `zone`, which remembers it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = ZoneInfo(name)
        self._steady = lru_cache(maxsize=1_024)(self._find_steady)

    def wall(self, moment: int) -> int:
        """What the clock shows at a moment."""
        return moment + self._offset(moment)

    def first(self, wall: int) -> int | None:
        """The moment at which the clock shows a wall time, the first of two when it is repeated;
        None when it is skipped.
        """
        steady = self._steady(wall // DAY_SECONDS)
        if steady is not None:
            return wall - steady
        moment = wall - self._offset_of_wall(wall, fold=0)
        return moment if self.wall(moment) == wall else None

    def bound(self, wall: int) -> int:
        """The moment at which the clock first shows a wall time or, when it is skipped, jumps past
        it. Never decreases as `wall` grows, so intervals of walls stay in order as moments.
        """
        moment = self.first(wall)
        return self._jump_past(wall) if moment is None else moment

    def shown(self, low: int, high: int) -> list[tuple[int, int]]:
        """The half-open spans of moments at which the clock shows a wall time of `low` to `high`
        (not included), in order and apart: more than one when it is put back within them.
        """
        found: list[tuple[int, int]] = []
        for since, until, offset in self._pieces(low - _FURTHEST, high + _FURTHEST):
            start, end = max(since, low - offset), min(until, high - offset)
            if start < end and found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            elif start < end:
                found.append((start, end))
        return found

    def since_date(self, day: date) -> list[tuple[int, int | None]]:
        """The spans of moments at which the clock shows this date or a later one; the last has no
        end. There is a second one where the clock is put back past midnight.
        """
        midnight = wall_of(day)
        if self.steady_offset(day) is not None:
            return [(self.bound(midnight), None)]
        *before, (start, _) = self.shown(midnight, midnight + 3 * DAY_SECONDS)
        return [*before, (start, None)]

    def steady_offset(self, day: date) -> int | None:
        """The clock's seconds ahead of UTC on a date, None when they change on it."""
        return self._steady(day.toordinal() - _EPOCH_DAY)

    def wire(self, moment: int) -> str:
        """A moment as RFC 3339 with the zone's offset: `2026-11-24T10:00:00+03:00`."""
        text = datetime.fromtimestamp(moment, self._info).isoformat()
        # Offsets with seconds are of times before 1972, and RFC 3339 cannot write them.
        return (
            text if len(text) == len("2026-11-24T10:00:00+03:00") else moment_of(moment).isoformat()
        )

    def _pieces(self, since: int, until: int) -> Iterator[tuple[int, int, int]]:
        """The spans of constant offset from one moment to another."""
        begun, offset = since, self._offset(since)
        for hour in range(since, until, 3_600):
            end = min(hour + 3_600, until)
            if self._offset(end) != offset:
                before, after = hour, end
                while after - before > 1:
                    middle = (before + after) // 2
                    if self._offset(middle) == offset:
                        before = middle
                    else:
                        after = middle
                yield begun, after, offset
                begun, offset = after, self._offset(after)
        yield begun, until, offset

    def _find_steady(self, day: int) -> int | None:
        walls = [day * DAY_SECONDS + sample for sample in _SAMPLES]
        offsets = {self._offset_of_wall(wall, fold=fold) for wall in walls for fold in (0, 1)}
        return offsets.pop() if len(offsets) == 1 else None

    def _offset_of_wall(self, wall: int, *, fold: int) -> int:
        naive = _EPOCH + timedelta(seconds=wall)
        return _whole(naive.replace(tzinfo=self._info, fold=fold).utcoffset())

    def _offset(self, moment: int) -> int:
        return _whole(datetime.fromtimestamp(moment, self._info).utcoffset())

    def _jump_past(self, wall: int) -> int:
        # In a gap, fold 1 reads the wall with the clock's later offset and so lands before the
        # jump, fold 0 with the earlier one and lands after it (PEP 495).
        before = wall - self._offset_of_wall(wall, fold=1)
        after = wall - self._offset_of_wall(wall, fold=0)
        earlier = self._offset(before)
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset(middle) == earlier:
                before = middle
            else:
                after = middle
        return after


@lru_cache(maxsize=1_024)
def zone(name: str) -> Zone:
    """The clock of an IANA zone. Raises `zoneinfo.ZoneInfoNotFoundError` for an unknown name."""
    return Zone(name)


def _whole(offset: timedelta | None) -> int:
    return 0 if offset is None else offset.days * DAY_SECONDS + offset.seconds
