from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from schedule.building import local

from marketplace.schedule.localtime import zone
from marketplace.schedule.working_time import ExceptionDates, WorkingTime, outside, shifts

BERLIN = "Europe/Berlin"
MONDAY = date(2026, 6, 1)
TUESDAY = date(2026, 6, 2)
WEEKDAYS = WorkingTime(hours={1: ((600, 840), (900, 1_080)), 2: ((600, 840),)})
NIGHTS = WorkingTime(hours={1: ((1_320, 1_440),), 2: ((0, 120), (120, 180), (240, 300))})


def _on(text: str, fold: int = 0) -> int:
    return local(BERLIN, text, fold)


def _spans(*texts: tuple[str, str]) -> list[tuple[int, int]]:
    return [(_on(start), _on(end)) for start, end in texts]


def test_shifts_come_in_order_with_their_dates_walls_and_moments() -> None:
    found = shifts(WEEKDAYS, zone(BERLIN), MONDAY, TUESDAY)

    assert [(one.day, one.start, one.end) for one in found] == [
        (MONDAY, _on("2026-06-01 10:00"), _on("2026-06-01 14:00")),
        (MONDAY, _on("2026-06-01 15:00"), _on("2026-06-01 18:00")),
        (TUESDAY, _on("2026-06-02 10:00"), _on("2026-06-02 14:00")),
    ]
    walls = [datetime.fromtimestamp(one.wall_start, UTC).hour for one in found]
    assert walls == [10, 15, 10]
    assert [one.block_end for one in found] == [one.end for one in found]


def test_a_week_without_hours_has_no_shifts() -> None:
    assert shifts(WorkingTime(hours={}), zone(BERLIN), MONDAY, TUESDAY) == []


def test_a_block_runs_through_intervals_that_touch_and_across_midnight() -> None:
    found = shifts(NIGHTS, zone(BERLIN), MONDAY, TUESDAY)

    until_three = _on("2026-06-02 03:00")
    assert [one.block_end for one in found] == [until_three] * 3 + [_on("2026-06-02 05:00")]


def test_a_block_runs_on_past_the_last_date_asked_for() -> None:
    found = shifts(NIGHTS, zone(BERLIN), MONDAY, MONDAY)

    assert [(one.day, one.block_end) for one in found] == [(MONDAY, _on("2026-06-02 03:00"))]


def test_round_the_clock_work_reaches_a_whole_day_past_the_last_start() -> None:
    always = WorkingTime(hours=dict.fromkeys(range(1, 8), ((0, 1_440),)))

    (found,) = shifts(always, zone(BERLIN), MONDAY, MONDAY)

    assert found.block_end >= found.end + 86_400


def test_a_day_off_tears_a_block() -> None:
    torn = WorkingTime(NIGHTS.hours, (ExceptionDates(TUESDAY, TUESDAY, ()),))

    (found,) = shifts(torn, zone(BERLIN), MONDAY, TUESDAY)

    assert found.block_end == found.end == _on("2026-06-02 00:00")


def test_an_exception_joins_the_night_before_it() -> None:
    night = WorkingTime({1: ((1_320, 1_440),)}, (ExceptionDates(TUESDAY, TUESDAY, ((0, 90),)),))

    found = shifts(night, zone(BERLIN), MONDAY, TUESDAY)

    assert [one.block_end for one in found] == [_on("2026-06-02 01:30")] * 2


def test_an_exception_holds_on_both_of_its_ends_and_no_further() -> None:
    away = WorkingTime(
        dict.fromkeys(range(1, 8), ((600, 660),)),
        (ExceptionDates(date(2026, 6, 2), date(2026, 6, 3), ((720, 780),)),),
    )

    hours = [away.intervals_on(date(2026, 6, day))[0][0] for day in (1, 2, 3, 4)]

    assert hours == [600, 720, 720, 600]


@pytest.mark.parametrize(
    ("day", "interval", "start", "end"),
    [
        ("2026-03-29", (0, 1_440), "2026-03-29 00:00", "2026-03-30 00:00"),
        ("2026-03-29", (60, 150), "2026-03-29 01:00", "2026-03-29 03:00"),
        ("2026-03-29", (130, 170), "2026-03-29 03:00", "2026-03-29 03:00"),
        ("2026-03-29", (150, 240), "2026-03-29 03:00", "2026-03-29 04:00"),
        ("2026-10-25", (150, 240), "2026-10-25 02:30", "2026-10-25 04:00"),
        ("2026-10-25", (60, 150), "2026-10-25 01:00", "2026-10-25 02:30"),
    ],
)
def test_a_shifts_bounds_follow_the_change_of_the_clock(
    day: str, interval: tuple[int, int], start: str, end: str
) -> None:
    date_ = date.fromisoformat(day)
    sundays = WorkingTime(hours={7: (interval,)})

    (found,) = shifts(sundays, zone(BERLIN), date_, date_)

    assert (found.start, found.end) == (_on(start), _on(end))


def test_intervals_with_only_skipped_time_between_them_are_one_block() -> None:
    sundays = WorkingTime(hours={7: ((60, 130), (170, 240))})

    first, second = shifts(sundays, zone(BERLIN), date(2026, 3, 29), date(2026, 3, 29))

    assert first.end == second.start
    assert first.block_end == second.end


def test_a_block_crosses_a_date_that_the_date_line_skips() -> None:
    always = WorkingTime(hours=dict.fromkeys(range(1, 8), ((0, 1_440),)))

    found = shifts(always, zone("Pacific/Apia"), date(2011, 12, 29), date(2011, 12, 31))

    skipped = found[1]
    assert skipped.start == skipped.end == found[0].end == found[2].start
    assert found[0].block_end >= found[0].end + 86_400


def test_nothing_is_outside_when_there_are_no_spans() -> None:
    assert outside(WorkingTime(hours={}), zone(BERLIN), []) == []


def test_everything_is_outside_when_there_are_no_hours() -> None:
    spans = _spans(("2026-06-01 10:00", "2026-06-01 11:00"))

    assert outside(WorkingTime(hours={}), zone(BERLIN), spans) == spans


@pytest.mark.parametrize(
    ("start", "end", "is_outside"),
    [
        ("2026-06-01 10:00", "2026-06-01 14:00", False),
        ("2026-06-01 11:00", "2026-06-01 12:00", False),
        ("2026-06-01 09:59", "2026-06-01 11:00", True),
        ("2026-06-01 13:00", "2026-06-01 14:01", True),
        ("2026-06-01 13:00", "2026-06-01 16:00", True),
        ("2026-06-01 14:00", "2026-06-01 15:00", True),
        ("2026-06-02 15:00", "2026-06-02 16:00", True),
        ("2026-06-03 10:00", "2026-06-03 11:00", True),
    ],
)
def test_a_span_is_outside_unless_it_lies_wholly_in_an_interval(
    start: str, end: str, is_outside: bool
) -> None:
    spans = _spans((start, end))

    found = outside(WEEKDAYS, zone(BERLIN), spans)

    assert found == (spans if is_outside else [])


def test_a_span_may_cross_midnight_and_the_edges_of_touching_intervals() -> None:
    inside = ("2026-06-01 23:00", "2026-06-02 03:00")
    beyond = ("2026-06-01 23:00", "2026-06-02 03:01")

    assert outside(NIGHTS, zone(BERLIN), _spans(inside, beyond)) == _spans(beyond)


def test_spans_outside_are_told_in_the_order_they_came_in() -> None:
    late, fine, early = _spans(
        ("2026-06-09 20:00", "2026-06-09 21:00"),
        ("2026-06-08 10:00", "2026-06-08 11:00"),
        ("2026-06-01 08:00", "2026-06-01 09:00"),
    )

    assert outside(WEEKDAYS, zone(BERLIN), [late, fine, early]) == [late, early]


def test_a_span_of_several_days_of_round_the_clock_work_is_inside() -> None:
    always = WorkingTime(hours=dict.fromkeys(range(1, 8), ((0, 1_440),)))
    spans = _spans(("2026-10-24 12:00", "2026-10-26 12:00"))

    assert outside(always, zone(BERLIN), spans) == []


def test_the_repeated_hour_is_inside_the_interval_that_contains_it() -> None:
    sundays = WorkingTime(hours={7: ((60, 240),)})
    second = (_on("2026-10-25 02:00", fold=1), _on("2026-10-25 03:00"))

    assert outside(sundays, zone(BERLIN), [second]) == []


def test_the_second_occurrence_is_outside_an_interval_that_ends_at_the_first() -> None:
    sundays = WorkingTime(hours={7: ((60, 150),)})
    second = (_on("2026-10-25 02:00", fold=1), _on("2026-10-25 02:15", fold=1))

    assert outside(sundays, zone(BERLIN), [second]) == [second]


def test_the_last_date_asked_for_reaches_past_a_date_that_the_date_line_skips() -> None:
    always = WorkingTime(hours=dict.fromkeys(range(1, 8), ((0, 1_440),)))

    (found,) = shifts(always, zone("Pacific/Apia"), date(2011, 12, 29), date(2011, 12, 29))

    assert found.block_end >= found.end + 86_400


def test_a_clock_put_back_into_yesterday_does_not_end_the_interval_that_has_begun() -> None:
    # At 00:01 on Sunday the clock went back to 23:01 on Saturday, which has no hours.
    name = "America/St_Johns"
    sundays = WorkingTime(hours={7: ((0, 600),)})
    again = local(name, "2010-11-06 23:15", fold=1)

    assert outside(sundays, zone(name), [(again, again + 1_800)]) == []
