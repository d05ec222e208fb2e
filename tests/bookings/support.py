"""What the tests of slots, holds and bookings share. It is Monday 09:00 in Moscow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
import time_machine
from actors import Actor, assert_problem
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.auth import administration, sessions
from marketplace.auth.devices import Device
from marketplace.bookings.models import Booking, BookingEvent, Hold, TimeClaim
from marketplace.core.database import session, transactional
from marketplace.core.idempotency import IdempotencyKey

BOOKINGS = "/api/bookings/"
HOLDS = "/api/holds/"
SETTINGS = "/api/schedule/settings/"
HOURS = "/api/schedule/hours/"
EXCEPTIONS = "/api/schedule/exceptions/"
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
TODAY = date(2026, 11, 23)
ROUND_THE_CLOCK = {"start": "00:00", "end": "24:00"}

STATUSES = ("pending", "confirmed", "declined", "cancelled", "completed", "no_show", "expired")
ACTIONS = ("confirm", "decline", "cancel", "complete", "no-show", "reschedule")
# Contract section 5: (from, started, action, who) and where it leads. A reschedule keeps a
# confirmed booking confirmed where the specialist confirms automatically, as these tests do.
LEADS_TO = {
    ("pending", False, "confirm", "specialist"): "confirmed",
    ("pending", False, "decline", "specialist"): "declined",
    ("pending", False, "cancel", "client"): "cancelled",
    ("pending", False, "cancel", "specialist"): "cancelled",
    ("pending", False, "reschedule", "client"): "confirmed",
    ("pending", False, "reschedule", "specialist"): "pending",
    ("confirmed", False, "cancel", "client"): "cancelled",
    ("confirmed", False, "cancel", "specialist"): "cancelled",
    ("confirmed", False, "reschedule", "client"): "confirmed",
    ("confirmed", False, "reschedule", "specialist"): "confirmed",
    ("confirmed", True, "complete", "specialist"): "completed",
    ("confirmed", True, "no-show", "specialist"): "no_show",
}
RESULTS = {
    "confirm": "confirmed",
    "decline": "declined",
    "cancel": "cancelled",
    "complete": "completed",
    "no-show": "no_show",
}


def day(number: int = 1) -> str:
    """The date so many days from today."""
    return (TODAY + timedelta(days=number)).isoformat()


def slot(clock: str = "10:00", number: int = 1) -> str:
    """A wall time in Moscow so many days from today."""
    return f"{day(number)}T{clock}:00+03:00"


def moment(clock: str = "10:00", number: int = 1) -> datetime:
    return datetime.fromisoformat(slot(clock, number)).astimezone(UTC)


def open_diary(
    specialist: Actor, start: str = "10:00", end: str = "18:00", **settings: Any
) -> None:
    """The same hours every day, and these settings."""
    week = [{"weekday": number, "start": start, "end": end} for number in range(1, 8)]
    assert specialist.put(HOURS, {"hours": week}).status_code == 200
    if settings:
        set_up(specialist, **settings)


def set_up(specialist: Actor, **settings: Any) -> None:
    answer = specialist.patch(SETTINGS, settings)
    assert answer.status_code == 200, answer.text


def except_on(specialist: Actor, number: int, *intervals: tuple[str, str]) -> int:
    body = {
        "date_from": day(number),
        "date_to": day(number),
        "intervals": [{"start": start, "end": end} for start, end in intervals],
    }
    answer = specialist.post(EXCEPTIONS, body)
    assert answer.status_code == 201, answer.text
    return int(answer.get_json()["id"])


def book(client: Actor, service: int, starts_at: str | None = None, **more: Any) -> dict[str, Any]:
    answer = client.post(BOOKINGS, {"service": service, "starts_at": starts_at or slot()} | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def hold(client: Actor, service: int, starts_at: str | None = None) -> dict[str, Any]:
    answer = client.post(HOLDS, {"service": service, "starts_at": starts_at or slot()})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def shown(caller: Actor, booking_id: int) -> dict[str, Any]:
    answer = caller.get(f"{BOOKINGS}{booking_id}/")
    assert answer.status_code == 200, answer.text
    booking: dict[str, Any] = answer.get_json()
    return booking


def act(caller: Actor, booking_id: int, action: str, **body: Any) -> TestResponse:
    takes_body = action in {"cancel", "reschedule"}
    return caller.post(f"{BOOKINGS}{booking_id}/{action}/", body if takes_body else None)


def move(caller: Actor, booking_id: int, starts_at: str) -> TestResponse:
    return act(caller, booking_id, "reschedule", starts_at=starts_at)


def assert_not_offered(answer: TestResponse, rule: str) -> list[str]:
    """Refused for this reason; returns the nearest offered starts."""
    taken = rule == "taken"
    status, code = (409, "slot_taken") if taken else (422, "slot_not_offered")
    problem = assert_problem(answer, status, code)
    assert problem["rule"] == rule
    nearest: list[str] = problem["nearest"]
    return nearest


def stored(app: Flask) -> dict[str, int]:
    """How many rows there are of whatever a booking writes."""
    models = (Booking, BookingEvent, Hold, TimeClaim, IdempotencyKey)
    with app.app_context():
        return {model.__tablename__: _count(model) for model in models}


@transactional
def _count(model: type[Any]) -> int:
    return int(session().scalar(sa.select(sa.func.count()).select_from(model)) or 0)


def claims(app: Flask) -> list[tuple[datetime, datetime]]:
    with app.app_context():
        return _claims()


@transactional
def _claims() -> list[tuple[datetime, datetime]]:
    query = sa.select(TimeClaim.busy_from, TimeClaim.busy_until).order_by(TimeClaim.busy_from)
    return [(row.busy_from, row.busy_until) for row in session().execute(query)]


def block(app: Flask, user_id: int, now: datetime = NOW) -> None:
    with app.app_context():
        administration.block(user_id, "fraud", actor="tests", now=now)


def go_to(clock: time_machine.Coordinates, then: datetime, *actors: Actor) -> None:
    """Move time; the actors sign in again, for their tokens do not last that long."""
    clock.move_to(then, tick=False)
    for actor in actors:
        with actor.client.application.app_context():
            actor.access = _sign_in(actor.user_id, then)


@transactional
def _sign_in(user_id: int, now: datetime) -> str:
    return sessions.begin(user_id, Device("tests", "127.0.0.1"), now).access


def add_bookings(
    client: Actor, specialist: Actor, service: int, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Insert bookings of an hour, whatever their state and time; their ids."""
    with client.client.application.app_context():
        return _insert(client.user_id, specialist.user_id, service, rows)


@transactional
def _insert(
    client_id: int, specialist_id: int, service: int, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    made = []
    for row in rows:
        starts_at, status = row["starts_at"], row.get("status", "confirmed")
        ends_at = starts_at + timedelta(hours=1)
        values = {
            "client_id": client_id,
            "specialist_id": specialist_id,
            "service_id": service,
            "status": status,
            "status_by": row.get("by", "client"),
            "starts_at": starts_at,
            "ends_at": ends_at,
            "service_name": "Массаж спины",
            "price": Decimal("1500.00"),
            "duration_minutes": 60,
            "timezone": "Europe/Moscow",
            "cancel_notice_minutes": 0,
            "created_at": NOW,
            "updated_at": NOW,
        }
        insert = sa.insert(Booking).values(**values).returning(Booking.id)
        booking_id = session().execute(insert).scalar_one()
        event = {"booking_id": booking_id, "at": NOW, "by": values["status_by"]}
        session().execute(
            sa.insert(BookingEvent).values(**event, action="created", to_status=status)
        )
        if status in {"pending", "confirmed"}:
            claim = {
                "specialist_id": specialist_id,
                "busy_from": starts_at,
                "busy_until": ends_at,
                "booking_id": booking_id,
                "expires_at": starts_at if status == "pending" else None,
            }
            session().execute(sa.insert(TimeClaim).values(**claim))
        made.append(booking_id)
    return made
