from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule.building import utc
from schedule.strategies import ZONES, change_dates, zoned_dates

from marketplace.schedule.localtime import day_of, moment_of, seconds_of, wall_of, zone

thorough = settings(max_examples=300, derandomize=True, deadline=None, database=None)

# A wall time, then the moment in UTC at which the clock first shows it.
SHOWN = [
    ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59"),
    ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00"),
    ("Europe/Berlin", "2026-10-25 01:59", "2026-10-24 23:59"),
    ("Europe/Berlin", "2026-10-25 02:00", "2026-10-25 00:00"),
    ("Europe/Berlin", "2026-10-25 02:59", "2026-10-25 00:59"),
    ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00"),
    ("America/New_York", "2026-03-08 03:00", "2026-03-08 07:00"),
    ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
    ("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00"),
    ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),
    ("Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-04 15:30"),
    ("Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-03 15:30"),
    ("America/Havana", "2026-11-01 00:00", "2026-11-01 04:00"),
    ("America/Havana", "2026-11-01 00:30", "2026-11-01 04:30"),
    ("America/Havana", "2026-11-01 01:00", "2026-11-01 06:00"),
    ("Asia/Beirut", "2026-10-24 23:30", "2026-10-24 20:30"),
    ("Asia/Beirut", "2026-10-25 00:00", "2026-10-24 22:00"),
    ("America/St_Johns", "2010-11-06 23:30", "2010-11-07 02:00"),
    ("America/St_Johns", "2010-11-07 00:00", "2010-11-07 02:30"),
    ("America/St_Johns", "2010-11-07 00:30", "2010-11-07 04:00"),
    ("Pacific/Apia", "2011-12-29 23:59", "2011-12-30 09:59"),
    ("Pacific/Apia", "2011-12-31 00:00", "2011-12-30 10:00"),
    ("Pacific/Chatham", "2026-04-05 03:00", "2026-04-04 13:15"),
    ("Pacific/Chatham", "2026-04-05 03:45", "2026-04-04 15:00"),
    ("Asia/Kolkata", "2026-03-29 02:30", "2026-03-28 21:00"),
    ("Pacific/Kiritimati", "2026-01-01 00:00", "2025-12-31 10:00"),
]
# A wall time that is never shown, then the moment of the jump past it.
SKIPPED = [
    ("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00"),
    ("Europe/Berlin", "2026-03-29 02:59", "2026-03-29 01:00"),
    ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00"),
    ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
    ("America/Havana", "2026-03-08 00:00", "2026-03-08 05:00"),
    ("America/Havana", "2026-03-08 00:59", "2026-03-08 05:00"),
    ("Asia/Beirut", "2026-03-29 00:30", "2026-03-28 22:00"),
    ("Pacific/Apia", "2011-12-30 00:00", "2011-12-30 10:00"),
    ("Pacific/Apia", "2011-12-30 23:59", "2011-12-30 10:00"),
    ("Pacific/Chatham", "2026-09-27 03:00", "2026-09-26 14:00"),
]
WIRE = [
    ("Europe/Moscow", "2026-11-24 07:00", "2026-11-24T10:00:00+03:00"),
    ("UTC", "2026-11-24 07:00", "2026-11-24T07:00:00+00:00"),
    ("Europe/Berlin", "2026-10-25 00:30", "2026-10-25T02:30:00+02:00"),
    ("Europe/Berlin", "2026-10-25 01:30", "2026-10-25T02:30:00+01:00"),
    ("Asia/Kolkata", "2026-03-28 21:00", "2026-03-29T02:30:00+05:30"),
    ("Pacific/Chatham", "2026-04-04 15:00", "2026-04-05T03:45:00+12:45"),
    ("Pacific/Marquesas", "2026-01-01 00:00", "2025-12-31T14:30:00-09:30"),
    ("Africa/Monrovia", "1971-06-01 00:00", "1971-06-01T00:00:00+00:00"),
]


@pytest.mark.parametrize(("name", "wall", "moment"), SHOWN)
def test_a_wall_time_is_first_shown_at_its_moment(name: str, wall: str, moment: str) -> None:
    found = zone(name).first(utc(wall))

    assert found == utc(moment)
    assert zone(name).bound(utc(wall)) == found
    assert zone(name).wall(found) == utc(wall)


@pytest.mark.parametrize(("name", "wall", "moment"), SKIPPED)
def test_a_skipped_wall_time_falls_on_the_jump(name: str, wall: str, moment: str) -> None:
    clock = zone(name)

    found = clock.bound(utc(wall))

    assert clock.first(utc(wall)) is None
    assert found == utc(moment)


@pytest.mark.parametrize(("name", "moment", "text"), WIRE)
def test_a_moment_is_written_with_the_offset_of_its_zone(name: str, moment: str, text: str) -> None:
    found = zone(name).wire(utc(moment))

    assert found == text


@pytest.mark.parametrize(
    ("day", "offset"),
    [("2026-03-28", 3_600), ("2026-03-29", None), ("2026-03-30", 7_200), ("2026-10-25", None)],
)
def test_only_a_date_without_a_change_has_a_steady_offset(day: str, offset: int | None) -> None:
    found = zone("Europe/Berlin").steady_offset(date.fromisoformat(day))

    assert found == offset


@pytest.mark.parametrize(
    ("microseconds", "seconds"),
    [(0, 0), (1, 1), (500_000, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)],
)
def test_a_fraction_of_a_second_is_rounded_up(microseconds: int, seconds: int) -> None:
    base = datetime(2026, 11, 24, 7, tzinfo=UTC)

    found = seconds_of(base + timedelta(microseconds=microseconds))

    assert found == utc("2026-11-24 07:00") + seconds


def test_a_moment_may_come_in_any_offset() -> None:
    moment = datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=3)))

    found = seconds_of(moment)

    assert found == utc("2026-11-24 07:00")
    assert moment_of(found) == moment
    assert moment_of(found).utcoffset() == timedelta(0)


def test_midnight_at_the_end_of_a_date_is_the_next_dates() -> None:
    day = date(2026, 12, 31)

    assert wall_of(day, 1_440) == wall_of(date(2027, 1, 1))
    assert day_of(wall_of(day, 1_440) - 1) == day
    assert day_of(wall_of(day, 1_440)) == date(2027, 1, 1)


def test_an_unknown_zone_is_not_found() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zone("Europe/Atlantis")


@thorough
@given(zoned_dates(), st.lists(st.integers(-1_440, 2_880), min_size=2, max_size=40))
def test_later_wall_times_never_have_an_earlier_bound(
    place: tuple[str, date], minutes: list[int]
) -> None:
    name, day = place
    walls = [wall_of(day, each) for each in sorted(minutes)]

    bounds = [zone(name).bound(wall) for wall in walls]

    assert bounds == sorted(bounds)


@thorough
@given(zoned_dates(), st.lists(st.integers(0, 172_800), min_size=1, max_size=20))
def test_the_first_moment_of_what_the_clock_shows_is_no_later_than_now(
    place: tuple[str, date], seconds: list[int]
) -> None:
    name, day = place
    clock = zone(name)

    for moment in (wall_of(day) - 43_200 + each for each in seconds):
        first = clock.first(clock.wall(moment))

        assert first is not None
        assert first <= moment
        assert clock.wall(first) == clock.wall(moment)


def _moments_showing(name: str, wall: int) -> list[int]:
    """All of them: since 1987 every offset is of whole quarters of an hour."""
    clock = zone(name)
    quarters = [wall - quarter * 900 for quarter in range(60, -61, -1)]
    return [moment for moment in quarters if clock.wall(moment) == wall]


@thorough
@given(zoned_dates(), st.lists(st.integers(0, 1_440), min_size=1, max_size=8))
def test_first_finds_the_earliest_moment_or_none_and_bound_the_jump(
    place: tuple[str, date], minutes: list[int]
) -> None:
    name, day = place
    clock = zone(name)

    for wall in (wall_of(day, each) for each in minutes):
        shown = _moments_showing(name, wall)
        first, bound = clock.first(wall), clock.bound(wall)

        assert first == (shown[0] if shown else None)
        assert clock.wall(bound - 1) < wall <= clock.wall(bound)


def test_every_zone_keeps_its_order_through_every_change_of_some_years() -> None:
    for name in ZONES[::3]:
        for year in (2011, 2026):
            for day in change_dates(name, year):
                walls = [wall_of(day, minute) for minute in range(-120, 1_560, 15)]

                bounds = [zone(name).bound(wall) for wall in walls]

                assert bounds == sorted(bounds), (name, day)
