"""What admins see of bookings and schedules."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.auth.administration import NotPossible
from marketplace.auth.models import User
from marketplace.bookings.models import Booking, BookingEvent
from marketplace.core.database import session

_Client, _Specialist = aliased(User), aliased(User)
_ROWS = (
    sa.select(
        Booking.id,
        Booking.status,
        Booking.starts_at,
        Booking.ends_at,
        _Client.username.label("client"),
        _Specialist.username.label("specialist"),
        Booking.service_id,
        Booking.service_name,
        Booking.price,
        Booking.created_at,
    )
    .join(_Client, _Client.id == Booking.client_id)
    .join(_Specialist, _Specialist.id == Booking.specialist_id)
)


def booking_rows(
    *, user_id: int | None, status: str | None, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """Bookings, the newest first, by their stored status."""
    query = _ROWS
    if user_id is not None:
        query = query.where(sa.or_(Booking.client_id == user_id, Booking.specialist_id == user_id))
    if status is not None:
        query = query.where(Booking.status == status)
    if after is not None:
        query = query.where(Booking.id < after)
    rows = session().execute(query.order_by(Booking.id.desc()).limit(limit)).mappings()
    return [dict(row) for row in rows]


def booking_details(booking_id: int) -> dict[str, Any]:
    """A booking with its history. Raises `NotPossible` when there is none."""
    query = _ROWS.add_columns(
        Booking.status_by,
        Booking.timezone,
        Booking.cancel_notice_minutes,
        Booking.moved_by_specialist,
        Booking.note,
    )
    row = session().execute(query.where(Booking.id == booking_id)).mappings().first()
    if row is None:
        raise NotPossible(f"There is no booking {booking_id}.")
    events = session().execute(
        sa.select(BookingEvent.at, BookingEvent.by, BookingEvent.action, BookingEvent.to_status)
        .where(BookingEvent.booking_id == booking_id)
        .order_by(BookingEvent.id)
    )
    history = [f"{at:%Y-%m-%dT%H:%M:%SZ} {by} {action}: {to}" for at, by, action, to in events]
    return {**row, "history": history}
