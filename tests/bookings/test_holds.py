"""A slot kept for a client during checkout."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from actors import Actor, People, assert_problem
from bookings.support import (
    BOOKINGS,
    HOLDS,
    NOW,
    assert_not_offered,
    block,
    book,
    go_to,
    hold,
    move,
    set_up,
    slot,
    stored,
)
from flask import Flask

MINUTE = timedelta(minutes=1)


def test_a_hold_keeps_its_slot_for_ten_minutes(
    people: People, client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    other = people.client("other")

    answer = client.post(HOLDS, {"service": service, "starts_at": slot()})

    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert made["expires_at"] == "2026-11-23T09:10:00+03:00"
    assert (made["starts_at"], made["ends_at"]) == (slot(), slot("11:00"))
    assert (made["price"], made["currency"], made["service"]) == ("1500.00", "RUB", service)
    assert client.get(HOLDS).get_json() == [made]
    assert other.get(HOLDS).get_json() == []
    for caller in (client, other):
        body = {"service": service, "starts_at": slot()}
        assert_not_offered(caller.post(BOOKINGS, body), "taken")
        assert_not_offered(caller.post(HOLDS, body), "taken")
    clock.move_to(NOW + 10 * MINUTE, tick=False)
    assert client.get(HOLDS).get_json() == []
    assert book(other, service)["starts_at"] == slot()


def test_a_hold_ends_at_its_start_at_the_latest(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, min_notice_minutes=0)
    clock.move_to(NOW + 56 * MINUTE, tick=False)
    go_to(clock, NOW + 56 * MINUTE, client)

    made = hold(client, service, slot(number=0))

    assert made["expires_at"] == made["starts_at"] == slot(number=0)


def test_a_hold_of_this_very_moment_is_answered(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, min_notice_minutes=0)
    go_to(clock, NOW + 60 * MINUTE, client)

    made = hold(client, service, slot(number=0))

    assert made["expires_at"] == made["starts_at"] == slot(number=0)
    assert_problem(client.post(BOOKINGS, {"hold": made["id"]}), 409, "hold_expired")


def test_a_third_hold_is_one_too_many(
    app: Flask, client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    first = hold(client, service, slot("10:00"))
    hold(client, service, slot("11:00"))
    before = stored(app)
    third = {"service": service, "starts_at": slot("12:00")}

    assert_problem(client.post(HOLDS, third), 409, "too_many_holds")
    assert stored(app) == before
    assert client.delete(f"{HOLDS}{first['id']}/").status_code == 204
    hold(client, service, slot("12:00"))
    assert_problem(client.post(HOLDS, third | {"starts_at": slot()}), 409, "too_many_holds")
    clock.move_to(NOW + 10 * MINUTE, tick=False)
    hold(client, service, slot("10:00"))
    hold(client, service, slot("11:00"))


def test_a_hold_that_is_booked_leaves_its_place_free(client: Actor, service: int) -> None:
    first = hold(client, service, slot("10:00"))
    hold(client, service, slot("11:00"))

    assert client.post(BOOKINGS, {"hold": first["id"]}).status_code == 201

    hold(client, service, slot("12:00"))


def test_a_booking_from_a_hold_has_the_holds_terms(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    held = hold(client, service)
    changes = {"price": "9999.00", "name": "Другое", "duration_minutes": 90, "visible": False}
    specialist.patch(f"/api/auth/services/{service}/", changes)
    set_up(specialist, cancel_notice_minutes=600, timezone="Asia/Omsk", horizon_days=1)
    specialist.put("/api/schedule/hours/", {"hours": []})

    answer = client.post(BOOKINGS, {"hold": held["id"], "note": "Позвоните"})

    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    frozen = ("service_name", "price", "duration_minutes", "timezone", "starts_at", "ends_at")
    assert {name: made[name] for name in frozen} == {name: held[name] for name in frozen}
    assert (made["cancel_notice_minutes"], made["note"]) == (0, "Позвоните")
    assert answer.headers["Location"] == f"{BOOKINGS}{made['id']}/"
    assert client.get(HOLDS).get_json() == []
    rows = stored(app)
    assert (rows["holds"], rows["time_claims"]) == (0, 1)


@pytest.mark.parametrize("auto_confirm", [True, False])
def test_a_booking_from_a_hold_is_confirmed_by_todays_setting(
    client: Actor, specialist: Actor, service: int, *, auto_confirm: bool
) -> None:
    set_up(specialist, auto_confirm=not auto_confirm)
    held = hold(client, service)
    set_up(specialist, auto_confirm=auto_confirm)

    made = client.post(BOOKINGS, {"hold": held["id"]}).get_json()

    assert made["status"] == ("confirmed" if auto_confirm else "pending")


def test_a_hold_can_be_booked_to_its_last_second_and_once(
    client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    held = hold(client, service)
    clock.move_to(NOW + 10 * MINUTE - timedelta(seconds=1), tick=False)

    answer = client.post(BOOKINGS, {"hold": held["id"]})

    assert answer.status_code == 201, answer.text
    assert_problem(client.post(BOOKINGS, {"hold": held["id"]}), 409, "hold_expired")


def test_a_hold_that_ended_is_not_booked(
    app: Flask, client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    held = hold(client, service)
    clock.move_to(NOW + 10 * MINUTE, tick=False)

    assert_problem(client.post(BOOKINGS, {"hold": held["id"]}), 409, "hold_expired")
    assert_problem(client.delete(f"{HOLDS}{held['id']}/"), 404, "not_found")
    assert stored(app)["bookings"] == 0


def test_somebody_elses_hold_is_neither_booked_nor_released(
    people: People, client: Actor, specialist: Actor, service: int
) -> None:
    held = hold(client, service)
    other = people.client("other")

    assert_problem(other.post(BOOKINGS, {"hold": held["id"]}), 409, "hold_expired")
    assert_problem(other.delete(f"{HOLDS}{held['id']}/"), 404, "not_found")
    assert_problem(specialist.delete(f"{HOLDS}{held['id']}/"), 403, "wrong_role")
    assert client.get(HOLDS).get_json() == [held]


def test_a_released_slot_is_offered_again(
    app: Flask, people: People, client: Actor, service: int
) -> None:
    held = hold(client, service)

    answer = client.delete(f"{HOLDS}{held['id']}/")

    assert (answer.status_code, answer.data) == (204, b"")
    assert stored(app)["time_claims"] == 0
    assert_problem(client.delete(f"{HOLDS}{held['id']}/"), 404, "not_found")
    book(people.client("other"), service)


@pytest.mark.parametrize("way", ["book", "hold", "reschedule"])
def test_an_expired_hold_blocks_nobody_though_it_is_still_stored(  # noqa: PLR0917
    app: Flask,
    people: People,
    client: Actor,
    service: int,
    clock: time_machine.Coordinates,
    way: str,
) -> None:
    other = people.client("other")
    booking_id = book(other, service, slot("15:00"))["id"]
    hold(client, service, slot("12:00"))
    clock.move_to(NOW + 10 * MINUTE, tick=False)
    assert stored(app)["holds"] == 1
    listed = other.get(f"/api/services/{service}/slots/?from=2026-11-24").get_json()
    assert slot("12:00") in listed["days"][0]["slots"]

    if way == "book":
        answer = other.post(BOOKINGS, {"service": service, "starts_at": slot("12:30")})
    elif way == "hold":
        answer = other.post(HOLDS, {"service": service, "starts_at": slot("12:30")})
    else:
        answer = move(other, booking_id, slot("12:30"))

    assert answer.status_code == (200 if way == "reschedule" else 201), answer.text


@pytest.mark.parametrize("who", ["client", "specialist"])
def test_a_block_ends_the_holds_of_both_sides(
    app: Flask, client: Actor, specialist: Actor, service: int, who: str
) -> None:
    hold(client, service)

    block(app, client.user_id if who == "client" else specialist.user_id)

    rows = stored(app)
    assert (rows["holds"], rows["time_claims"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ("service", "starts_at")),
        ({"service": 1, "starts_at": "2026-11-24T10:00:00"}, ("starts_at",)),
        ({"service": 0, "starts_at": slot()}, ("service",)),
        ({"service": 1, "starts_at": slot(), "price": "1.00"}, ("price",)),
    ],
)
def test_a_bad_hold_names_its_faults(
    app: Flask, client: Actor, service: int, body: dict[str, object], fields: tuple[str, ...]
) -> None:
    assert_problem(client.post(HOLDS, body), 422, "invalid_fields", *fields)
    assert stored(app)["holds"] == 0
