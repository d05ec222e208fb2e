"""Demo bookings as rows: past ones and coming ones, with their history and claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from marketplace.schedule.localtime import moment_of, wall_of, zone
from marketplace.system.demo import timetable
from marketplace.system.demo.cast import Person, Plan, draws, members

Row = dict[str, Any]

# What the documentation's examples act on, in this order of ids: a request to answer, an
# appointment to cancel or move, one that has begun; and a held slot.
PENDING, COMING, BEGUN = range(3)
_EXAMPLES = (("pending", 10), ("confirmed", 11))
_DAYS_AHEAD = 10
_EACH_WAY = 2
_NO_SHOW, _CANCELLED = 0.1, 0.15
_NOTES = ("", "", "", "Буду с подругой.", "Позвоните за час, пожалуйста.", "Первый раз у вас.")


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booking's rows: of `bookings`, `booking_events` and, when it holds time, `time_claims`."""

    booking: Row
    events: list[Row]
    claim: Row | None


def appointments(plan: Plan, services: Iterable[Row]) -> Iterator[Appointment]:
    """All bookings, the documentation's first. `services` are the plan's own."""
    number = 0
    people = {plan.first_user + each.offset: each for each in members(plan)}
    seen: set[int] = set()
    for service in services:
        specialist_id = service["specialist_id"]
        if specialist_id in seen:
            continue
        seen.add(specialist_id)
        person = people[specialist_id]
        drawn = _of_examples(plan, service) if person.index == 0 else _of(plan, person, service)
        for booking, buffer_minutes in drawn:
            booking["id"] = plan.first_booking + number
            number += 1
            yield Appointment(booking, _history(booking), _claim(booking, buffer_minutes))


def hold(plan: Plan, service: Row) -> Row:
    """The demo client's hold, which lives until its start so that the documentation can use it."""
    start = _example_start(plan, 12)
    return {
        "id": plan.first_hold,
        "client_id": plan.first_user + 1,
        "place": 1,
        **_frozen(service, start, "Europe/Moscow"),
        "cancel_notice_minutes": 0,
        "expires_at": start,
        "created_at": plan.now,
    }


def _of_examples(plan: Plan, service: Row) -> Iterator[tuple[Row, int]]:
    base = {"client_id": plan.first_user + 1, "note": "", "cancel_notice_minutes": 0}
    made = {"created_at": plan.now - timedelta(hours=5)}
    for status, hour in _EXAMPLES:
        start = _example_start(plan, hour)
        row = {**base, **made, **_frozen(service, start, "Europe/Moscow"), "status": status}
        yield row | {"status_by": "client", "updated_at": made["created_at"]}, 0
    begun = plan.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    yield (
        {
            **base,
            **_frozen(service, begun, "Europe/Moscow"),
            "status": "confirmed",
            "status_by": "client",
            "created_at": begun - timedelta(days=3),
            "updated_at": begun - timedelta(days=3),
        },
        0,
    )


def _example_start(plan: Plan, hour: int) -> datetime:
    day = plan.now.date() + timedelta(days=_DAYS_AHEAD)
    while day.isoweekday() > 5:  # noqa: PLR2004 - the demo specialist works Monday to Friday
        day += timedelta(days=1)
    return moment_of(zone("Europe/Moscow").bound(wall_of(day, hour * 60)))


def _of(plan: Plan, person: Person, service: Row) -> Iterator[tuple[Row, int]]:
    random = draws(plan, "bookings", person.offset)
    settings = timetable.settings(plan, person)
    week = dict(timetable.week(plan, person))
    days = [-each for each in random.sample(range(2, 25), _EACH_WAY)]
    days += random.sample(range(2, 25), _EACH_WAY)
    for ahead in sorted(days):
        client = random.randrange(plan.clients)
        drawn = random.random()
        note = random.choice(_NOTES)
        start = _first_start(
            plan.now.date() + timedelta(days=ahead), week, service, person.city.timezone
        )
        if start is None:
            continue
        offset = 1 if client == 0 else plan.specialists + client
        row = {
            "client_id": plan.first_user + offset,
            "note": note,
            "cancel_notice_minutes": settings["cancel_notice_minutes"],
            **_frozen(service, start, person.city.timezone),
            **_standing(random, drawn, start, service, plan.now, settings),
        }
        yield row, settings["buffer_after_minutes"]


def _first_start(day: date, week: dict[int, Any], service: Row, timezone: str) -> datetime | None:
    for start, end in week.get(day.isoweekday(), ()):
        if start + service["duration_minutes"] <= end:
            return moment_of(zone(timezone).bound(wall_of(day, start)))
    return None


def _frozen(service: Row, start: datetime, timezone: str) -> Row:
    return {
        "specialist_id": service["specialist_id"],
        "service_id": service["id"],
        "service_name": service["name"],
        "price": service["price"],
        "duration_minutes": service["duration_minutes"],
        "timezone": timezone,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=service["duration_minutes"]),
    }


def _standing(  # noqa: PLR0917 - all decide together
    random: Random, drawn: float, start: datetime, service: Row, now: datetime, settings: Row
) -> Row:
    created = min(start, now) - timedelta(hours=random.randint(6, 72))
    if drawn < _CANCELLED:
        changed = created + timedelta(hours=1)
        return _stand("cancelled", "client", created, changed)
    if start > now:
        return _stand("confirmed" if settings["auto_confirm"] else "pending", "client", created)
    closed = start + timedelta(minutes=service["duration_minutes"] + 10)
    status = "no_show" if drawn > 1 - _NO_SHOW else "completed"
    return _stand(status, "specialist", created, closed)


def _stand(status: str, by: str, created: datetime, changed: datetime | None = None) -> Row:
    return {
        "status": status,
        "status_by": by,
        "created_at": created,
        "updated_at": changed or created,
    }


def _history(booking: Row) -> list[Row]:
    open_status = "pending" if booking["status"] == "pending" else "confirmed"
    events = [_event(booking, booking["created_at"], "client", "created", None, open_status)]
    if booking["status"] not in ("pending", "confirmed"):
        name, by = booking["status"], booking["status_by"]
        events.append(_event(booking, booking["updated_at"], by, name, open_status, name))
    return events


def _event(  # noqa: PLR0917 - a row
    booking: Row, at: datetime, by: str, action: str, before: str | None, after: str
) -> Row:
    return {
        "booking_id": booking["id"],
        "at": at,
        "by": by,
        "action": action,
        "from_status": before,
        "to_status": after,
        "details": {},
    }


def _claim(booking: Row, buffer_minutes: int) -> Row | None:
    if booking["status"] not in ("pending", "confirmed"):
        return None
    return {
        "specialist_id": booking["specialist_id"],
        "busy_from": booking["starts_at"],
        "busy_until": booking["ends_at"] + timedelta(minutes=buffer_minutes),
        "booking_id": booking["id"],
        "hold_id": None,
        "expires_at": booking["starts_at"] if booking["status"] == "pending" else None,
    }


def hold_claim(row: Row) -> Row:
    """The claim of `hold`."""
    return {
        "specialist_id": row["specialist_id"],
        "busy_from": row["starts_at"],
        "busy_until": row["ends_at"],
        "booking_id": None,
        "hold_id": row["id"],
        "expires_at": row["expires_at"],
    }
