"""What people are told of bookings: written with the event, withdrawn when it no longer holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, People
from bookings.support import open_diary
from command_line import CommandLine
from flask import Flask

from marketplace.auth import administration
from marketplace.bookings import lifecycle
from marketplace.core.clock import utc_now
from marketplace.extensions import db
from marketplace.notifications.models import Notification

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
START = "2026-11-27T12:00:00+03:00"
LATER = "2026-11-28T12:00:00+03:00"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def service(specialist: Actor) -> int:
    open_diary(specialist)
    service_id: int = specialist.new_service()["id"]
    return service_id


def book(client: Actor, service: int, starts_at: str = START) -> int:
    answer = client.post("/api/bookings/", {"service": service, "starts_at": starts_at})
    assert answer.status_code == 201, answer.text
    booking_id: int = answer.get_json()["id"]
    return booking_id


def outbox(app: Flask, *states: str) -> list[tuple[int, str, str]]:
    """(reader, kind, when it is due) of what is in these states, oldest first."""
    query = sa.select(Notification.user_id, Notification.kind, Notification.due_at)
    if states:
        query = query.where(Notification.state.in_(states))
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.execute(query.order_by(Notification.id)).all()
    return [(user, kind, f"{due:%d %H:%M}") for user, kind, due in rows]


def act(caller: Actor, booking_id: int, action: str, **body: Any) -> None:
    answer = caller.post(f"/api/bookings/{booking_id}/{action}/", body or None)
    assert answer.status_code == 200, answer.text


def test_a_booking_is_told_to_both_and_its_client_is_reminded(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    book(client, service)

    assert outbox(app, "pending") == [
        (specialist.user_id, "booking_created", "23 06:00"),
        (client.user_id, "booking_confirmed", "23 06:00"),
        (client.user_id, "reminder_24h", "26 09:00"),
        (client.user_id, "reminder_2h", "27 07:00"),
    ]


def test_a_reminder_whose_time_has_passed_is_not_written(
    app: Flask, client: Actor, service: int
) -> None:
    book(client, service, "2026-11-23T12:00:00+03:00")

    assert [kind for _, kind, _ in outbox(app)] == [
        "booking_created",
        "booking_confirmed",
        "reminder_2h",
    ]


def test_a_request_is_reminded_of_only_once_it_is_confirmed(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    specialist.patch("/api/schedule/settings/", {"auto_confirm": False})
    booking_id = book(client, service)
    asked = [(user, kind) for user, kind, _ in outbox(app)]

    act(specialist, booking_id, "confirm")

    assert asked == [
        (specialist.user_id, "booking_requested"),
        (client.user_id, "booking_waits"),
    ]
    assert [(user, kind) for user, kind, _ in outbox(app)[2:]] == [
        (client.user_id, "booking_confirmed"),
        (client.user_id, "reminder_24h"),
        (client.user_id, "reminder_2h"),
    ]


@pytest.mark.parametrize("by_client", [True, False])
def test_a_cancellation_is_told_to_the_other_and_reminders_are_withdrawn(
    app: Flask, client: Actor, specialist: Actor, service: int, by_client: bool
) -> None:
    booking_id = book(client, service)
    caller, other = (client, specialist) if by_client else (specialist, client)

    act(caller, booking_id, "cancel", reason="планы")

    assert outbox(app, "pending")[-1] == (other.user_id, "booking_cancelled", "23 06:00")
    assert [kind for _, kind, _ in outbox(app, "cancelled")] == ["reminder_24h", "reminder_2h"]


def test_a_move_withdraws_the_old_reminders_and_writes_new_ones(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    booking_id = book(client, service)

    act(client, booking_id, "reschedule", starts_at=LATER)
    act(client, booking_id, "reschedule", starts_at=START)

    assert [due for _, kind, due in outbox(app, "cancelled") if kind == "reminder_2h"] == [
        "27 07:00",
        "28 07:00",
    ]
    assert [due for _, kind, due in outbox(app, "pending") if kind == "reminder_2h"] == ["27 07:00"]
    moved = [(user, kind) for user, kind, _ in outbox(app) if kind == "booking_rescheduled"]
    assert moved == [(specialist.user_id, "booking_rescheduled")] * 2


def test_a_move_that_waits_for_an_answer_asks_for_it(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    booking_id = book(client, service)
    specialist.patch("/api/schedule/settings/", {"auto_confirm": False})
    before = len(outbox(app))

    act(client, booking_id, "reschedule", starts_at=LATER)
    act(specialist, booking_id, "reschedule", starts_at=START)

    assert [(user, kind) for user, kind, _ in outbox(app)[before:]] == [
        (specialist.user_id, "booking_move_requested"),
        (client.user_id, "booking_waits"),
        (client.user_id, "booking_rescheduled"),
    ]


def test_a_declined_and_an_expired_request_are_told_to_the_client(
    app: Flask, client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    specialist.patch("/api/schedule/settings/", {"auto_confirm": False})
    declined = book(client, service)
    book(client, service, LATER)

    act(specialist, declined, "decline")
    clock.shift(timedelta(days=6))
    with app.app_context():
        lifecycle.expire(utc_now())

    told = [(user, kind) for user, kind, _ in outbox(app)][4:]
    assert told == [
        (client.user_id, "booking_declined"),
        (client.user_id, "booking_expired"),
    ]


def test_a_block_tells_both_parties(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    book(client, service)

    with app.app_context():
        administration.block(specialist.user_id, "жалобы", actor="cli:test", now=utc_now())

    told = [(user, kind) for user, kind, _ in outbox(app, "pending")][2:]
    assert told == [
        (client.user_id, "booking_cancelled"),
        (specialist.user_id, "booking_cancelled"),
    ]


def test_a_refused_action_tells_nobody(
    app: Flask, people: People, client: Actor, specialist: Actor, service: int
) -> None:
    booking_id = book(client, service)
    before = outbox(app)

    specialist.post(f"/api/bookings/{booking_id}/complete/")
    people.client("late").post("/api/bookings/", {"service": service, "starts_at": START})
    client.post(f"/api/bookings/{booking_id}/reschedule/", {"starts_at": "2026-11-27T03:00:00Z"})

    assert outbox(app) == before


def test_the_list_shows_each_text_in_its_readers_language_and_zone(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    client.patch("/api/auth/me/", {"language": "en"})
    client.patch("/api/auth/profile/me/", {"timezone": "Asia/Omsk"})
    book(client, service)
    flask = CommandLine(app)

    rows = flask.json("notifications", "list", "--state", "pending")
    mine = flask.json("notifications", "list", "--user", client.user_id)
    table = flask.do("notifications", "list", "--limit", "1")

    texts = {row["kind"]: row["text"] for row in rows}
    assert texts["booking_created"] == "Новая запись: Массаж спины, 27 ноября, 12:00."
    assert texts["booking_confirmed"] == "You are booked: Массаж спины, 27 November, 15:00."
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert {row["user_id"] for row in mine} == {client.user_id}
    assert "reminder_2h" in table
    assert flask.json("notifications", "list", "--state", "dead") == []
    assert flask.run("notifications", "list", "--state", "lost").exit_code == 2
