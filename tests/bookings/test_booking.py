"""What a client gets by booking, and why a booking is refused."""

from __future__ import annotations

from typing import Any

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
    hold,
    moment,
    set_up,
    shown,
    slot,
    stored,
)
from flask import Flask
from services.support import suspend

NOTHING = {"bookings": 0, "booking_events": 0, "holds": 0, "time_claims": 0, "idempotency_keys": 0}


def test_a_booking_is_answered_whole(client: Actor, specialist: Actor, service: int) -> None:
    body = {"service": service, "starts_at": "2026-11-24T07:00:00Z", "note": "Второй\nподъезд"}

    answer = client.post(BOOKINGS, body)

    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert answer.headers["Location"] == f"{BOOKINGS}{made['id']}/"
    at = "2026-11-23T09:00:00+03:00"
    assert made == {
        "id": made["id"],
        "status": "confirmed",
        "service": service,
        "service_name": "Массаж спины",
        "specialist": specialist.user_id,
        "client": client.user_id,
        "starts_at": slot("10:00"),
        "ends_at": slot("11:00"),
        "timezone": "Europe/Moscow",
        "duration_minutes": 60,
        "price": "1500.00",
        "currency": "RUB",
        "note": "Второй\nподъезд",
        "cancel_notice_minutes": 0,
        "specialist_profile": {**card(specialist, "master"), "place": None},
        "client_profile": card(client, "klient"),
        "created_at": at,
        "updated_at": at,
        "events": [
            {"at": at, "by": "client", "event": "created", "status": "confirmed", "details": {}}
        ],
    }
    read = client.get(answer.headers["Location"])
    assert (read.get_json(), read.headers["ETag"]) == (made, answer.headers["ETag"])


def card(actor: Actor, username: str) -> dict[str, Any]:
    contacts = {"phone": None, "email": f"{username}@example.com"}
    pictures = {"avatar": None, "avatar_small": None}
    return {"id": actor.user_id, "full_name": "", **pictures, "contacts": contacts}


def test_both_parties_read_the_same_under_the_same_tag(
    client: Actor, specialist: Actor, service: int
) -> None:
    path = f"{BOOKINGS}{book(client, service)['id']}/"

    answers = [caller.get(path) for caller in (client, specialist)]

    assert answers[0].get_json() == answers[1].get_json()
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]
    unchanged = specialist.get(path, headers={"If-None-Match": answers[0].headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_a_tag_changes_with_the_booking_its_parties_and_the_clock(
    client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, auto_confirm=False, min_notice_minutes=0)
    booking_id = book(client, service, slot("10:00", 0))["id"]
    other_id = book(client, service, slot("12:00"))["id"]
    path = f"{BOOKINGS}{booking_id}/"
    tags = [client.get(path).headers["ETag"]]

    specialist.patch("/api/auth/profile/me/", {"full_name": "Мария"})
    tags.append(client.get(path).headers["ETag"])
    clock.move_to(moment("09:14", 0), tick=False)
    act(specialist, other_id, "confirm")
    assert client.get(path).headers["ETag"] == tags[-1]
    act(specialist, booking_id, "confirm")
    tags.append(client.get(path).headers["ETag"])

    assert len(set(tags)) == 3


def test_what_is_booked_stays_as_it_was_agreed(
    client: Actor, specialist: Actor, service: int
) -> None:
    made = book(client, service)

    changes = {"name": "Другое", "price": "1.00", "duration_minutes": 15, "visible": False}
    specialist.patch(f"/api/auth/services/{service}/", changes)
    set_up(specialist, timezone="Asia/Omsk", cancel_notice_minutes=43_200, auto_confirm=False)

    assert shown(client, made["id"]) == made
    assert act(client, made["id"], "cancel").status_code == 200


@pytest.mark.parametrize("auto_confirm", [True, False])
def test_a_booking_waits_for_an_answer_unless_it_is_automatic(
    client: Actor, specialist: Actor, service: int, *, auto_confirm: bool
) -> None:
    set_up(specialist, auto_confirm=auto_confirm)

    made = book(client, service)

    status = "confirmed" if auto_confirm else "pending"
    assert made["status"] == made["events"][0]["status"] == status


def test_contacts_are_shown_only_while_a_booking_is_confirmed(
    client: Actor, specialist: Actor, service: int
) -> None:
    set_up(specialist, auto_confirm=False)
    booking_id = book(client, service)["id"]

    seen = [contacts(shown(caller, booking_id)) for caller in (client, specialist)]
    confirmed = contacts(act(specialist, booking_id, "confirm").get_json())
    listed = contacts(client.get(BOOKINGS).get_json()[0])
    cancelled = contacts(act(client, booking_id, "cancel").get_json())

    assert seen == [[None, None]] * 2
    assert confirmed == listed == ["master@example.com", "klient@example.com"]
    assert cancelled == contacts(client.get(BOOKINGS).get_json()[0]) == [None, None]


def contacts(booking: dict[str, Any]) -> list[Any]:
    found = [booking[f"{party}_profile"]["contacts"] for party in ("specialist", "client")]
    return [one and one["email"] for one in found]


@pytest.mark.parametrize("why", ["hidden", "suspended", "archived", "blocked", "none"])
def test_what_is_not_listed_can_be_neither_booked_nor_held(
    app: Flask, client: Actor, specialist: Actor, service: int, why: str
) -> None:
    path = f"/api/auth/services/{service}/"
    rows = NOTHING
    if why == "hidden":
        specialist.patch(path, {"visible": False})
    elif why == "suspended":
        suspend(app, service)
    elif why == "archived":
        book(client, service, slot("17:00"))
        assert specialist.delete(path).status_code == 204
        rows = stored(app)
        assert rows["bookings"] == 1
    elif why == "blocked":
        block(app, specialist.user_id)
    else:
        service += 1
    body = {"service": service, "starts_at": slot()}

    assert_problem(client.post(BOOKINGS, body), 404, "not_found")
    assert_problem(client.post("/api/holds/", body), 404, "not_found")
    query = f"starts_at={slot('10:00')}"
    assert_problem(client.get(f"/api/services/{service}/slots/"), 404, "not_found")
    assert_problem(client.get(f"/api/services/{service}/slots/explain/?{query}"), 404, "not_found")
    assert stored(app) == rows


def test_only_clients_book(app: Flask, specialist: Actor, rival: Actor, service: int) -> None:
    for caller in (specialist, rival):
        body = {"service": service, "starts_at": slot()}
        assert_problem(caller.post(BOOKINGS, body), 403, "wrong_role")
        assert_problem(caller.post("/api/holds/", body), 403, "wrong_role")
    assert stored(app) == NOTHING


@pytest.mark.parametrize(
    ("starts_at", "rule", "nearest"),
    [
        (slot("08:30", 0), "in_the_past", [slot("11:00", 0), slot("11:30", 0), slot("12:00", 0)]),
        (slot("10:00", 0), "too_soon", [slot("11:00", 0), slot("11:30", 0), slot("12:00", 0)]),
        (slot("10:10"), "off_the_step", [slot("10:00"), slot("10:30"), slot("11:00")]),
        (slot("17:30"), "does_not_fit", [slot("17:00"), slot("16:30"), slot("16:00")]),
        (slot("03:00"), "outside_hours", [slot("10:00"), slot("10:30"), slot("11:00")]),
        (slot("10:00", 61), "too_far", [slot("17:00", 60), slot("16:30", 60), slot("16:00", 60)]),
        (
            "2099-12-31T23:59:59Z",
            "outside_hours",
            [slot("17:00", 60), slot("16:30", 60), slot("16:00", 60)],
        ),
    ],
)
def test_a_start_that_is_not_offered_is_refused_with_the_nearest_ones(  # noqa: PLR0917
    app: Flask, client: Actor, service: int, starts_at: str, rule: str, nearest: list[str]
) -> None:
    body = {"service": service, "starts_at": starts_at}

    for path in (BOOKINGS, "/api/holds/"):
        assert assert_not_offered(client.post(path, body), rule) == nearest
    assert stored(app) == NOTHING


def test_a_taken_start_is_refused_with_the_nearest_ones(
    app: Flask, client: Actor, service: int
) -> None:
    book(client, service, slot("12:00"))
    before = stored(app)

    answer = client.post(BOOKINGS, {"service": service, "starts_at": slot("12:30")})

    assert assert_not_offered(answer, "taken") == [slot("13:00"), slot("13:30"), slot("11:00")]
    assert stored(app) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"service": 1, "starts_at": "2026-11-24T10:00:00"}, ("starts_at",)),
        ({"service": 1, "starts_at": "2026-11-24"}, ("starts_at",)),
        ({"service": 1, "starts_at": 1_795_000_000}, ("starts_at",)),
        ({"service": 1, "starts_at": None}, ("starts_at",)),
        ({"service": "1", "starts_at": slot()}, ("service",)),
        ({"service": 1}, ("starts_at",)),
        ({}, ("service", "starts_at")),
        ({"hold": 1, "service": 1}, ("service",)),
        ({"hold": 1, "service": 1, "starts_at": slot()}, ("service", "starts_at")),
        ({"service": 1, "starts_at": slot(), "note": "я" * 1_001}, ("note",)),
        ({"service": 1, "starts_at": slot(), "note": "\x07"}, ("note",)),
        ({"service": 1, "starts_at": slot(), "status": "confirmed"}, ("status",)),
        ({"service": 1, "starts_at": slot(), "client": 5}, ("client",)),
    ],
)
def test_a_bad_booking_names_its_faults(
    app: Flask, client: Actor, service: int, body: dict[str, Any], fields: tuple[str, ...]
) -> None:
    assert_problem(client.post(BOOKINGS, body), 422, "invalid_fields", *fields)
    assert stored(app) == NOTHING


def test_a_note_may_have_a_thousand_characters(client: Actor, service: int) -> None:
    assert book(client, service, note="я" * 1_000)["note"] == "я" * 1_000


def test_a_client_may_overlap_own_bookings_of_different_specialists(
    client: Actor, rival: Actor, service: int
) -> None:
    week = [{"weekday": 2, "start": "10:00", "end": "12:00"}]
    rival.put("/api/schedule/hours/", {"hours": week})
    other = rival.new_service()["id"]

    assert book(client, service)["starts_at"] == book(client, other)["starts_at"]


def test_a_claim_keeps_the_buffers_it_was_made_with(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    set_up(specialist, buffer_before_minutes=15, buffer_after_minutes=30)
    book(client, service, slot("12:00"))
    set_up(specialist, buffer_before_minutes=0, buffer_after_minutes=0)
    hold(client, service, slot("15:00"))

    assert claims(app) == [
        (moment("11:45"), moment("13:30")),
        (moment("15:00"), moment("16:00")),
    ]
    taken = {"service": service, "starts_at": slot("13:00")}
    assert_not_offered(client.post(BOOKINGS, taken), "taken")
    assert book(client, service, slot("13:30"))["created_at"] == "2026-11-23T09:00:00+03:00"
