"""What every change of a booking writes beside it: history, notices, its claim on time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from marketplace.bookings import free_time
from marketplace.bookings.models import Booking, BookingEvent, Hold, TimeClaim
from marketplace.bookings.notices import Facts, facts_of, tell
from marketplace.bookings.states import Party, Status
from marketplace.core.after_commit import after_commit
from marketplace.core.database import session, table_of
from marketplace.core.hot import HotInsert
from marketplace.core.metrics import Counter

_EVENTS = HotInsert(BookingEvent)
_ACTIONS = (
    *("created", "confirmed", "declined", "cancelled", "rescheduled", "completed", "no_show"),
    "expired",
)
_counter = Counter(
    "marketplace_booking_events_total",
    "What became of bookings, once committed.",
    "event",
    _ACTIONS,
)


def note_events(
    bookings: Sequence[Facts],
    action: str,
    *,
    by: Party,
    before: Status | None,
    after: Status,
    now: datetime,
    **details: Any,
) -> None:
    """Add an entry to each booking's history, and what its parties are told, in the caller's
    transaction.
    """
    _EVENTS.many(
        [
            {
                "booking_id": booking.id,
                "at": now,
                "by": by,
                "action": action,
                "from_status": before,
                "to_status": after,
                "details": details,
            }
            for booking in bookings
        ]
    )
    tell(bookings, action, by=by, after=after, now=now)
    after_commit(partial(_counter.add, len(bookings), action))


def close(
    booking_ids: Iterable[int],
    status: Status,
    action: str,
    *,
    by: Party,
    expected: Status,
    now: datetime,
    **details: Any,
) -> list[int]:
    """Bring bookings that have the `expected` status into one that claims no time; which they
    were. Compare and set: what somebody else changed meanwhile is left alone. Whoever closes one
    that still holds time has the lock of the specialist's diary.
    """
    ids = list(booking_ids)
    if not ids:
        return []
    rows = session().execute(
        sa.update(table_of(Booking))
        .where(Booking.id.in_(ids), Booking.status == expected)
        .values(status=status, status_by=by, updated_at=now, version=Booking.version + 1)
        .returning(
            Booking.id,
            Booking.client_id,
            Booking.specialist_id,
            Booking.service_name,
            Booking.starts_at,
            Booking.version,
        )
    )
    closed = [facts_of(row) for row in rows]
    numbers = [booking.id for booking in closed]
    _release(TimeClaim.booking_id.in_(numbers), now)
    note_events(closed, action, by=by, before=expected, after=status, now=now, **details)
    return numbers


def end_holds(which: sa.ColumnElement[bool], now: datetime) -> int:
    """End holds under the locks of their specialists' diaries; how many."""
    ids = list(session().scalars(sa.select(Hold.id).where(which)))
    _release(TimeClaim.hold_id.in_(ids), now)
    ended = session().execute(sa.delete(Hold).where(Hold.id.in_(ids)).returning(Hold.id))
    return len(ended.all())


def _release(which: sa.ColumnElement[bool], now: datetime) -> None:
    claims = table_of(TimeClaim)
    gone = session().execute(
        sa.delete(claims)
        .where(which)
        .returning(
            TimeClaim.specialist_id,
            TimeClaim.busy_from,
            TimeClaim.busy_until,
            TimeClaim.expires_at,
        )
    )
    free_time.released(gone.all(), now)


def settle(specialist_id: int, now: datetime) -> None:
    """Write what the clock has decided of a specialist's time: holds that ended are gone, requests
    unanswered at their start are expired. Whoever wants the time does this first.
    """
    due = sa.select(TimeClaim.booking_id, TimeClaim.hold_id).where(
        TimeClaim.specialist_id == specialist_id, TimeClaim.expires_at <= now
    )
    rows = session().execute(due).all()
    bookings = [row.booking_id for row in rows if row.booking_id is not None]
    holds = [row.hold_id for row in rows if row.hold_id is not None]
    close(bookings, Status.EXPIRED, "expired", by=Party.SYSTEM, expected=Status.PENDING, now=now)
    if holds:
        session().execute(sa.delete(Hold).where(Hold.id.in_(holds)))
