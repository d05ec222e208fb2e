"""Whom a change of a booking is told, and when its client is reminded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace.bookings.states import Party, Status
from marketplace.notifications import outbox
from marketplace.notifications.outbox import Notice

SUBJECT = "booking"
REMINDERS = {"reminder_24h": timedelta(hours=24), "reminder_2h": timedelta(hours=2)}


@dataclass(frozen=True, slots=True)
class Facts:
    """What notices need to know of a booking."""

    id: int
    client_id: int
    specialist_id: int
    service_name: str
    starts_at: datetime
    version: int


def facts_of(row: Any) -> Facts:
    """The facts in a booking or a row of its columns."""
    return Facts(
        row.id, row.client_id, row.specialist_id, row.service_name, row.starts_at, row.version
    )


def tell(
    bookings: Sequence[Facts], action: str, *, by: Party, after: Status, now: datetime
) -> None:
    """Write what the parties are told of an event; reminders of bookings that moved or hold no
    time any more are withdrawn.
    """
    if action not in ("created", "confirmed"):
        outbox.withdraw(SUBJECT, [booking.id for booking in bookings], list(REMINDERS), now)
    notices = [
        notice for booking in bookings for notice in _notices(booking, action, by, after, now)
    ]
    outbox.enqueue(notices, now)


def _notices(
    booking: Facts, action: str, by: Party, after: Status, now: datetime
) -> Iterator[Notice]:
    told = [(user_id, kind, now) for user_id, kind in _told(booking, action, by, after)]
    if after is Status.CONFIRMED:
        due = {kind: booking.starts_at - before for kind, before in REMINDERS.items()}
        told += [(booking.client_id, kind, at) for kind, at in due.items() if at > now]
    payload = {"service": booking.service_name, "starts_at": booking.starts_at.isoformat()}
    for user_id, kind, at in told:
        # Every change of a booking is a version of it, and is told once.
        key = f"{SUBJECT}:{booking.id}:{booking.version}:{kind}:{user_id}"
        yield Notice(user_id, kind, SUBJECT, booking.id, payload, at, key)


def _told(booking: Facts, action: str, by: Party, after: Status) -> list[tuple[int, str]]:
    client, specialist = booking.client_id, booking.specialist_id
    if action == "created":
        if after is Status.PENDING:
            return [(specialist, "booking_requested"), (client, "booking_waits")]
        return [(specialist, "booking_created"), (client, "booking_confirmed")]
    if action in ("confirmed", "declined", "expired"):
        return [(client, f"booking_{action}")]
    if action == "rescheduled" and by is Party.CLIENT and after is Status.PENDING:
        # "Moved" would sound settled, and the request expires when nobody answers it.
        return [(specialist, "booking_move_requested"), (client, "booking_waits")]
    if action in ("cancelled", "rescheduled"):
        others = {Party.CLIENT: [specialist], Party.SPECIALIST: [client]}.get(by)
        return [(user_id, f"booking_{action}") for user_id in others or [client, specialist]]
    return []
