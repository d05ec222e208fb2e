"""What a client does to get a time: hold it during checkout, book it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.bookings import free_time, slots
from marketplace.bookings.journal import end_holds, note_events, settle
from marketplace.bookings.models import MAX_LIVE_HOLDS, Booking, Hold, TimeClaim
from marketplace.bookings.notices import Facts
from marketplace.bookings.states import Party, Status
from marketplace.core.database import session, transactional, violated
from marketplace.core.errors import Code, DomainError, not_found
from marketplace.core.hot import HotInsert
from marketplace.core.money import to_amount
from marketplace.schedule import queries as schedules
from marketplace.schedule.availability import Rule
from marketplace.schedule.diary import lock_diaries, lock_for_service
from marketplace.schedule.records import ScheduleSettings

_BOOKINGS, _HOLDS, _CLAIMS = HotInsert(Booking), HotInsert(Hold), HotInsert(TimeClaim)
HOLD_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a hold or a booking keeps, whatever is changed later."""

    specialist_id: int
    service_id: int
    service_name: str
    price: Decimal
    duration_minutes: int
    timezone: str
    cancel_notice_minutes: int
    starts_at: datetime
    ends_at: datetime


def _frozen_columns(row: Frozen | Hold) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Frozen.__dataclass_fields__}


@transactional
def book(client_id: int, service_id: int, starts_at: datetime, note: str, now: datetime) -> int:
    """Book an offered start; the booking's id.

    Raises 404 for a service that is not listed, 409 `slot_taken`, 422 `slot_not_offered`.
    """
    settings, frozen = _offered(client_id, service_id, starts_at, now)
    booking_id = _write_booking(client_id, frozen, note, settings, now)
    _claim(frozen, settings, now, booking_id=booking_id, expires_at=_answer_by(frozen, settings))
    return booking_id


@transactional
def book_hold(client_id: int, hold_id: int, note: str, now: datetime) -> int:
    """Turn a live hold into a booking on the hold's terms; the booking's id.

    Raises 409 `hold_expired` for one that is not, or not any more, the client's.
    """
    mine = sa.select(Hold).where(
        Hold.id == hold_id, Hold.client_id == client_id, Hold.expires_at > now
    )
    found = session().scalar(mine)
    if found is None:
        raise DomainError(Code.HOLD_EXPIRED)
    lock_diaries({client_id, found.specialist_id})
    # Whoever releases or ends it meanwhile waits for this row, or has been waited for.
    hold = session().scalar(mine.with_for_update().execution_options(populate_existing=True))
    if hold is None:
        raise DomainError(Code.HOLD_EXPIRED)
    settings = schedules.settings_of(hold.specialist_id)
    frozen = Frozen(**_frozen_columns(hold))
    booking_id = _write_booking(client_id, frozen, note, settings, now)
    session().execute(
        sa.update(TimeClaim)
        .where(TimeClaim.hold_id == hold_id)
        .values(hold_id=None, booking_id=booking_id, expires_at=_answer_by(frozen, settings))
    )
    session().execute(sa.delete(Hold).where(Hold.id == hold_id))
    free_time.refresh(
        [(hold.specialist_id, *busy_span(hold.starts_at, hold.ends_at, settings))], now, settings
    )
    return booking_id


@transactional
def hold(client_id: int, service_id: int, starts_at: datetime, now: datetime) -> Hold:
    """Keep an offered start for 10 minutes, until the start at the latest; the hold as written.

    Raises as `book`, and 409 `too_many_holds`.
    """
    settings, frozen = _offered(client_id, service_id, starts_at, now)
    session().execute(sa.delete(Hold).where(Hold.client_id == client_id, Hold.expires_at <= now))
    taken = set(session().scalars(sa.select(Hold.place).where(Hold.client_id == client_id)))
    free = [place for place in range(1, MAX_LIVE_HOLDS + 1) if place not in taken]
    if not free:
        raise DomainError(Code.TOO_MANY_HOLDS)
    expires_at = min(now + HOLD_LIFETIME, frozen.starts_at)
    values = _frozen_columns(frozen)
    row = {"client_id": client_id, "place": free[0], "expires_at": expires_at, "created_at": now}
    hold_id = _HOLDS.one({**row, **values})
    _claim(frozen, settings, now, hold_id=hold_id, expires_at=expires_at)
    # As written: whoever reads it later may find that it has ended.
    return Hold(id=hold_id, **row, **values)


@transactional
def release_hold(client_id: int, hold_id: int, now: datetime) -> None:
    """Give a held time back. Raises 404 for one that is not, or not any more, the client's."""
    mine = sa.and_(Hold.id == hold_id, Hold.client_id == client_id, Hold.expires_at > now)
    specialist_id = session().scalar(sa.select(Hold.specialist_id).where(mine))
    if specialist_id is None:
        raise not_found()
    lock_diaries([specialist_id])
    if not end_holds(mine, now):
        raise not_found()


def _offered(
    client_id: int, service_id: int, starts_at: datetime, now: datetime
) -> tuple[ScheduleSettings, Frozen]:
    """Lock both diaries and put the start before the rule."""
    lock_for_service(client_id, service_id)
    # Read under the lock: all of it may have changed while the lock was waited for.
    wanted = slots.wanted(service_id, client_id, now)
    offer, settings = wanted.offer, wanted.settings
    specialist_id = offer.specialist_id
    if wanted.due:
        settle(specialist_id, now)
    slots.require_offered(
        slots.judge(specialist_id, settings, offer.duration_minutes, starts_at, now=now)
    )
    return settings, Frozen(
        specialist_id=specialist_id,
        service_id=service_id,
        service_name=offer.name,
        price=to_amount(offer.kopecks),
        duration_minutes=offer.duration_minutes,
        timezone=settings.timezone,
        cancel_notice_minutes=settings.cancel_notice_minutes,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=offer.duration_minutes),
    )


def _answer_by(frozen: Frozen, settings: ScheduleSettings) -> datetime | None:
    """Until when a claim waits for the specialist's answer."""
    return None if settings.auto_confirm else frozen.starts_at


def _write_booking(
    client_id: int, frozen: Frozen, note: str, settings: ScheduleSettings, now: datetime
) -> int:
    status = Status.CONFIRMED if settings.auto_confirm else Status.PENDING
    values = _frozen_columns(frozen)
    booking_id = _BOOKINGS.one(
        {
            "client_id": client_id,
            "status": status,
            "status_by": Party.CLIENT,
            "note": note,
            "created_at": now,
            "updated_at": now,
            **values,
        }
    )
    made = Facts(
        booking_id, client_id, frozen.specialist_id, frozen.service_name, frozen.starts_at, 1
    )
    note_events([made], "created", by=Party.CLIENT, before=None, after=status, now=now)
    return booking_id


def _claim(
    frozen: Frozen,
    settings: ScheduleSettings,
    now: datetime,
    *,
    expires_at: datetime | None,
    hold_id: int | None = None,
    booking_id: int | None = None,
) -> None:
    """Claim the time, buffers included. The database has the last word on an overlap."""
    busy_from, busy_until = busy_span(frozen.starts_at, frozen.ends_at, settings)
    try:
        _CLAIMS.one(
            {
                "specialist_id": frozen.specialist_id,
                "busy_from": busy_from,
                "busy_until": busy_until,
                "hold_id": hold_id,
                "booking_id": booking_id,
                "expires_at": expires_at,
            }
        )
    except IntegrityError as error:
        raise overlap(error) from error
    free_time.refresh([(frozen.specialist_id, busy_from, busy_until)], now, settings)


def busy_span(
    starts_at: datetime, ends_at: datetime, settings: ScheduleSettings
) -> tuple[datetime, datetime]:
    """What a claim keeps busy: the appointment with today's buffers."""
    return (
        starts_at - timedelta(minutes=settings.buffer_before_minutes),
        ends_at + timedelta(minutes=settings.buffer_after_minutes),
    )


def overlap(error: IntegrityError) -> Exception:
    """The refusal that an overlapping claim means; any other violation stays what it is."""
    if violated(error) != "ex_time_claims_overlap":
        return error
    return DomainError(Code.SLOT_TAKEN, members={"rule": Rule.TAKEN, "nearest": []})
