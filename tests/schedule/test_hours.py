"""Weekly hours: the whole week at once, in wall time."""

from __future__ import annotations

from typing import Any

import pytest
from actors import Actor, assert_problem
from schedule.support import (
    HOURS,
    NOBODY,
    SETTINGS,
    assert_not_modified,
    assert_refused,
    booked,
    state,
    weekly,
)

from marketplace.core.clock import utc_now
from marketplace.schedule import operations, queries

WEEK = [weekly(1, "10:00", "14:00"), weekly(1, "15:00", "19:00"), weekly(7, "20:00", "24:00")]
MONDAY = ("2026-11-30T10:00:00+03:00", "2026-11-30T11:00:00+03:00")
GOOD: list[tuple[str, list[dict[str, Any]]]] = [
    ("no hours at all", []),
    ("a whole day", [weekly(3, "00:00", "24:00")]),
    ("one minute", [weekly(3, "23:59", "24:00")]),
    ("touching intervals", [weekly(2, "10:00", "12:00"), weekly(2, "12:00", "14:00")]),
    ("touching midnight", [weekly(2, "20:00", "24:00"), weekly(3, "00:00", "02:00")]),
    ("the same interval every day", [weekly(day) for day in range(1, 8)]),
    (
        "as many as there may be",
        [
            weekly(day, f"{hour:02d}:00", f"{hour:02d}:30")
            for day in range(1, 8)
            for hour in range(24)
        ],
    ),
]
BAD: list[tuple[Any, dict[str, list[str]]]] = [
    ({}, {"hours": ["required"]}),
    ({"hours": None}, {"hours": ["null"]}),
    ({"hours": {}}, {"hours": ["list"]}),
    ({"hours": "10:00"}, {"hours": ["list"]}),
    ({"hours": [], "zone": "UTC"}, {"zone": ["unknown"]}),
    ({"hours": ["10:00"]}, {"hours.0": ["object"]}),
    ({"hours": [None]}, {"hours.0": ["null"]}),
    ({"hours": [{}]}, {f"hours.0.{name}": ["required"] for name in ("weekday", "start", "end")}),
    ({"hours": [weekly() | {"note": "x"}]}, {"hours.0.note": ["unknown"]}),
    ({"hours": [weekly(0)]}, {"hours.0.weekday": ["range"]}),
    ({"hours": [weekly(8)]}, {"hours.0.weekday": ["range"]}),
    ({"hours": [weekly("1")]}, {"hours.0.weekday": ["integer"]}),
    ({"hours": [weekly(True)]}, {"hours.0.weekday": ["integer"]}),
    ({"hours": [weekly(1.5)]}, {"hours.0.weekday": ["integer"]}),
    ({"hours": [weekly(start="24:00", end="24:00")]}, {"hours.0.start": ["wall_time"]}),
    *(
        ({"hours": [weekly(end=end)]}, {"hours.0.end": ["wall_time"]})
        for end in (
            "24:01",
            "25:00",
            "14:60",
            "9:00",
            "14:00:00",
            "14.00",
            "",
            " 14:00",
            14,
            "１４:00",
        )
    ),
    ({"hours": [weekly(end=None)]}, {"hours.0.end": ["null"]}),
    ({"hours": [weekly(start="14:00")]}, {"hours.0.end": ["interval_reversed"]}),
    ({"hours": [weekly(start="14:01")]}, {"hours.0.end": ["interval_reversed"]}),
    ({"hours": [weekly(), weekly()]}, {"hours.1": ["intervals_overlap"]}),
    ({"hours": [weekly(), weekly(1, "13:59", "15:00")]}, {"hours.1": ["intervals_overlap"]}),
    ({"hours": [weekly(1, "13:59", "15:00"), weekly()]}, {"hours.0": ["intervals_overlap"]}),
    ({"hours": [weekly(), weekly(1, "11:00", "12:00")]}, {"hours.1": ["intervals_overlap"]}),
    ({"hours": [weekly()] * 169}, {"hours": ["too_many_items"]}),
    ([], {"body": ["object"]}),
]


def test_a_new_specialist_has_no_hours(specialist: Actor) -> None:
    answer = specialist.get(HOURS)

    assert (answer.status_code, answer.get_json()) == (200, {"hours": []})
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_week_is_replaced_whole_and_shown_in_order(specialist: Actor) -> None:
    specialist.put(HOURS, {"hours": [weekly(5)]})

    answer = specialist.put(HOURS, {"hours": WEEK[::-1]})

    assert answer.status_code == 200, answer.text
    assert answer.get_json() == {"hours": WEEK} | NOBODY
    shown = specialist.get(HOURS)
    assert shown.get_json() == {"hours": WEEK}
    assert shown.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("hours", [hours for _, hours in GOOD], ids=[name for name, _ in GOOD])
def test_good_weeks_are_kept_as_given(specialist: Actor, hours: list[dict[str, Any]]) -> None:
    answer = specialist.put(HOURS, {"hours": hours})

    assert answer.status_code == 200, answer.text
    assert specialist.get(HOURS).get_json() == {"hours": hours}


@pytest.mark.parametrize("dry_run", ["false", "true"])
@pytest.mark.parametrize(("body", "faults"), BAD)
def test_a_bad_week_is_refused_and_changes_nothing(
    specialist: Actor, body: Any, faults: dict[str, list[str]], dry_run: str
) -> None:
    specialist.put(HOURS, {"hours": WEEK})
    before = state(specialist)

    answer = specialist.put(f"{HOURS}?dry_run={dry_run}", body)

    assert_refused(answer, faults)
    assert state(specialist) == before


@pytest.mark.parametrize(
    ("query", "name"), [("dry_run=yes", "dry_run"), ("dry=1", "dry"), ("dry_run=", "dry_run")]
)
def test_a_bad_query_is_refused_and_changes_nothing(
    specialist: Actor, query: str, name: str
) -> None:
    before = state(specialist)

    assert_problem(specialist.put(f"{HOURS}?{query}", {"hours": WEEK}), 422, "invalid_fields", name)

    assert state(specialist) == before


def test_a_dry_run_changes_nothing(specialist: Actor) -> None:
    specialist.put(HOURS, {"hours": WEEK})
    before = state(specialist)

    answer = specialist.put(f"{HOURS}?dry_run=true", {"hours": []})

    assert (answer.status_code, answer.get_json()) == (200, NOBODY)
    assert "ETag" not in answer.headers
    assert state(specialist) == before


def test_hours_are_changed_only_as_they_were_read(specialist: Actor) -> None:
    stale = specialist.get(HOURS).headers["ETag"]
    specialist.put(HOURS, {"hours": WEEK})
    before = state(specialist)

    for query in ("", "?dry_run=1"):
        refused = specialist.put(f"{HOURS}{query}", {"hours": []}, headers={"If-Match": stale})
        assert_problem(refused, 412, "precondition_failed")
    assert state(specialist) == before

    fresh = {"If-Match": specialist.get(HOURS).headers["ETag"]}
    assert specialist.put(HOURS, {"hours": []}, headers=fresh).status_code == 200
    assert specialist.get(HOURS).get_json() == {"hours": []}


def test_unchanged_hours_are_not_sent_again(specialist: Actor) -> None:
    specialist.put(HOURS, {"hours": WEEK})

    assert_not_modified(specialist, HOURS)


def test_hours_that_change_while_they_are_read_do_not_get_the_tag_of_the_newest(
    specialist: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = queries.weekly_hours

    def read_before_a_change(user_id: int) -> list[tuple[int, int, int]]:
        found = read(user_id)
        monkeypatch.undo()
        operations.replace_hours(
            user_id,
            [(2, 600, 660)],
            require_match=lambda _: None,
            dry_run=False,
            now=utc_now(),
        )
        return found

    monkeypatch.setattr(queries, "weekly_hours", read_before_a_change)
    stale = specialist.get(HOURS)

    newest = specialist.get(HOURS, headers={"If-None-Match": stale.headers["ETag"]})
    assert stale.get_json() == {"hours": []}
    assert newest.get_json() == {"hours": [weekly(2, "10:00", "11:00")]}


def test_hours_are_everybodys_own(specialist: Actor, rival: Actor) -> None:
    specialist.put(HOURS, {"hours": WEEK})

    rival.put(HOURS, {"hours": [weekly(2)]})

    assert specialist.get(HOURS).get_json() == {"hours": WEEK}


def test_bookings_outside_the_new_hours_are_told_before_and_after(
    specialist: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    [kept, lost] = booked(
        monkeypatch, MONDAY, ("2026-11-30T18:30:00+03:00", "2026-11-30T19:00:00+03:00")
    )
    covering, shorter = {"hours": WEEK}, {"hours": WEEK[:1]}

    assert specialist.put(HOURS, covering).get_json() == {"hours": WEEK} | NOBODY
    told = specialist.put(f"{HOURS}?dry_run=1", shorter).get_json()
    assert specialist.get(HOURS).get_json() == covering
    done = specialist.put(HOURS, shorter).get_json()

    assert told == {"affected_bookings": [lost], "affected_count": 1}
    assert done == shorter | told
    gone = specialist.put(f"{HOURS}?dry_run=1", {"hours": []}).get_json()
    assert gone == {"affected_bookings": [kept, lost], "affected_count": 2}


def test_a_hundred_affected_bookings_are_named_and_all_are_counted(
    specialist: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = booked(monkeypatch, *[MONDAY] * 103)

    told = specialist.put(HOURS, {"hours": []}).get_json()

    assert (told["affected_bookings"], told["affected_count"]) == (shown[:100], 103)


def test_a_new_zone_tells_of_bookings_it_leaves_outside(
    specialist: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    [booking] = booked(monkeypatch, MONDAY)
    specialist.put(HOURS, {"hours": WEEK[:1]})

    told = specialist.patch(f"{SETTINGS}?dry_run=1", {"timezone": "Asia/Vladivostok"}).get_json()

    assert told == {"affected_bookings": [booking], "affected_count": 1}
    assert specialist.get(SETTINGS).get_json()["timezone"] == "Europe/Moscow"
