"""Random schedules, and random dates that are seldom far from a change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st
from schedule.building import CHANGES
from schedule.naive import Case, Interval

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
_STEPS = (5, 7, 15, 20, 30, 45, 60, 90, 240)
_DURATIONS = (5, 15, 30, 45, 60, 90, 120, 180, 480, 1_440)
_EDGES = (0, 1, 30, 60, 90, 120, 135, 150, 180, 210, 240, 600, 1_080, 1_380, 1_410, 1_439, 1_440)


@lru_cache(maxsize=4_096)
def change_dates(zone: str, year: int) -> tuple[date, ...]:
    """The dates of a year within which, by UTC, the zone's clock changes."""
    info = ZoneInfo(zone)
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=each) for each in range(366)]
    offsets = [day.astimezone(info).utcoffset() for day in days]
    pairs = zip(days, offsets, offsets[1:], strict=False)
    return tuple(day.date() for day, offset, following in pairs if offset != following)


@st.composite
def zoned_dates(draw: st.DrawFn) -> tuple[str, date]:
    """Any zone and, three times of four where there is one, a date next to a change."""
    zone = draw(st.sampled_from(ZONES))
    year = draw(st.integers(2_000, 2_037))
    changes = change_dates(zone, year)
    if changes and draw(st.integers(0, 3)):
        return zone, draw(st.sampled_from(changes)) + timedelta(days=draw(st.integers(-1, 1)))
    return zone, date(year, 1, 1) + timedelta(days=draw(st.integers(0, 364)))


@st.composite
def intervals(draw: st.DrawFn, fewest_edges: int = 0) -> tuple[Interval, ...]:
    """Sorted intervals of a date that do not overlap, many of which touch."""
    minute = st.one_of(st.sampled_from(_EDGES), st.integers(0, 1_440))
    edges = sorted(draw(st.sets(minute, min_size=fewest_edges, max_size=6)))
    return tuple(pair for pair in pairwise(edges) if draw(st.integers(0, 3)))


@st.composite
def places(draw: st.DrawFn) -> tuple[str, date]:
    if draw(st.integers(0, 2)):
        zone, day = draw(st.sampled_from(CHANGES))
        return zone, date.fromisoformat(day)
    return draw(zoned_dates())


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, datetime, datetime]:
    """A case, and the window of one or two UTC days around a change of its clock to ask about."""
    zone, day = draw(places())
    first = day - timedelta(days=draw(st.integers(0, 1)))
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    until = since + timedelta(days=draw(st.integers(1, 2)))
    if draw(st.integers(0, 3)):
        hours = dict.fromkeys(range(1, 8), draw(intervals(fewest_edges=3)))
    else:
        hours = draw(st.dictionaries(st.integers(1, 7), intervals(), max_size=7))
    special = draw(st.dictionaries(st.integers(-1, 3), intervals(), max_size=2))
    exceptions = [(first + timedelta(days=each), special[each]) for each in sorted(special)]
    edges = sorted(draw(st.lists(st.integers(-60, 3_200), max_size=12)))
    claims = [
        (since + timedelta(minutes=low), since + timedelta(minutes=min(high, low + 100)))
        for low, high in pairwise(edges)
        if low < high
    ]
    fraction = timedelta(seconds=draw(st.sampled_from((0, 0.000001, 1, 30.5))))
    case = Case(
        zone=zone,
        now=since
        + timedelta(minutes=draw(st.one_of(st.integers(-2_880, 0), st.integers(0, 1_440))))
        + fraction,
        hours=hours,
        exceptions=tuple((one, one, found) for one, found in exceptions),
        claims=tuple(claims),
        duration=draw(st.sampled_from(_DURATIONS)),
        step=draw(st.sampled_from(_STEPS)),
        notice=draw(st.sampled_from((0, 0, 30, 120, 1_440))),
        horizon=draw(st.integers(1, 4)),
        before=draw(st.sampled_from((0, 0, 10, 45))),
        after=draw(st.sampled_from((0, 0, 15, 60))),
    )
    return case, since, until
