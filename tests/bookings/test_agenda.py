"""The specialist's days, and which bookings a change of working time affects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from actors import Actor, assert_problem
from bookings.support import (
    EXCEPTIONS,
    HOURS,
    SETTINGS,
    act,
    book,
    claims,
    day,
    except_on,
    go_to,
    moment,
    open_diary,
    set_up,
    shown,
    slot,
)
from flask import Flask

AGENDA = "/api/schedule/agenda/"
WORK = [{"start": "10:00", "end": "18:00"}]
MORNINGS = {
    "hours": [{"weekday": number, "start": "10:00", "end": "13:00"} for number in range(1, 8)]
}


def agenda(caller: Actor, query: str = "") -> list[dict[str, Any]]:
    answer = caller.get(f"{AGENDA}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["timezone"] == "Europe/Moscow"
    days: list[dict[str, Any]] = answer.get_json()["days"]
    return days


def test_an_agenda_shows_hours_exceptions_and_bookings(
    client: Actor, specialist: Actor, rival: Actor, service: int
) -> None:
    off = except_on(specialist, 2)
    short = except_on(specialist, 3, ("12:00", "14:00"))
    late = book(client, service, slot("15:00"))["id"]
    early = book(client, service, slot("10:00"))["id"]
    act(client, book(client, service, slot("12:00"))["id"], "cancel")

    days = agenda(specialist, f"?from={day(1)}&to={day(3)}")

    told = [
        (each["date"], each["exception"], each["intervals"], [b["id"] for b in each["bookings"]])
        for each in days
    ]
    assert told == [
        (day(1), None, WORK, [early, late]),
        (day(2), off, [], []),
        (day(3), short, [{"start": "12:00", "end": "14:00"}], []),
    ]
    assert {each["reason"] for each in days} == {""}
    row = {name: value for name, value in shown(specialist, early).items() if name != "events"}
    assert days[0]["bookings"][0] == row
    answer = rival.get(f"{AGENDA}?from={day(1)}").get_json()
    assert answer["days"][0]["bookings"] == []


def test_a_booking_that_runs_past_midnight_is_of_both_dates(
    client: Actor, specialist: Actor, service: int
) -> None:
    open_diary(specialist, "00:00", "24:00")
    booking_id = book(client, service, slot("23:30"))["id"]
    book(client, service, slot("22:30"))
    book(client, service, slot("00:30", 2))

    alone = agenda(specialist, f"?from={day(2)}")
    both = agenda(specialist, f"?from={day(1)}&to={day(3)}")

    assert [len(each["bookings"]) for each in both] == [2, 2, 0]
    assert alone == both[1:2]
    assert alone[0]["bookings"][0]["id"] == both[0]["bookings"][1]["id"] == booking_id


def test_an_agenda_shows_requests_until_they_expire(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, auto_confirm=False)
    book(client, service)

    assert [row["status"] for row in agenda(specialist, f"?from={day()}")[0]["bookings"]] == [
        "pending"
    ]
    go_to(clock, moment(), specialist)
    assert agenda(specialist)[0]["bookings"] == []


def test_an_agenda_is_of_today_until_the_very_end_of_it(
    anonymous: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    go_to(clock, moment("00:00") - timedelta(milliseconds=500), specialist)

    assert [each["date"] for each in agenda(specialist)] == [day(0)]
    slots = anonymous.get(f"/api/services/{service}/slots/").get_json()
    assert [each["date"] for each in slots["days"]] == [day(0)]


def test_an_agenda_is_of_today_and_of_31_days_at_most(specialist: Actor, service: int) -> None:
    assert [each["date"] for each in agenda(specialist)] == [day(0)]
    assert len(agenda(specialist, f"?from={day(0)}&to={day(30)}")) == 31
    for query in (f"?from={day(0)}&to={day(31)}", f"?to={day(-1)}"):
        assert_problem(specialist.get(f"{AGENDA}{query}"), 422, "invalid_fields", "to")


def test_an_agenda_is_a_specialists(client: Actor, anonymous: Actor) -> None:
    assert_problem(client.get(AGENDA), 403, "wrong_role")
    assert_problem(anonymous.get(AGENDA), 401, "token_required")


@pytest.mark.parametrize("change", ["hours", "day off", "shorter", "zone"])
def test_a_dry_run_tells_the_bookings_left_outside_and_changes_nothing(
    app: Flask, client: Actor, specialist: Actor, service: int, change: str
) -> None:
    inside, outside = book(client, service, slot("11:00", 2)), book(client, service, slot("15:00"))
    act(client, book(client, service, slot("16:00"))["id"], "cancel")
    shorter = {"intervals": [{"start": "10:00", "end": "15:30"}]}
    dates = {"date_from": day(), "date_to": day()}
    calls: dict[str, tuple[str, str, dict[str, Any]]] = {
        "hours": ("PUT", HOURS, MORNINGS),
        "day off": ("POST", EXCEPTIONS, dates | {"intervals": []}),
        "shorter": ("POST", EXCEPTIONS, dates | shorter),
        # 15:00 in Moscow is 18:00 in Omsk, 11:00 is 14:00.
        "zone": ("PATCH", SETTINGS, {"timezone": "Asia/Omsk"}),
    }
    method, path, body = calls[change]
    before = state(specialist)
    kept = ("id", "status", "service_name", "client", "starts_at", "ends_at")
    affected = {
        "affected_bookings": [{name: outside[name] for name in kept}],
        "affected_count": 1,
    }

    rehearsed = specialist.call(method, f"{path}?dry_run=true", json=body)

    assert (rehearsed.status_code, rehearsed.get_json()) == (200, affected)
    assert state(specialist) == before
    done = specialist.call(method, path, json=body)
    assert done.status_code == (201 if method == "POST" else 200)
    assert {name: done.get_json()[name] for name in affected} == affected
    assert state(specialist) != before
    for made in (inside, outside):
        assert shown(client, made["id"]) == made
    assert len(claims(app)) == 2


def test_removing_an_exception_tells_the_bookings_made_in_it(
    client: Actor, specialist: Actor, service: int
) -> None:
    exception = except_on(specialist, 1, ("20:00", "22:00"))
    made = book(client, service, slot("20:00"))
    path = f"{EXCEPTIONS}{exception}/"

    for query in ("?dry_run=true", ""):
        answer = specialist.delete(f"{path}{query}")
        assert answer.status_code == 200
        assert [row["id"] for row in answer.get_json()["affected_bookings"]] == [made["id"]]
    assert_problem(specialist.delete(path), 404, "not_found")


def test_bookings_of_the_past_are_not_affected(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    book(client, service, slot("15:00"))
    go_to(clock, moment("15:00"), specialist)

    answer = specialist.put(f"{HOURS}?dry_run=true", {"hours": []})

    assert answer.get_json() == {"affected_bookings": [], "affected_count": 0}


def state(specialist: Actor) -> list[Any]:
    answers = [specialist.get(path) for path in (HOURS, EXCEPTIONS, SETTINGS)]
    return [(answer.get_json(), answer.headers.get("ETag")) for answer in answers]
