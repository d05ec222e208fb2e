"""The table of a booking's life over HTTP: every state, action, caller, before and after the
start.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from actors import Actor, People, assert_problem
from bookings.support import (
    ACTIONS,
    BOOKINGS,
    LEADS_TO,
    NOW,
    RESULTS,
    STATUSES,
    act,
    add_bookings,
    book,
    go_to,
    move,
    open_diary,
    set_up,
    shown,
    slot,
)

# Who brought a booking into its state.
BY = {"pending": "client", "cancelled": "client", "expired": "system"}
CALLERS = ("client", "specialist", "stranger")
LATER = timedelta(days=20)
UNCHANGED = "200, nothing changed"


@pytest.mark.parametrize("started", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", STATUSES)
def test_each_caller_can_do_what_the_table_says_and_nothing_else(
    people: People, client: Actor, specialist: Actor, service: int, status: str, *, started: bool
) -> None:
    open_diary(specialist, "00:00", "24:00", min_notice_minutes=0)
    callers = {
        "client": client,
        "specialist": specialist,
        "stranger": people.client("stranger"),
    }
    cases = [(action, name) for action in ACTIONS for name in callers]
    # Not on the half hour, lest one start be another's end; all closed within 24 hours of it.
    begin = NOW - timedelta(hours=20) if started else NOW + timedelta(days=2)
    starts = [begin + timedelta(hours=number) for number in range(len(cases))]
    by = BY.get(status, "specialist")
    rows = [{"status": status, "by": by, "starts_at": each} for each in starts]
    made = dict(zip(cases, add_bookings(client, specialist, service, rows), strict=True))

    done = {}
    for (action, name), starts_at in zip(cases, starts, strict=True):
        booking_id = made[action, name]
        before = shown(client, booking_id)
        body = {"starts_at": (starts_at + LATER).isoformat()} if action == "reschedule" else {}
        answer = act(callers[name], booking_id, action, **body)
        done[action, name] = told(answer, before, shown(client, booking_id))

    assert done == {
        (action, name): expected(status, started, action, name) for action, name in cases
    }


def told(answer: Any, before: dict[str, Any], after: dict[str, Any]) -> str:
    """What came of an action, in a word."""
    if answer.status_code != 200:
        assert after == before
        return f"{answer.status_code} {answer.get_json()['code']}"
    assert answer.get_json()["status"] == after["status"]
    assert answer.get_json()["events"] == after["events"]
    if after == before:
        return UNCHANGED
    assert len(after["events"]) == len(before["events"]) + 1
    assert after["events"][-1]["status"] == after["status"]
    return f"{after['status']} by {after['events'][-1]['by']}"


def expected(status: str, started: bool, action: str, name: str) -> str:
    if name == "stranger":
        return "404 not_found"
    target = LEADS_TO.get((status, started, action, name))
    if target is not None:
        return f"{target} by {name}"
    if RESULTS.get(action) == status and name == BY.get(status, "specialist"):
        return UNCHANGED
    return "409 wrong_state"


@pytest.mark.parametrize("name", ["client", "specialist"])
def test_a_cancelled_booking_is_cancelled_again_only_by_the_same_party(
    client: Actor, specialist: Actor, service: int, name: str
) -> None:
    first, second = (client, specialist) if name == "client" else (specialist, client)
    booking_id = book(client, service)["id"]

    done = act(first, booking_id, "cancel", reason="Заболел")
    again = act(first, booking_id, "cancel", reason="Другая причина")

    assert (done.status_code, again.status_code) == (200, 200)
    assert again.get_json() == done.get_json()
    assert again.headers["ETag"] == done.headers["ETag"]
    event = done.get_json()["events"][-1]
    assert (event["event"], event["by"]) == ("cancelled", name)
    assert event["details"] == {"reason": "Заболел"}
    assert_problem(act(second, booking_id, "cancel"), 409, "wrong_state")
    assert shown(client, booking_id) == done.get_json()


@pytest.mark.parametrize("action", ["confirm", "decline"])
def test_an_answer_given_twice_changes_nothing(
    client: Actor, specialist: Actor, service: int, action: str
) -> None:
    set_up(specialist, auto_confirm=False)
    booking_id = book(client, service)["id"]

    done = act(specialist, booking_id, action)
    again = act(specialist, booking_id, action)

    assert (done.status_code, again.status_code) == (200, 200)
    assert again.get_json() == done.get_json()
    assert [event["by"] for event in done.get_json()["events"]] == ["client", "specialist"]
    assert_problem(act(client, booking_id, action), 409, "wrong_state")


def test_a_booking_confirmed_at_once_is_nobodys_to_confirm(
    client: Actor, specialist: Actor, service: int
) -> None:
    made = book(client, service)

    for caller in (client, specialist):
        assert_problem(act(caller, made["id"], "confirm"), 409, "wrong_state")
    assert shown(client, made["id"]) == made


@pytest.mark.parametrize("action", ["complete", "no-show"])
def test_a_booking_is_closed_from_its_very_start_and_once(
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
    action: str,
) -> None:
    booking_id = book(client, service)["id"]
    go_to(clock, NOW + timedelta(days=1, minutes=59), client, specialist)
    assert_problem(act(specialist, booking_id, action), 409, "wrong_state")
    go_to(clock, NOW + timedelta(days=1, hours=1), client, specialist)

    done = act(specialist, booking_id, action)
    other = "no-show" if action == "complete" else "complete"

    assert done.status_code == 200, done.text
    assert done.get_json()["status"] == RESULTS[action]
    assert act(specialist, booking_id, action).get_json() == done.get_json()
    for caller, wrong in ((specialist, other), (client, action), (client, "cancel")):
        assert_problem(act(caller, booking_id, wrong), 409, "wrong_state")


@pytest.mark.parametrize("auto_confirm", [True, False])
def test_what_the_clock_completed_is_not_completed_again_by_the_specialist(
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
    *,
    auto_confirm: bool,
) -> None:
    set_up(specialist, auto_confirm=auto_confirm)
    booking_id = book(client, service)["id"]
    act(specialist, booking_id, "confirm")
    go_to(clock, NOW + timedelta(days=3), client, specialist)

    answer = act(specialist, booking_id, "complete")

    assert shown(client, booking_id)["status"] == "completed"
    assert_problem(answer, 409, "wrong_state")


def test_an_unanswered_request_has_expired_at_its_start(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, auto_confirm=False)
    booking_id = book(client, service)["id"]
    go_to(clock, NOW + timedelta(days=1, hours=1), client, specialist)

    assert shown(specialist, booking_id)["status"] == "expired"
    for caller in (client, specialist):
        for action in ACTIONS:
            body = {"starts_at": slot(number=3)} if action == "reschedule" else {}
            assert_problem(act(caller, booking_id, action, **body), 409, "wrong_state")


def test_a_booking_is_known_to_its_parties_alone(
    people: People, anonymous: Actor, client: Actor, rival: Actor, service: int
) -> None:
    booking_id = book(client, service)["id"]

    for stranger in (people.client("stranger"), rival):
        assert_problem(stranger.get(f"{BOOKINGS}{booking_id}/"), 404, "not_found")
        assert_problem(move(stranger, booking_id, slot("12:00")), 404, "not_found")
        assert stranger.get(BOOKINGS).get_json() == []
    assert_problem(anonymous.get(f"{BOOKINGS}{booking_id}/"), 401, "token_required")


def test_an_action_that_is_none_is_not_found(client: Actor, service: int) -> None:
    booking_id = book(client, service)["id"]

    for action in ("expire", "no_show", "delete"):
        assert_problem(client.post(f"{BOOKINGS}{booking_id}/{action}/"), 404, "not_found")


def test_a_reason_is_bounded(client: Actor, service: int) -> None:
    booking_id = book(client, service)["id"]

    assert_problem(
        act(client, booking_id, "cancel", reason="я" * 501), 422, "invalid_fields", "reason"
    )
    assert act(client, booking_id, "cancel", reason="я" * 500).status_code == 200


def test_a_cancel_says_no_reason_with_an_empty_body(client: Actor, service: int) -> None:
    booking_id = book(client, service)["id"]

    answer = act(client, booking_id, "cancel")

    assert answer.get_json()["events"][-1]["details"] == {}


def test_a_cancellation_needs_no_body(client: Actor, specialist: Actor, service: int) -> None:
    open_diary(specialist)
    made = book(client, service)

    answer = client.post(f"{BOOKINGS}{made['id']}/cancel/")

    assert answer.status_code == 200, answer.text
    assert answer.get_json()["status"] == "cancelled"
