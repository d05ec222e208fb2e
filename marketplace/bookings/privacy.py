"""The bookings' part of what is told of a person, and of what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import User
from marketplace.bookings.models import Booking, BookingEvent, Hold
from marketplace.bookings.states import Party
from marketplace.core.database import session, table_of
from marketplace.core.export import stream, stream_groups
from marketplace.core.idempotency import LIFETIME, IdempotencyKey
from marketplace.schedule.models import FreeReach, FreeSpan

_EVENT = ("at", "by", "action", "from_status", "to_status", "details")


def exported(user_id: int) -> dict[str, Any]:
    """Bookings on either side with their histories, and holds. The other party is a number."""
    holds = table_of(Hold).c
    shown = [column for column in holds if column.name != "place"]
    mine = sa.or_(holds.client_id == user_id, holds.specialist_id == user_id)
    return {
        "bookings": _bookings(user_id),
        "holds": stream(sa.select(*shown).where(mine).order_by(holds.id)),
    }


def _bookings(user_id: int) -> Iterator[dict[str, Any]]:
    bookings, events = table_of(Booking).c, table_of(BookingEvent).c
    query = (
        sa.select(
            *(column for column in bookings if column.name != "version"),
            *(events[name].label(f"event_{name}") for name in _EVENT),
        )
        .outerjoin(BookingEvent, events.booking_id == bookings.id)
        .where(sa.or_(bookings.client_id == user_id, bookings.specialist_id == user_id))
        .order_by(bookings.id, events.id)
    )
    return stream_groups(query, "events", "event_")


def forget(user: User, now: datetime) -> None:
    """What the person wrote goes: a client's notes, either party's reasons. So do answers kept for
    the other party's repeated requests, which show the person's name and contacts, and the free
    time that was made of the hours.
    """
    bookings, events = table_of(Booking), table_of(BookingEvent)
    session().execute(
        sa.update(bookings)
        .where(bookings.c.client_id == user.id, bookings.c.note != "")
        .values(note="", updated_at=now, version=bookings.c.version + 1)
    )
    for column, party in (
        (bookings.c.client_id, Party.CLIENT),
        (bookings.c.specialist_id, Party.SPECIALIST),
    ):
        mine = sa.select(bookings.c.id).where(column == user.id)
        session().execute(
            sa.update(events)
            .where(
                events.c.booking_id.in_(mine),
                events.c.by == party,
                events.c.action.in_(("cancelled", "declined")),
            )
            .values(details={})
        )
    for model in (FreeSpan, FreeReach):
        rows = table_of(model)
        session().execute(sa.delete(rows).where(rows.c.specialist_id == user.id))
    clients = sa.select(bookings.c.client_id).where(
        bookings.c.specialist_id == user.id, bookings.c.created_at > now - LIFETIME
    )
    keys = table_of(IdempotencyKey)
    shows = keys.c.body.like(f'%"specialist":{user.id},%')
    session().execute(sa.delete(keys).where(keys.c.user_id.in_(clients), shows))
