from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from schedule import naive
from schedule.building import availability, local, moment
from schedule.naive import Case, Interval

from marketplace.schedule.availability import Rule

BERLIN = "Europe/Berlin"
JUNE_2 = date(2026, 6, 2)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _hours(text: str) -> tuple[Interval, ...]:
    """`10:00-14:00 15:00-18:00` as intervals."""
    pairs = [part.split("-") for part in text.split()]
    return tuple((_minutes(start), _minutes(end)) for start, end in pairs)


def _at(text: str, zone: str = BERLIN) -> datetime:
    return moment(local(zone, text))


def _daily(text: str) -> dict[int, tuple[Interval, ...]]:
    return dict.fromkeys(naive.EVERY_DAY, _hours(text))


def _claim(start: str, end: str) -> tuple[tuple[datetime, datetime], ...]:
    return ((_at(start), _at(end)),)


def _exception(first: date, text: str = "", days: int = 1) -> dict[str, Any]:
    return {"exceptions": ((first, first + timedelta(days=days - 1), _hours(text)),)}


# Asked on Monday, 1 June 2026, at nine, of a service of an hour; no hours on Wednesdays.
USUAL = Case(
    zone=BERLIN,
    now=_at("2026-06-01 09:00"),
    hours={day: _hours("10:00-14:00 15:00-18:00") for day in (1, 2, 4, 5, 6, 7)},
)
NO_HOURS: dict[str, Any] = {"hours": {}}
LONG_AWAY = _exception(date(2027, 1, 1), "10:00-11:00")
NOTICE = {"notice": 120}
WEEK = {"horizon": 7}
TAKEN = {"claims": _claim("2026-06-02 11:00", "2026-06-02 12:00")}

VERDICTS: list[tuple[dict[str, Any], str, Rule | None]] = [
    (
        {
            "horizon": 1,
            "now": _at("2026-06-01 23:59:59") + timedelta(milliseconds=500),
            "hours": _daily("10:00-12:00"),
        },
        "2026-06-03 10:00",
        Rule.TOO_FAR,
    ),
    ({}, "2026-06-02 10:00", None),
    ({}, "2026-06-01 08:59", Rule.IN_THE_PAST),
    ({"now": _at("2026-06-01 10:00")}, "2026-06-01 10:00", None),
    (
        {"now": _at("2026-06-01 10:00") + timedelta(microseconds=1)},
        "2026-06-01 10:00",
        "in_the_past",
    ),
    (NO_HOURS, "2026-06-01 08:59", Rule.IN_THE_PAST),
    (NO_HOURS, "2026-06-02 10:00", Rule.NO_HOURS),
    (NO_HOURS | _exception(JUNE_2), "2026-06-02 10:00", Rule.NO_HOURS),
    (NO_HOURS | LONG_AWAY, "2026-06-02 10:00", Rule.OUTSIDE_HOURS),
    (_exception(JUNE_2), "2026-06-02 10:00", Rule.DAY_OFF),
    (_exception(JUNE_2), "2026-06-02 03:00", Rule.DAY_OFF),
    (_exception(JUNE_2, days=3), "2026-06-04 10:00", Rule.DAY_OFF),
    (_exception(JUNE_2, days=3), "2026-06-05 10:00", None),
    (_exception(JUNE_2, "19:00-21:00"), "2026-06-02 10:00", Rule.OUTSIDE_HOURS),
    (_exception(JUNE_2, "19:00-21:00"), "2026-06-02 19:30", None),
    ({}, "2026-06-03 10:00", Rule.OUTSIDE_HOURS),
    ({}, "2026-06-02 09:30", Rule.OUTSIDE_HOURS),
    ({}, "2026-06-02 14:00", Rule.OUTSIDE_HOURS),
    ({}, "2026-06-02 14:30", Rule.OUTSIDE_HOURS),
    ({}, "2026-06-02 10:10", Rule.OFF_THE_STEP),
    ({}, "2026-06-02 10:30:01", Rule.OFF_THE_STEP),
    ({}, "2026-06-02 13:45", Rule.OFF_THE_STEP),
    ({}, "2026-06-02 13:00", None),
    ({}, "2026-06-02 13:30", Rule.DOES_NOT_FIT),
    (NOTICE, "2026-06-01 13:30", Rule.DOES_NOT_FIT),
    (NOTICE, "2026-06-01 10:30", Rule.TOO_SOON),
    (NOTICE, "2026-06-01 11:00", None),
    (NOTICE | {"now": _at("2026-06-01 09:00:01")}, "2026-06-01 11:00", Rule.TOO_SOON),
    (WEEK, "2026-06-08 17:00", None),
    (WEEK, "2026-06-09 10:00", Rule.TOO_FAR),
    (WEEK | {"notice": 20_000}, "2026-06-09 10:00", Rule.TOO_SOON),
    ({"horizon": 1, "now": _at("2026-05-31 23:59")}, "2026-06-01 17:00", None),
    ({"horizon": 1, "now": _at("2026-05-31 23:59")}, "2026-06-02 10:00", Rule.TOO_FAR),
    ({"horizon": 1, "now": _at("2026-06-01 00:00")}, "2026-06-02 10:00", None),
    (TAKEN | {"horizon": 0}, "2026-06-02 11:00", Rule.TOO_FAR),
    (TAKEN, "2026-06-02 11:00", Rule.TAKEN),
    (TAKEN, "2026-06-02 10:30", Rule.TAKEN),
    (TAKEN, "2026-06-02 11:30", Rule.TAKEN),
    (TAKEN, "2026-06-02 10:00", None),
    (TAKEN, "2026-06-02 12:00", None),
    (TAKEN | {"after": 1}, "2026-06-02 10:00", Rule.TAKEN),
    (TAKEN | {"after": 1}, "2026-06-02 12:00", None),
    (TAKEN | {"before": 1}, "2026-06-02 10:00", None),
    (TAKEN | {"before": 1}, "2026-06-02 12:00", Rule.TAKEN),
    (TAKEN | {"before": 30}, "2026-06-02 12:30", None),
    ({"before": 60, "after": 60}, "2026-06-02 10:00", None),
    ({"before": 60, "after": 60}, "2026-06-02 13:00", None),
]


def _listed(case: Case, day: str, days: int = 1) -> str:
    """The walls of the starts of whole dates of the specialist."""
    first = datetime.fromisoformat(day)
    low, high = (local(case.zone, str(each)) for each in (first, first + timedelta(days=days)))
    found = availability(case).starts(low, high)
    assert [moment(each) for each in found] == naive.starts(case, moment(low), moment(high))
    return " ".join(f"{moment(each).astimezone(ZoneInfo(case.zone)):%H:%M}" for each in found)


SPRING = {"now": _at("2026-03-01 09:00")}
AUTUMN = {"now": _at("2026-10-01 09:00")}
LISTINGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "the grid begins anew with each interval": (
        {"hours": _daily("10:10-12:00 15:05-17:00"), "step": 45},
        "2026-06-02",
        "10:10 10:55 15:05 15:50",
    ),
    "intervals that touch are one for fitting and two for the grid": (
        {"hours": _daily("10:00-10:50 10:50-12:00")},
        "2026-06-02",
        "10:00 10:30 10:50",
    ),
    "work may run through midnight into the next date": (
        {"hours": _daily("00:00-00:30 22:30-24:00")},
        "2026-06-02",
        "22:30 23:00 23:30",
    ),
    "work may not run into a date off": (
        {"hours": _daily("00:00-00:30 22:30-24:00")} | _exception(date(2026, 6, 3)),
        "2026-06-02",
        "22:30 23:00",
    ),
    "a service as long as its interval fits once": (
        {"hours": _daily("10:00-12:00"), "duration": 120},
        "2026-06-02",
        "10:00",
    ),
    "a service longer than every interval never fits": (
        {"hours": _daily("10:00-12:00"), "duration": 125},
        "2026-06-02",
        "",
    ),
    "an exception replaces the hours": (
        _exception(JUNE_2, "19:00-20:30"),
        "2026-06-02",
        "19:00 19:30",
    ),
    "a date off has none": (_exception(JUNE_2), "2026-06-02", ""),
    "an exception gives hours to a weekday without": (
        _exception(date(2026, 6, 3), "08:00-09:00"),
        "2026-06-03",
        "08:00",
    ),
    "buffers keep their distance on both sides": (
        TAKEN | {"hours": _daily("09:00-15:00"), "before": 30, "after": 15},
        "2026-06-02",
        "09:00 09:30 12:30 13:00 13:30 14:00",
    ),
    "notice cuts today's first starts off": (
        {"notice": 90, "now": _at("2026-06-01 15:31")},
        "2026-06-01",
        "",
    ),
    "notice to the minute": (
        {"notice": 90, "now": _at("2026-06-01 15:30")},
        "2026-06-01",
        "17:00",
    ),
    "the last date of the horizon is whole": (
        {"horizon": 1},
        "2026-06-02",
        "10:00 10:30 11:00 11:30 12:00 12:30 13:00 15:00 15:30 16:00 16:30 17:00",
    ),
    "past the horizon there are none": ({"horizon": 1}, "2026-06-04", ""),
    "skipped wall times are not offered": (
        SPRING | {"hours": _daily("01:00-04:00"), "duration": 30},
        "2026-03-29",
        "01:00 01:30 03:00 03:30",
    ),
    "an interval that begins in skipped time keeps its grid": (
        SPRING | {"hours": _daily("02:40-04:00"), "duration": 15},
        "2026-03-29",
        "03:10 03:40",
    ),
    "the skipped hour is no time to work": (
        SPRING | {"hours": _daily("01:00-04:00"), "duration": 120},
        "2026-03-29",
        "01:00",
    ),
    "repeated wall times are offered once": (
        AUTUMN | {"hours": _daily("01:30-04:00"), "duration": 30},
        "2026-10-25",
        "01:30 02:00 02:30 03:00 03:30",
    ),
    "the repeated hour is time to work": (
        AUTUMN | {"hours": _daily("01:00-03:00"), "duration": 180},
        "2026-10-25",
        "01:00",
    ),
    "an interval ends at the first occurrence of its end": (
        AUTUMN | {"hours": _daily("01:00-02:30")},
        "2026-10-25",
        "01:00 01:30",
    ),
}


@pytest.mark.parametrize(("changes", "start", "rule"), VERDICTS)
def test_a_start_is_refused_by_the_first_rule_it_breaks(
    changes: dict[str, Any], start: str, rule: Rule | None
) -> None:
    case = replace(USUAL, **changes)
    seconds = local(BERLIN, start)

    verdict = availability(case).judge(seconds)

    assert verdict == rule
    assert naive.first_rule(case, moment(seconds)) == rule
    assert (seconds in availability(case).starts(seconds, seconds + 1)) == (rule is None)


def test_the_rules_stand_in_the_order_of_the_contract() -> None:
    in_order = (
        "in_the_past, no_hours, day_off, outside_hours, off_the_step, "
        "does_not_fit, too_soon, too_far, taken"
    )

    assert ", ".join(Rule) == in_order


@pytest.mark.parametrize(("changes", "day", "starts"), LISTINGS.values(), ids=LISTINGS)
def test_a_date_lists_its_starts(changes: dict[str, Any], day: str, starts: str) -> None:
    assert _listed(replace(USUAL, **changes), day) == starts
