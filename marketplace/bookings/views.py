"""Slots, holds and bookings as they are shown. Moments are in the zone each has frozen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from marketplace.bookings.states import Status, effective_status
from marketplace.core.money import CURRENCY, to_kopecks, wire_amount
from marketplace.profile.avatar_names import small_of
from marketplace.schedule.availability import by_day
from marketplace.schedule.localtime import seconds_of, wall_of, zone

_CLOCK = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1_440)]


def slots_days(
    starts: Sequence[int], timezone: str, first: date, last: date
) -> list[dict[str, Any]]:
    """Offered starts (seconds) by their dates in a zone."""
    return [
        {"date": day.isoformat(), "slots": _wires(found, timezone, day)}
        for day, found in by_day(starts, timezone, first, last)
    ]


def _wires(starts: Sequence[int], timezone: str, day: date) -> list[str]:
    clock = zone(timezone)
    offset = clock.steady_offset(day)
    if not starts or offset is None or offset % 60 or any(start % 60 for start in starts):
        return [clock.wire(start) for start in starts]
    # On a day without a change of the clock only the time of day differs.
    midnight = wall_of(day) - offset
    suffix = f":00{clock.wire(midnight)[-6:]}"
    return [f"{day}T{_CLOCK[(start - midnight) // 60]}{suffix}" for start in starts]


def wire(moment: datetime, timezone: str) -> str:
    """A moment of whole seconds in a zone."""
    return zone(timezone).wire(seconds_of(moment))


def status_of(row: Any, now: datetime) -> Status:
    """A booking's status as it is to be read now."""
    return effective_status(Status(row.status), row.starts_at, row.ends_at, now)


def booking_view(row: Any, now: datetime) -> dict[str, Any]:
    """A booking as its two parties see it."""
    status = status_of(row, now)
    shows_contacts = status is Status.CONFIRMED
    return {
        "id": row.id,
        "status": status,
        "service": row.service_id,
        "service_name": row.service_name,
        "specialist": row.specialist_id,
        "client": row.client_id,
        "starts_at": wire(row.starts_at, row.timezone),
        "ends_at": wire(row.ends_at, row.timezone),
        "timezone": row.timezone,
        "duration_minutes": row.duration_minutes,
        "price": wire_amount(to_kopecks(row.price)),
        "currency": CURRENCY,
        "note": row.note,
        "cancel_notice_minutes": row.cancel_notice_minutes,
        "specialist_profile": {
            **_party(row, "specialist", shows_contacts),
            "place": _place(row) if shows_contacts else None,
        },
        "client_profile": _party(row, "client", shows_contacts),
        "created_at": wire(row.created_at, row.timezone),
        "updated_at": wire(row.updated_at, row.timezone),
    }


def _party(row: Any, party: str, shows_contacts: bool) -> dict[str, Any]:
    is_erased = getattr(row, f"{party}_erased_at") is not None
    contacts = {name: getattr(row, f"{party}_{name}") for name in ("phone", "email")}
    return {
        "id": getattr(row, f"{party}_id"),
        "full_name": getattr(row, f"{party}_name"),
        "avatar": getattr(row, f"{party}_avatar"),
        "avatar_small": small_of(getattr(row, f"{party}_avatar")),
        "contacts": contacts if shows_contacts and not is_erased else None,
    }


def _place(row: Any) -> dict[str, Any] | None:
    """Where the client is to come: the exact place."""
    if row.specialist_latitude is None:
        return None
    return {
        "latitude": row.specialist_latitude,
        "longitude": row.specialist_longitude,
        "address": row.specialist_address,
    }


def booking_versions(row: Any, now: datetime) -> list[object]:
    """What tells one state of a booking from another, the same for both readers."""
    return [
        row.id,
        row.version,
        status_of(row, now),
        row.client_version,
        row.client_profile_version,
        row.specialist_version,
        row.specialist_profile_version,
    ]


def events_view(events: Iterable[Any], timezone: str) -> list[dict[str, Any]]:
    """A history: who did what, when, and what it led to."""
    return [
        {
            "at": wire(event.at, timezone),
            "by": event.by,
            "event": event.action,
            "status": event.to_status,
            "details": _details(event.details, timezone),
        }
        for event in events
    ]


def _details(details: dict[str, Any], timezone: str) -> dict[str, Any]:
    """Moments of a move in the booking's zone; a reason is a text."""
    moved: dict[str, Any] = {
        name: wire(datetime.fromisoformat(details[name]), timezone)
        for name in ("from", "to")
        if name in details
    }
    return {**details, **moved}


def hold_view(row: Any) -> dict[str, Any]:
    """A held slot on its frozen terms."""
    return {
        "id": row.id,
        "expires_at": wire(row.expires_at, row.timezone),
        "service": row.service_id,
        "service_name": row.service_name,
        "specialist": row.specialist_id,
        "starts_at": wire(row.starts_at, row.timezone),
        "ends_at": wire(row.ends_at, row.timezone),
        "timezone": row.timezone,
        "price": wire_amount(to_kopecks(row.price)),
        "currency": CURRENCY,
        "duration_minutes": row.duration_minutes,
    }
