"""What must hold of bookings and claims in every database, asked so that answers are faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.bookings.models import Booking, BookingEvent, Hold, TimeClaim
from marketplace.bookings.notices import REMINDERS, SUBJECT
from marketplace.bookings.states import HOLDING, Status
from marketplace.core.database import read
from marketplace.notifications.models import PENDING, Notification
from marketplace.services.models import Service

MAX_TOLD = 100


def faults(now: datetime) -> Iterator[str]:
    """One sentence for each fault, at most `MAX_TOLD` of a kind."""
    for question, told in (
        (_overlapping_claims(), "claims {} and {} of one specialist overlap"),
        (_holding_without_claim(now), "booking {} holds time and has no claim"),
        (_claims_of_the_wrong(), "claim {} does not cover its owner's time or specialist"),
        (_claims_of_the_closed(), "claim {} is kept by booking {}, which holds no time"),
        (_claims_that_end_elsewhere(), "claim {} does not end when its owner does"),
        (_holds_without_claim(), "hold {} has no claim"),
        (_histories_that_lead_elsewhere(), "the history of booking {} does not lead to its status"),
        (_broken_histories(), "event {} of booking {} does not follow from the one before it"),
        (_without_history(), "booking {} has no history"),
        (_of_another_length(Booking), "booking {} does not last as long as it says"),
        (_of_another_length(Hold), "hold {} does not last as long as it says"),
        (_of_another_specialist(Booking), "booking {} is not with its service's specialist"),
        (_of_another_specialist(Hold), "hold {} is not with its service's specialist"),
        (_wrong_reminders(), "notification {} reminds of booking {} at a time that is not its own"),
    ):
        for row in read().execute(question.limit(MAX_TOLD)):
            yield told.format(*row)


def _overlapping_claims() -> sa.Select[int, int]:
    other = aliased(TimeClaim)
    return (
        sa.select(TimeClaim.id, other.id)
        .join(other, other.specialist_id == TimeClaim.specialist_id)
        .where(
            TimeClaim.id < other.id,
            TimeClaim.busy_from < other.busy_until,
            TimeClaim.busy_until > other.busy_from,
        )
        .order_by(TimeClaim.id, other.id)
    )


def _holding_without_claim(now: datetime) -> sa.Select[int]:
    claimed = sa.exists().where(TimeClaim.booking_id == Booking.id)
    # A request whose start has passed counts as expired, and its claim may be gone.
    unanswered = sa.and_(Booking.status == Status.PENDING, Booking.starts_at <= now)
    return sa.select(Booking.id).where(Booking.status.in_(HOLDING), ~unanswered, ~claimed)


def _claims_of_the_wrong() -> sa.Select[int]:
    of_booking = sa.and_(
        Booking.id.is_not(None),
        sa.or_(
            Booking.specialist_id != TimeClaim.specialist_id,
            Booking.starts_at < TimeClaim.busy_from,
            Booking.ends_at > TimeClaim.busy_until,
        ),
    )
    of_hold = sa.and_(
        Hold.id.is_not(None),
        sa.or_(
            Hold.specialist_id != TimeClaim.specialist_id,
            Hold.starts_at < TimeClaim.busy_from,
            Hold.ends_at > TimeClaim.busy_until,
        ),
    )
    orphan = sa.and_(Booking.id.is_(None), Hold.id.is_(None))
    return (
        sa.select(TimeClaim.id)
        .outerjoin(Booking, Booking.id == TimeClaim.booking_id)
        .outerjoin(Hold, Hold.id == TimeClaim.hold_id)
        .where(sa.or_(of_booking, of_hold, orphan))
    )


def _claims_of_the_closed() -> sa.Select[int, int]:
    return (
        sa.select(TimeClaim.id, Booking.id)
        .join(Booking, Booking.id == TimeClaim.booking_id)
        .where(Booking.status.not_in(HOLDING))
    )


def _claims_that_end_elsewhere() -> sa.Select[int]:
    pending = sa.and_(Booking.status == Status.PENDING, Booking.starts_at.is_distinct_from(_EXPIRY))
    confirmed = sa.and_(Booking.status == Status.CONFIRMED, _EXPIRY.is_not(None))
    held = sa.and_(Hold.id.is_not(None), Hold.expires_at.is_distinct_from(_EXPIRY))
    return (
        sa.select(TimeClaim.id)
        .outerjoin(Booking, Booking.id == TimeClaim.booking_id)
        .outerjoin(Hold, Hold.id == TimeClaim.hold_id)
        .where(sa.or_(pending, confirmed, held))
    )


_EXPIRY = TimeClaim.expires_at


def _holds_without_claim() -> sa.Select[int]:
    return sa.select(Hold.id).where(~sa.exists().where(TimeClaim.hold_id == Hold.id))


def _histories_that_lead_elsewhere() -> sa.Select[int]:
    last = (
        sa.select(sa.func.max(BookingEvent.id))
        .where(BookingEvent.booking_id == Booking.id)
        .correlate(Booking)
        .scalar_subquery()
    )
    event = aliased(BookingEvent)
    return (
        sa.select(Booking.id).join(event, event.id == last).where(event.to_status != Booking.status)
    )


def _broken_histories() -> sa.Select[int, int]:
    before = (
        sa.func.lag(BookingEvent.to_status)
        .over(partition_by=BookingEvent.booking_id, order_by=BookingEvent.id)
        .label("before")
    )
    steps = sa.select(
        BookingEvent.id, BookingEvent.booking_id, BookingEvent.from_status, before
    ).subquery()
    return sa.select(steps.c.id, steps.c.booking_id).where(
        sa.or_(
            steps.c.from_status.is_distinct_from(steps.c.before),
            # Nothing follows an end.
            steps.c.before.not_in(HOLDING),
        )
    )


def _without_history() -> sa.Select[int]:
    return sa.select(Booking.id).where(~sa.exists().where(BookingEvent.booking_id == Booking.id))


def _of_another_length(model: type[Booking | Hold]) -> sa.Select[int]:
    length = _seconds_between(model.starts_at, model.ends_at)
    return sa.select(model.id).where(length != model.duration_minutes * 60)


def _of_another_specialist(model: type[Booking | Hold]) -> sa.Select[int]:
    return (
        sa.select(model.id)
        .join(Service, Service.id == model.service_id)
        .where(Service.specialist_id != model.specialist_id)
    )


def _wrong_reminders() -> sa.Select[int, int]:
    """Those still to be sent of what holds no time, or stands at another one."""
    before = _seconds_between(Notification.due_at, Booking.starts_at)
    early = sa.or_(
        *(
            sa.and_(Notification.kind == kind, before != ahead.total_seconds())
            for kind, ahead in REMINDERS.items()
        )
    )
    return (
        sa.select(Notification.id, Booking.id)
        .join(Booking, Booking.id == Notification.subject_id)
        .where(
            Notification.subject_type == SUBJECT,
            Notification.kind.in_(REMINDERS),
            Notification.state == PENDING,
            sa.or_(Booking.status != Status.CONFIRMED, early),
        )
    )


def _seconds_between(since: Any, until: Any) -> sa.ColumnElement[Any]:
    if read().dialect.name == "postgresql":
        return sa.extract("epoch", until - since)
    # Whole microseconds there.
    last, first = (sa.type_coerce(each, sa.BigInteger) for each in (until, since))
    return (last - first) / 1_000_000
