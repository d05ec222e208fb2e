"""Reads what a service's slots are made of, and puts it before the one rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import CLIENT, User
from marketplace.bookings.models import TimeClaim
from marketplace.core.errors import Code, DomainError, not_found
from marketplace.core.hot import HotQuery, moment_of, moment_param
from marketplace.core.permissions import Viewer, unauthorized
from marketplace.profile.models import Profile
from marketplace.schedule import queries as schedules
from marketplace.schedule.availability import Availability, Diary, Rule
from marketplace.schedule.localtime import day_of, seconds_of, zone
from marketplace.schedule.localtime import moment_of as moment_at
from marketplace.schedule.models import Schedule
from marketplace.schedule.records import ScheduleSettings
from marketplace.services.models import Service

_NOBODY = 0
_ONE_DAY = timedelta(days=1)
# What is looked at only of a start that lies on the grid, where no fraction of a second does.
_AFTER_THE_STEP = (None, Rule.DOES_NOT_FIT, Rule.TOO_SOON, Rule.TOO_FAR, Rule.TAKEN)
# In the order of `Offer`.
_OFFER: tuple[Any, ...] = (
    Service.id,
    Service.specialist_id,
    Service.name,
    sa.type_coerce(Service.price, sa.BigInteger),
    Service.duration_minutes,
)
_WIDTH = len(_OFFER)
_SERVICE = HotQuery(
    sa.select(*_OFFER).where(
        Service.id == sa.bindparam("service_id"),
        sa.or_(Service.listed == sa.true(), Service.specialist_id == sa.bindparam("owner_id")),
        Service.archived_at.is_(None),
    )
)
_WANTED = HotQuery(
    sa.select(
        *_OFFER,
        sa.exists()
        .where(
            TimeClaim.specialist_id == Service.specialist_id,
            TimeClaim.expires_at <= sa.bindparam("now", type_=TimeClaim.busy_from.type),
        )
        .label("due"),
        *schedules.SETTINGS_COLUMNS,
    )
    .join(Schedule, Schedule.user_id == Service.specialist_id)
    .join(Profile, Profile.user_id == Service.specialist_id)
    .where(
        Service.id == sa.bindparam("service_id"),
        Service.listed == sa.true(),
        Service.archived_at.is_(None),
        sa.exists().where(
            User.id == sa.bindparam("client_id"), User.role == CLIENT, User.blocked_at.is_(None)
        ),
    )
    # Lest it be erased before the hold or booking that keeps it is written.
    .with_for_update(key_share=True, read=True, of=Service)
)
_CLAIMS = HotQuery(
    sa.select(TimeClaim.busy_from, TimeClaim.busy_until)
    .where(
        TimeClaim.specialist_id == sa.bindparam("specialist_id"),
        TimeClaim.busy_until > sa.bindparam("since", type_=TimeClaim.busy_until.type),
        TimeClaim.busy_from < sa.bindparam("until", type_=TimeClaim.busy_from.type),
        sa.or_(
            TimeClaim.expires_at.is_(None),
            TimeClaim.expires_at > sa.bindparam("now", type_=TimeClaim.busy_from.type),
        ),
        sa.or_(
            TimeClaim.booking_id.is_(None),
            TimeClaim.booking_id != sa.bindparam("but_booking", type_=sa.Integer),
        ),
    )
    .order_by(TimeClaim.busy_from)
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What is to be booked, as it stands now: kopecks, minutes."""

    service_id: int
    specialist_id: int
    name: str
    kopecks: int
    duration_minutes: int


def offer_of(service_id: int, viewer: Viewer | None) -> Offer:
    """A listed service, or the viewer's own hidden one. Raises 404."""
    owner_id = _NOBODY if viewer is None else viewer.user_id
    row = _SERVICE.first({"service_id": service_id, "owner_id": owner_id})
    if row is None:
        raise not_found()
    return Offer(*row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to book, all of it as of one moment; `due`: claims there have expired."""

    offer: Offer
    settings: ScheduleSettings
    due: bool


def wanted(service_id: int, client_id: int, now: datetime) -> Wanted:
    """A listed service with its specialist's settings, for a client who may still book.

    Raises 404, or 401 when the client was blocked meanwhile.
    """
    row = _WANTED.first(
        {"service_id": service_id, "client_id": client_id, "now": moment_param(now)}
    )
    if row is None:
        offer_of(service_id, None)
        raise unauthorized(Code.TOKEN_REVOKED)
    offer, due, settings = row[:_WIDTH], row[_WIDTH], row[_WIDTH + 1 :]
    return Wanted(Offer(*offer), schedules.settings_from(settings), bool(due))


def availability(
    specialist_id: int,
    settings: ScheduleSettings,
    duration_minutes: int,
    *,
    since: int,
    until: int,
    now: datetime,
    but_booking: int = 0,
) -> Availability:
    """What is offered between two moments (seconds); the time of one booking may count as free."""
    clock = zone(settings.timezone)
    working = schedules.working_time(
        specialist_id,
        day_of(clock.wall(since)) - _ONE_DAY,
        day_of(clock.wall(until)) + 5 * _ONE_DAY,
    )
    reach = timedelta(days=2)
    claims = _CLAIMS.rows(
        {
            "specialist_id": specialist_id,
            "since": moment_param(moment_at(since) - reach),
            "until": moment_param(moment_at(until) + reach),
            "now": moment_param(now),
            "but_booking": but_booking,
        }
    )
    spans = [(seconds_of(moment_of(low)), seconds_of(moment_of(high))) for low, high in claims]
    diary = Diary(working, settings.has_hours, spans)
    return Availability(settings.terms, diary, duration_minutes, now)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why a start is refused, None when it is offered, and the nearest offered ones (RFC 3339 in
    the specialist's zone, nearest first).
    """

    rule: Rule | None
    nearest: list[str]


def judge(
    specialist_id: int,
    settings: ScheduleSettings,
    duration_minutes: int,
    starts_at: datetime,
    *,
    now: datetime,
    but_booking: int = 0,
) -> Judgement:
    """Put one start before the rule."""
    start = int(starts_at.timestamp() // 1)
    reads: dict[str, Any] = {"now": now, "but_booking": but_booking}
    near = availability(
        specialist_id, settings, duration_minutes, since=start, until=start + 1, **reads
    )
    rule = near.judge(start)
    if starts_at.microsecond and rule in _AFTER_THE_STEP:
        rule = Rule.OFF_THE_STEP
    if rule is None:
        return Judgement(None, [])
    since, until = near.span
    whole = availability(
        specialist_id, settings, duration_minutes, since=since, until=until, **reads
    )
    clock = zone(settings.timezone)
    nearest = whole.nearest(start, including=bool(starts_at.microsecond))
    return Judgement(rule, [clock.wire(each) for each in nearest])


def require_offered(judgement: Judgement) -> None:
    """Raise 409 `slot_taken` or 422 `slot_not_offered`, with `rule` and `nearest`."""
    if judgement.rule is not None:
        code = Code.SLOT_TAKEN if judgement.rule is Rule.TAKEN else Code.SLOT_NOT_OFFERED
        members = {"rule": judgement.rule, "nearest": judgement.nearest}
        raise DomainError(code, members=members)
