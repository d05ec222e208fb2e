"""Moving a booking, the notice for moving and cancelling, and what a block does to bookings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from actors import Actor, assert_problem
from bookings.support import (
    BOOKINGS,
    act,
    assert_not_offered,
    block,
    book,
    claims,
    go_to,
    hold,
    moment,
    move,
    set_up,
    shown,
    slot,
    stored,
)
from flask import Flask


@pytest.mark.parametrize("who", ["client", "specialist"])
def test_a_moved_booking_keeps_its_id_and_terms(
    app: Flask, client: Actor, specialist: Actor, service: int, who: str
) -> None:
    made = book(client, service)
    changes = {"name": "Другое", "price": "1.00", "duration_minutes": 15}
    specialist.patch(f"/api/auth/services/{service}/", changes)

    answer = move(client if who == "client" else specialist, made["id"], slot("10:30"))

    assert answer.status_code == 200, answer.text
    moved = answer.get_json()
    different = {name for name in made if made[name] != moved[name]}
    assert different == {"starts_at", "ends_at", "events"}
    assert (moved["starts_at"], moved["ends_at"]) == (slot("10:30"), slot("11:30"))
    event = moved["events"][-1]
    assert (event["event"], event["by"], event["status"]) == ("rescheduled", who, "confirmed")
    assert [datetime.fromisoformat(event["details"][name]) for name in ("from", "to")] == [
        moment("10:00"),
        moment("10:30"),
    ]
    assert claims(app) == [(moment("10:30"), moment("11:30"))]
    book(client, service, slot("11:30"))


def test_a_history_speaks_in_the_bookings_zone(client: Actor, service: int) -> None:
    made = book(client, service)

    event = move(client, made["id"], slot("12:00")).get_json()["events"][-1]

    assert event["details"] == {"from": slot("10:00"), "to": slot("12:00")}


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (slot("14:30"), "taken"),
        (slot("12:10"), "off_the_step"),
        (slot("17:30"), "does_not_fit"),
        (slot("08:00", 0), "in_the_past"),
        (slot("10:00", 61), "too_far"),
    ],
)
def test_a_refused_move_changes_nothing(
    app: Flask, client: Actor, service: int, target: str, rule: str
) -> None:
    made = book(client, service)
    hold(client, service, slot("14:00"))
    before = (claims(app), stored(app))

    nearest = assert_not_offered(move(client, made["id"], target), rule)

    assert len(nearest) == 3
    assert shown(client, made["id"]) == made
    assert (claims(app), stored(app)) == before


def test_a_move_to_the_same_start_changes_nothing(
    client: Actor, specialist: Actor, service: int
) -> None:
    made = book(client, service)
    set_up(specialist, auto_confirm=False)
    specialist.put("/api/schedule/hours/", {"hours": []})

    for caller in (client, specialist):
        answer = move(caller, made["id"], "2026-11-24T07:00:00Z")
        assert (answer.status_code, answer.get_json()) == (200, made)


def test_a_move_sent_again_within_the_notice_changes_nothing(
    client: Actor, specialist: Actor, service: int
) -> None:
    set_up(specialist, cancel_notice_minutes=2_880)
    booking_id = book(client, service, slot(number=3))["id"]
    moved = move(client, booking_id, slot(number=1))
    assert moved.status_code == 200, moved.text

    again = move(client, booking_id, slot(number=1))

    assert (again.status_code, again.get_json()) == (200, moved.get_json())
    assert_problem(move(client, booking_id, slot(number=3)), 409, "too_late_to_reschedule")


def test_a_clients_move_is_asked_for_again_where_the_specialist_confirms(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    booking_id = book(client, service)["id"]
    set_up(specialist, auto_confirm=False)

    assert move(specialist, booking_id, slot("11:00")).get_json()["status"] == "confirmed"
    assert move(client, booking_id, slot("12:00")).get_json()["status"] == "pending"
    assert move(specialist, booking_id, slot("13:00")).get_json()["status"] == "pending"
    assert act(specialist, booking_id, "confirm").get_json()["status"] == "confirmed"
    assert move(client, booking_id, slot("14:00")).get_json()["status"] == "pending"
    go_to(clock, moment("14:00"), client)
    assert shown(client, booking_id)["status"] == "expired"


def test_a_clients_move_is_confirmed_at_once_where_that_is_automatic(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, auto_confirm=False)
    booking_id = book(client, service)["id"]
    set_up(specialist, auto_confirm=True)

    assert move(client, booking_id, slot("12:00")).get_json()["status"] == "confirmed"

    go_to(clock, moment("12:30"), client, specialist)
    answer = client.post(BOOKINGS, {"service": service, "starts_at": slot("12:30")})
    assert answer.status_code in (409, 422)
    assert shown(client, booking_id)["status"] == "confirmed"


@pytest.mark.parametrize("why", ["hidden", "archived"])
def test_a_booking_of_a_service_no_longer_listed_can_be_moved(
    client: Actor, specialist: Actor, service: int, why: str
) -> None:
    booking_id = book(client, service)["id"]
    path = f"/api/auth/services/{service}/"
    gone = (
        specialist.patch(path, {"visible": False}) if why == "hidden" else specialist.delete(path)
    )
    assert gone.status_code in (200, 204)

    for caller, target in ((client, "12:00"), (specialist, "13:00")):
        assert move(caller, booking_id, slot(target)).status_code == 200


def test_todays_step_and_buffers_rule_a_move(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    booking_id = book(client, service)["id"]
    set_up(specialist, slot_step_minutes=60, buffer_after_minutes=30)

    assert_not_offered(move(client, booking_id, slot("12:30")), "off_the_step")
    assert move(client, booking_id, slot("13:00")).status_code == 200
    assert claims(app) == [(moment("13:00"), moment("14:30"))]


@pytest.mark.parametrize(
    ("action", "code"),
    [("cancel", "too_late_to_cancel"), ("reschedule", "too_late_to_reschedule")],
)
def test_a_client_keeps_the_notice_frozen_on_the_booking(  # noqa: PLR0917
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
    action: str,
    code: str,
) -> None:
    set_up(specialist, cancel_notice_minutes=60)
    first, second = (book(client, service, slot(hour))["id"] for hour in ("12:00", "14:00"))
    set_up(specialist, cancel_notice_minutes=0)
    body = {"starts_at": slot("12:00", 2)} if action == "reschedule" else {}
    before = shown(client, first)

    go_to(clock, moment("11:00") + timedelta(seconds=1), client, specialist)
    assert_problem(act(client, first, action, **body), 409, code)
    assert shown(client, first) == before
    assert act(specialist, first, action, **body).status_code == 200
    go_to(clock, moment("13:00"), client, specialist)
    body = {"starts_at": slot("15:00", 2)} if action == "reschedule" else {}
    assert act(client, second, action, **body).status_code == 200


def test_a_request_may_be_withdrawn_without_notice(
    client: Actor, specialist: Actor, service: int
) -> None:
    set_up(specialist, cancel_notice_minutes=43_200, auto_confirm=False)
    booking_id = book(client, service)["id"]

    assert_problem(move(client, booking_id, slot("12:00")), 409, "too_late_to_reschedule")
    assert act(client, booking_id, "cancel").status_code == 200


def test_after_the_specialists_own_move_a_client_cancels_until_the_start(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, cancel_notice_minutes=43_200)
    booking_id = book(client, service)["id"]
    assert_problem(act(client, booking_id, "cancel"), 409, "too_late_to_cancel")
    assert move(specialist, booking_id, slot("12:00")).status_code == 200
    go_to(clock, moment("12:00") - timedelta(seconds=1), client)

    assert act(client, booking_id, "cancel").get_json()["status"] == "cancelled"


def test_a_move_that_changes_nothing_is_not_the_specialists_own(
    client: Actor, specialist: Actor, service: int
) -> None:
    set_up(specialist, cancel_notice_minutes=43_200)
    made = book(client, service)

    move(specialist, made["id"], made["starts_at"])

    assert_problem(act(client, made["id"], "cancel"), 409, "too_late_to_cancel")


@pytest.mark.parametrize("who", ["client", "specialist"])
def test_a_block_cancels_coming_bookings_as_the_system(  # noqa: PLR0917
    app: Flask,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
    who: str,
) -> None:
    begun = book(client, service, slot("10:00"))["id"]
    coming = book(client, service, slot("12:00"))["id"]
    set_up(specialist, auto_confirm=False)
    asked = book(client, service, slot("14:00"))["id"]
    go_to(clock, moment("10:00"), client, specialist)
    blocked, other = (client, specialist) if who == "client" else (specialist, client)

    block(app, blocked.user_id, moment("10:00"))

    assert shown(other, begun)["status"] == "confirmed"
    for booking_id in (coming, asked):
        booking = shown(other, booking_id)
        assert booking["status"] == "cancelled"
        assert (booking["events"][-1]["event"], booking["events"][-1]["by"]) == (
            "cancelled",
            "system",
        )
        assert_problem(act(other, booking_id, "cancel"), 409, "wrong_state")
        assert_problem(move(other, booking_id, slot("15:00")), 409, "wrong_state")
    assert claims(app) == [(moment("10:00"), moment("11:00"))]
    assert_problem(blocked.get(BOOKINGS), 401, "token_revoked")
