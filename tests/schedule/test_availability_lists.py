from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from schedule import naive
from schedule.building import availability, local, moment
from schedule.naive import Case

from marketplace.schedule.availability import Rule, by_day

BERLIN = "Europe/Berlin"
ROUND_THE_CLOCK = dict.fromkeys(naive.EVERY_DAY, ((0, 1_440),))
# Ten to noon every day, an hour each: 10:00, 10:30 and 11:00.
SHORT = Case(
    zone=BERLIN,
    now=moment(local(BERLIN, "2026-06-01 09:00")),
    hours=dict.fromkeys(naive.EVERY_DAY, ((600, 720),)),
    horizon=3,
)


def _on(*texts: str) -> list[int]:
    return [local(BERLIN, text) for text in texts]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, "2026-03-28", 24),
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 24),
        ("America/Havana", "2026-03-08", 23),
        ("America/Havana", "2026-11-01", 24),
        ("Asia/Beirut", "2026-03-29", 23),
        ("Asia/Beirut", "2026-10-24", 24),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Pacific/Apia", "2011-12-31", 24),
        ("Asia/Kolkata", "2026-03-29", 24),
        ("Pacific/Kiritimati", "2026-03-29", 24),
    ],
)
def test_round_the_clock_a_date_offers_each_wall_time_it_has_once(
    zone: str, day: str, hours: float
) -> None:
    noon = local(zone, f"{day} 12:00")
    now = moment(noon - 4 * 86_400)
    case = Case(zone=zone, now=now, hours=ROUND_THE_CLOCK, step=15, duration=15)

    found = availability(case).starts(noon - 2 * 86_400, noon + 2 * 86_400)

    wanted = date.fromisoformat(day)
    ((_, starts),) = by_day(found, zone, wanted, wanted)
    assert len(starts) == hours * 4


@pytest.mark.parametrize(
    ("start", "fold", "rule"),
    [
        ("2026-10-25 02:30", 0, None),
        ("2026-10-25 02:30", 1, Rule.OFF_THE_STEP),
        ("2026-10-25 02:59", 1, Rule.OFF_THE_STEP),
        ("2026-10-25 03:00", 0, None),
    ],
)
def test_only_the_first_occurrence_of_a_repeated_start_is_offered(
    start: str, fold: int, rule: Rule | None
) -> None:
    now = moment(local(BERLIN, "2026-10-24 12:00"))
    case = Case(zone=BERLIN, now=now, hours=ROUND_THE_CLOCK)

    verdict = availability(case).judge(local(BERLIN, start, fold))

    assert verdict == rule


def test_the_second_occurrence_lies_outside_an_interval_that_has_ended() -> None:
    now = moment(local(BERLIN, "2026-10-24 12:00"))
    case = Case(zone=BERLIN, now=now, hours={7: ((60, 150),)}, duration=30)

    verdict = availability(case).judge(local(BERLIN, "2026-10-25 02:00", fold=1))

    assert verdict == Rule.OUTSIDE_HOURS


def test_the_horizon_counts_dates_of_the_specialists_zone() -> None:
    zone = "Pacific/Kiritimati"
    now = moment(local(zone, "2026-06-02 00:30"))
    case = Case(zone=zone, now=now, hours=ROUND_THE_CLOCK, horizon=1)

    last = availability(case).starts(*availability(case).span)[-1]

    assert last == local(zone, "2026-06-03 23:30")
    assert availability(case).judge(last + 1_800) == Rule.TOO_FAR


def test_a_span_begins_now_and_ends_with_the_last_date() -> None:
    assert availability(SHORT).span == tuple(_on("2026-06-01 09:00", "2026-06-05 00:00"))


def test_a_window_includes_its_begin_and_not_its_end() -> None:
    begin, end = _on("2026-06-02 10:00", "2026-06-02 11:00")

    found = availability(SHORT).starts(begin, end)

    assert found == _on("2026-06-02 10:00", "2026-06-02 10:30")


@pytest.mark.parametrize("reach", [0, -3_600])
def test_an_empty_window_lists_nothing(reach: int) -> None:
    (begin,) = _on("2026-06-02 10:00")

    assert availability(SHORT).starts(begin, begin + reach) == []


NEAREST = [
    ("2026-06-02 10:10", ["2026-06-02 10:00", "2026-06-02 10:30", "2026-06-02 11:00"]),
    ("2026-06-02 10:15", ["2026-06-02 10:00", "2026-06-02 10:30", "2026-06-02 11:00"]),
    ("2026-06-02 10:45", ["2026-06-02 10:30", "2026-06-02 11:00", "2026-06-02 10:00"]),
    ("2026-06-02 22:30", ["2026-06-02 11:00", "2026-06-03 10:00", "2026-06-02 10:30"]),
    ("2026-05-01 10:00", ["2026-06-01 10:00", "2026-06-01 10:30", "2026-06-01 11:00"]),
    ("2027-01-01 10:00", ["2026-06-04 11:00", "2026-06-04 10:30", "2026-06-04 10:00"]),
]


@pytest.mark.parametrize(("wanted", "nearest"), NEAREST)
def test_the_nearest_come_first_and_the_earlier_of_two_as_near(
    wanted: str, nearest: list[str]
) -> None:
    found = availability(SHORT).nearest(*_on(wanted))

    assert found == _on(*nearest)


def test_the_nearest_are_fewer_when_there_are_no_more() -> None:
    case = replace(SHORT, horizon=0, duration=90)

    found = availability(case).nearest(*_on("2026-06-01 15:00"))

    assert found == _on("2026-06-01 10:30", "2026-06-01 10:00")


def test_nothing_is_near_when_nothing_is_offered() -> None:
    case = replace(SHORT, hours={})

    assert availability(case).nearest(*_on("2026-06-01 15:00")) == []


def test_the_nearest_are_found_a_year_away() -> None:
    far = date(2027, 5, 20)
    case = replace(SHORT, hours={}, exceptions=((far, far, ((600, 720),)),), horizon=365)

    found = availability(case).nearest(*_on("2026-06-01 15:00"))

    assert found == _on("2027-05-20 10:00", "2027-05-20 10:30", "2027-05-20 11:00")


def test_the_nearest_pass_over_what_is_taken() -> None:
    claimed = tuple(moment(each) for each in _on("2026-06-02 10:00", "2026-06-02 12:00"))
    case = replace(SHORT, claims=(claimed,))

    found = availability(case).nearest(*_on("2026-06-02 10:00"))

    assert found == _on("2026-06-01 11:00", "2026-06-01 10:30", "2026-06-01 10:00")


def test_starts_are_put_under_the_dates_of_the_viewers_zone() -> None:
    starts = _on("2026-06-01 20:30", "2026-06-02 10:00", "2026-06-03 23:30")

    found = dict(by_day(starts, "Asia/Kolkata", date(2026, 6, 1), date(2026, 6, 4)))

    assert found == {
        date(2026, 6, 1): [],
        date(2026, 6, 2): starts[:2],
        date(2026, 6, 3): [],
        date(2026, 6, 4): starts[2:],
    }


def test_starts_of_other_dates_are_left_out() -> None:
    starts = _on("2026-06-01 10:00", "2026-06-02 10:00", "2026-06-03 10:00")

    found = list(by_day(starts, BERLIN, date(2026, 6, 2), date(2026, 6, 2)))

    assert found == [(date(2026, 6, 2), starts[1:2])]


def test_a_window_that_ends_in_a_repeated_yesterday_lists_what_today_began_with() -> None:
    # At 00:01 on 7 November the clock went back to 23:01 on the 6th.
    zone = "America/St_Johns"
    now = moment(local(zone, "2010-11-05 12:00"))
    case = Case(zone=zone, now=now, hours=ROUND_THE_CLOCK)
    begin, end = local(zone, "2010-11-06 23:30"), local(zone, "2010-11-06 23:30", fold=1)

    found = availability(case).starts(begin, end)

    assert found == [begin, local(zone, "2010-11-07 00:00")]
