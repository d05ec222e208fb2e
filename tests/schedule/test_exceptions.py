"""Exceptions: dates whose weekly hours are replaced."""

from __future__ import annotations

from typing import Any

import pytest
from actors import Actor, assert_problem
from schedule.support import (
    EXCEPTIONS,
    HOURS,
    NOBODY,
    add,
    assert_refused,
    booked,
    dates,
    interval,
    state,
    weekly,
)
from services.support import listed, pages, read_through

BAD: list[tuple[Any, dict[str, list[str]]]] = [
    ({}, {name: ["required"] for name in ("date_from", "date_to", "intervals")}),
    ([], {"body": ["object"]}),
    (dates() | {"weekday": 1}, {"weekday": ["unknown"]}),
    (dates(None, "2030-05-01"), {"date_from": ["null"]}),
    *(
        (dates(day, "2030-05-01"), {"date_from": ["date"]})
        for day in (
            *("2030-02-29", "2030-13-01", "2030-5-1", "20300501", "01.05.2030", "", 20300501),
            *("1999-12-31", "2100-01-01", "2030-05-01T00:00:00Z", "2030-W18-3", "２030-05-01"),
        )
    ),
    (dates("2030-05-02", "2030-05-01"), {"date_to": ["dates_reversed"]}),
    (dates("2030-05-01", "2031-05-02"), {"date_to": ["too_many_days"]}),
    (dates() | {"intervals": None}, {"intervals": ["null"]}),
    (dates() | {"intervals": {}}, {"intervals": ["list"]}),
    (dates("2030-05-01", None, "10:00"), {"intervals.0": ["object"]}),
    (dates("2030-05-01", None, {}), {f"intervals.0.{x}": ["required"] for x in ("start", "end")}),
    (dates("2030-05-01", None, weekly()), {"intervals.0.weekday": ["unknown"]}),
    (dates("2030-05-01", None, interval("24:00", "24:00")), {"intervals.0.start": ["wall_time"]}),
    (dates("2030-05-01", None, interval(end="24:30")), {"intervals.0.end": ["wall_time"]}),
    (dates("2030-05-01", None, interval(end="10:00")), {"intervals.0.end": ["interval_reversed"]}),
    (
        dates("2030-05-01", None, interval(), interval("13:30", "15:00")),
        {"intervals.1": ["intervals_overlap"]},
    ),
    (dates("2030-05-01", None, *[interval()] * 25), {"intervals": ["too_many_items"]}),
    (dates() | {"reason": "я" * 501}, {"reason": ["too_long"]}),
    (dates() | {"reason": None}, {"reason": ["null"]}),
    (dates() | {"reason": 1}, {"reason": ["string"]}),
    (dates() | {"reason": "a\x00b"}, {"reason": ["control_characters"]}),
]
GOOD = [
    dates(),
    dates("2028-01-01", "2028-12-31"),
    dates("2000-01-01", "2000-01-01"),
    dates("2099-12-31", "2099-12-31"),
    dates("2030-05-01", None, interval("00:00", "24:00")),
    dates("2030-05-01", None, interval("10:00", "12:00"), interval("12:00", "14:00")),
    dates("2030-05-01", None, *(interval(f"{h:02d}:00", f"{h:02d}:01") for h in range(24))),
    dates() | {"reason": "я" * 500},
]


@pytest.mark.parametrize("body", GOOD)
def test_an_exception_is_made_and_listed(specialist: Actor, body: dict[str, Any]) -> None:
    answer = specialist.post(EXCEPTIONS, body)

    assert answer.status_code == 201, answer.text
    shown = {"reason": ""} | body | {"id": answer.get_json()["id"]}
    assert answer.get_json() == shown | NOBODY
    assert answer.headers["ETag"]
    assert listed(specialist, EXCEPTIONS) == [shown]


def test_intervals_are_shown_in_order(specialist: Actor) -> None:
    early, late = interval("08:00", "09:00"), interval("20:00", "24:00")

    made = add(specialist, "2030-05-01", None, late, early)

    assert made["intervals"] == [early, late]
    assert listed(specialist, EXCEPTIONS)[0]["intervals"] == [early, late]


@pytest.mark.parametrize("dry_run", ["0", "1"])
@pytest.mark.parametrize(("body", "faults"), BAD)
def test_a_bad_exception_is_refused_and_nothing_is_stored(
    specialist: Actor, body: Any, faults: dict[str, list[str]], dry_run: str
) -> None:
    answer = specialist.post(f"{EXCEPTIONS}?dry_run={dry_run}", body)

    assert_refused(answer, faults)
    assert listed(specialist, EXCEPTIONS) == []


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2030-05-10", "2030-05-20"),
        ("2030-05-01", "2030-05-10"),
        ("2030-05-20", "2030-05-31"),
        ("2030-05-12", "2030-05-13"),
        ("2030-01-01", "2030-12-31"),
    ],
)
def test_two_exceptions_never_share_a_date(
    specialist: Actor, rival: Actor, first: str, last: str
) -> None:
    add(specialist, "2030-05-10", "2030-05-20")
    before = state(specialist)

    for query in ("", "?dry_run=true"):
        answer = specialist.post(f"{EXCEPTIONS}{query}", dates(first, last, interval()))
        assert_problem(answer, 409, "exception_overlaps")

    assert state(specialist) == before
    add(rival, first, last)


def test_exceptions_may_touch(specialist: Actor) -> None:
    add(specialist, "2030-05-10", "2030-05-20")

    add(specialist, "2030-05-09")
    add(specialist, "2030-05-21", "2030-06-30")

    assert len(listed(specialist, EXCEPTIONS)) == 3


def test_a_dry_run_makes_nothing(specialist: Actor) -> None:
    before = state(specialist)

    answer = specialist.post(f"{EXCEPTIONS}?dry_run=true", dates())

    assert (answer.status_code, answer.get_json()) == (200, NOBODY)
    assert state(specialist) == before


def test_a_removed_exception_is_gone_and_its_dates_are_free(specialist: Actor) -> None:
    made = add(specialist, "2030-05-01", None, interval())
    path = f"{EXCEPTIONS}{made['id']}/"
    before = state(specialist)

    rehearsed = specialist.delete(f"{path}?dry_run=1")
    unchanged = state(specialist)
    removed = specialist.delete(path)

    assert (rehearsed.status_code, rehearsed.get_json()) == (200, NOBODY)
    assert unchanged == before
    assert (removed.status_code, removed.get_json()) == (200, NOBODY)
    assert listed(specialist, EXCEPTIONS) == []
    assert_problem(specialist.delete(path), 404, "not_found")
    assert add(specialist, "2030-05-01")["id"] > made["id"]


def test_anothers_exception_is_not_there(specialist: Actor, rival: Actor) -> None:
    path = f"{EXCEPTIONS}{add(specialist)['id']}/"
    before = state(specialist)

    for query in ("", "?dry_run=true"):
        assert_problem(rival.delete(f"{path}{query}"), 404, "not_found")

    assert listed(rival, EXCEPTIONS) == []
    assert state(specialist) == before


def test_an_exception_is_removed_only_as_it_was_read(specialist: Actor) -> None:
    answer = specialist.post(EXCEPTIONS, dates())
    path = f"{EXCEPTIONS}{answer.get_json()['id']}/"

    refused = specialist.delete(path, headers={"If-Match": '"another"'})

    assert_problem(refused, 412, "precondition_failed")
    assert len(listed(specialist, EXCEPTIONS)) == 1
    tag = {"If-Match": answer.headers["ETag"]}
    assert specialist.delete(path, headers=tag).status_code == 200


def test_pages_follow_the_first_date(specialist: Actor) -> None:
    days = [5, 3, 9, 1, 7, 2, 8]
    by_day = {day: add(specialist, f"2030-05-{day:02d}")["id"] for day in days}
    expected = [by_day[day] for day in sorted(days)]

    for limit in (1, 2, 3, 7, 100):
        assert read_through(specialist, EXCEPTIONS, limit=limit) == expected
    assert [len(page) for page in pages(specialist, EXCEPTIONS, limit=3)] == [3, 3, 1]


def test_the_total_is_told_when_asked_for(specialist: Actor, rival: Actor) -> None:
    for day in (1, 2, 3):
        add(specialist, f"2030-05-0{day}")
    add(rival)

    counted = specialist.get(f"{EXCEPTIONS}?count=true&limit=2")

    assert counted.headers["X-Total-Count"] == "3"
    filtered = specialist.get(f"{EXCEPTIONS}?count=1&from=2030-05-03")
    assert filtered.headers["X-Total-Count"] == "1"
    assert "X-Total-Count" not in specialist.get(EXCEPTIONS).headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"from": "2030-05-12"}, [1, 2]),
        ({"from": "2030-05-13"}, [2]),
        ({"to": "2030-05-10"}, [0, 1]),
        ({"to": "2030-05-09"}, [0]),
        ({"from": "2030-05-11", "to": "2030-05-11"}, [1]),
        ({"from": "2030-05-02", "to": "2030-05-09"}, []),
        ({"from": "2030-01-01", "to": "2030-12-31", "limit": 1}, [0, 1, 2]),
    ],
)
def test_dates_keep_the_exceptions_that_touch_them(
    specialist: Actor, query: dict[str, Any], found: list[int]
) -> None:
    ids = [
        add(specialist, *span)["id"]
        for span in (("2030-05-01",), ("2030-05-10", "2030-05-12"), ("2030-05-20",))
    ]

    assert read_through(specialist, EXCEPTIONS, **query) == [ids[number] for number in found]


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("from=yesterday", {"from": ["date"]}),
        ("to=2030-02-30", {"to": ["date"]}),
        ("to=2101-01-01", {"to": ["date"]}),
        ("from=2030-05-02&to=2030-05-01", {"to": ["dates_reversed"]}),
        ("limit=0", {"limit": ["range"]}),
        ("limit=101", {"limit": ["range"]}),
        ("cursor=x", {"cursor": ["cursor"]}),
        ("first=2030-05-01", {"first": ["unknown_parameter"]}),
    ],
)
def test_a_bad_query_is_refused(
    specialist: Actor, query: str, faults: dict[str, list[str]]
) -> None:
    assert_refused(specialist.get(f"{EXCEPTIONS}?{query}"), faults)


def test_days_off_and_their_end_tell_of_the_bookings_they_leave_outside(
    specialist: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = ("2026-11-30T10:00:00+03:00", "2026-11-30T11:00:00+03:00")
    affected = {"affected_bookings": booked(monkeypatch, booking), "affected_count": 1}
    specialist.put(HOURS, {"hours": [weekly(1)]})
    off = dates("2026-11-30")

    told = specialist.post(f"{EXCEPTIONS}?dry_run=1", off).get_json()
    made = specialist.post(EXCEPTIONS, off).get_json()
    path = f"{EXCEPTIONS}{made['id']}/"

    assert told == affected
    assert {name: made[name] for name in affected} == affected
    assert specialist.delete(f"{path}?dry_run=1").get_json() == NOBODY
    specialist.put(HOURS, {"hours": []})
    assert specialist.delete(path).get_json() == affected
