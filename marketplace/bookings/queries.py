"""Reads of bookings and holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.auth.models import User
from marketplace.bookings.models import Booking, BookingEvent, Hold
from marketplace.bookings.states import CLOSES_AFTER, HOLDING, Status
from marketplace.core.database import read
from marketplace.core.errors import not_found
from marketplace.core.hot import HotQuery
from marketplace.core.paging import Page, Position, bounded_count
from marketplace.profile.models import Profile
from marketplace.schedule.localtime import moment_of, seconds_of, zone
from marketplace.schedule.records import Coming

MAX_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a booking's history."""

    at: datetime
    by: str
    action: str
    to_status: str
    details: dict[str, Any]


_Client, _ClientProfile = aliased(User), aliased(Profile)
_Specialist, _SpecialistProfile = aliased(User), aliased(Profile)
_BOOKINGS = (
    sa.select(
        Booking.__table__,
        _ClientProfile.full_name.label("client_name"),
        _ClientProfile.avatar.label("client_avatar"),
        _ClientProfile.version.label("client_profile_version"),
        _Client.phone.label("client_phone"),
        _Client.email.label("client_email"),
        _Client.version.label("client_version"),
        _Client.erased_at.label("client_erased_at"),
        _SpecialistProfile.full_name.label("specialist_name"),
        _SpecialistProfile.avatar.label("specialist_avatar"),
        _SpecialistProfile.latitude.label("specialist_latitude"),
        _SpecialistProfile.longitude.label("specialist_longitude"),
        _SpecialistProfile.address.label("specialist_address"),
        _SpecialistProfile.version.label("specialist_profile_version"),
        _Specialist.phone.label("specialist_phone"),
        _Specialist.email.label("specialist_email"),
        _Specialist.version.label("specialist_version"),
        _Specialist.erased_at.label("specialist_erased_at"),
    )
    .join(_Client, _Client.id == Booking.client_id)
    .join(_ClientProfile, _ClientProfile.user_id == Booking.client_id)
    .join(_Specialist, _Specialist.id == Booking.specialist_id)
    .join(_SpecialistProfile, _SpecialistProfile.user_id == Booking.specialist_id)
)


_EVENT_COLUMNS = ("at", "by", "action", "to_status", "details")
_WITH_HISTORY = HotQuery(
    _BOOKINGS.add_columns(
        *(getattr(BookingEvent, name).label(f"event_{name}") for name in ("id", *_EVENT_COLUMNS))
    )
    .outerjoin(BookingEvent, BookingEvent.booking_id == Booking.id)
    .where(
        Booking.id == sa.bindparam("booking_id"),
        sa.or_(
            Booking.client_id == sa.bindparam("user_id"),
            Booking.specialist_id == sa.bindparam("user_id"),
        ),
    )
    .order_by(BookingEvent.id.desc())
    .limit(sa.literal_column(str(MAX_EVENTS)))
)


def own_booking(user_id: int, booking_id: int) -> tuple[Any, list[Event]]:
    """A booking of which the user is a party, with both parties' cards, and its history: the
    latest `MAX_EVENTS` entries, oldest first. Raises 404.
    """
    rows = _WITH_HISTORY.records({"user_id": user_id, "booking_id": booking_id})
    if not rows:
        raise not_found()
    return rows[0], [
        Event(*(getattr(row, f"event_{name}") for name in _EVENT_COLUMNS))
        for row in reversed(rows)
        if row.event_id is not None
    ]


def own_bookings(
    user_id: int,
    *,
    status: str | None,
    since: datetime | None,
    until: datetime | None,
    ordering: str,
    limit: int,
    after: Position | None,
    count: bool,
    now: datetime,
) -> Page[Any]:
    """Bookings of which the user is a party, starting from `since` and before `until`, by their
    effective status.
    """
    found: list[sa.ColumnElement[bool]] = []
    if status is not None:
        found.append(_has_status(Status(status), now))
    if since is not None:
        found.append(Booking.starts_at >= since)
    if until is not None:
        found.append(Booking.starts_at < until)
    descending = ordering.startswith("-")
    paged = list(found)
    if after is not None:
        here = sa.tuple_(Booking.starts_at, Booking.id)
        there = sa.tuple_(
            sa.literal(moment_of(min(after.key, _LAST_KEY)), Booking.starts_at.type),
            sa.literal(after.row_id),
        )
        paged.append(here < there if descending else here > there)
    order = (
        (Booking.starts_at.desc(), Booking.id.desc())
        if descending
        else (Booking.starts_at, Booking.id)
    )
    # One index walk for each side: under an OR neither index gives the order.
    sides = [
        sa.select(Booking.id).where(side == user_id, *paged).order_by(*order).limit(limit + 1)
        for side in (Booking.client_id, Booking.specialist_id)
    ]
    ids = sa.union_all(*(sa.select(side.subquery().c.id) for side in sides)).subquery()
    query = _BOOKINGS.where(Booking.id.in_(sa.select(ids.c.id))).order_by(*order).limit(limit + 1)
    rows = list(read().execute(query).all())
    total = None
    if count:
        mine = sa.or_(Booking.client_id == user_id, Booking.specialist_id == user_id)
        total = (
            read().execute(bounded_count(sa.select(Booking.id).where(mine, *found))).scalar_one()
        )
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = Position(seconds_of(last.starts_at), last.id)
    return Page(rows[:limit], following, total)


_LAST_KEY = 4_102_444_800


def _has_status(status: Status, now: datetime) -> sa.ColumnElement[bool]:
    closed_before = now - CLOSES_AFTER
    stored = Booking.status == status
    if status is Status.PENDING:
        return sa.and_(stored, Booking.starts_at > now)
    if status is Status.CONFIRMED:
        return sa.and_(stored, Booking.ends_at > closed_before)
    if status is Status.EXPIRED:
        unanswered = sa.and_(Booking.status == Status.PENDING, Booking.starts_at <= now)
        return sa.or_(stored, unanswered)
    if status is Status.COMPLETED:
        unclosed = sa.and_(Booking.status == Status.CONFIRMED, Booking.ends_at <= closed_before)
        return sa.or_(stored, unclosed)
    return stored


def busy_bookings(specialist_id: int, since: datetime, until: datetime, now: datetime) -> list[Any]:
    """A specialist's bookings that overlap a span and stand or stood, in order."""
    query = _BOOKINGS.where(
        Booking.specialist_id == specialist_id,
        Booking.starts_at < until,
        Booking.ends_at > since,
        Booking.status.in_((*HOLDING, Status.COMPLETED, Status.NO_SHOW)),
        ~sa.and_(Booking.status == Status.PENDING, Booking.starts_at <= now),
    )
    return list(read().execute(query.order_by(Booking.starts_at, Booking.id)).all())


def coming_bookings(specialist_id: int, now: datetime) -> list[Coming]:
    """What is still to come of a specialist, as a change of working time asks for it."""
    query = sa.select(Booking.__table__).where(
        Booking.specialist_id == specialist_id,
        Booking.status.in_(HOLDING),
        Booking.starts_at > now,
    )
    return [
        Coming(
            seconds_of(row.starts_at),
            seconds_of(row.ends_at),
            {
                "id": row.id,
                "status": row.status,
                "service_name": row.service_name,
                "client": row.client_id,
                "starts_at": zone(row.timezone).wire(seconds_of(row.starts_at)),
                "ends_at": zone(row.timezone).wire(seconds_of(row.ends_at)),
            },
        )
        for row in read().execute(query.order_by(Booking.starts_at, Booking.id))
    ]


def own_holds(client_id: int, now: datetime) -> list[Any]:
    """A client's live holds, two at most."""
    query = sa.select(Hold.__table__).where(Hold.client_id == client_id, Hold.expires_at > now)
    return list(read().execute(query.order_by(Hold.id)).all())
