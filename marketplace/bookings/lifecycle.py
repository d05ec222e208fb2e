"""What becomes of a booking: its parties' actions, and what the clock and the admins do."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth.models import User
from marketplace.bookings import free_time, slots
from marketplace.bookings.journal import close, end_holds, note_events, settle
from marketplace.bookings.models import Booking, Hold, TimeClaim
from marketplace.bookings.notices import facts_of
from marketplace.bookings.operations import busy_span, overlap
from marketplace.bookings.states import (
    CLOSES_AFTER,
    HOLDING,
    TARGETS,
    Action,
    Party,
    Status,
    Verdict,
    effective_status,
    is_too_late,
    judge,
)
from marketplace.core import audit
from marketplace.core.database import session, transactional
from marketplace.core.errors import Code, DomainError, not_found
from marketplace.schedule import queries as schedules
from marketplace.schedule.diary import lock_diaries

_BATCH = 500
_PAST_TENSE = {
    Action.CONFIRM: "confirmed",
    Action.DECLINE: "declined",
    Action.CANCEL: "cancelled",
    Action.COMPLETE: "completed",
    Action.NO_SHOW: "no_show",
}


@transactional
def act(booking_id: int, user_id: int, action: Action, now: datetime, *, reason: str = "") -> None:
    """Confirm, decline, cancel, complete, no-show. Done already by the same party: nothing.

    Raises 404 for somebody else's, 409 `wrong_state` or `too_late_to_cancel`.
    """
    booking, party = _locked(booking_id, user_id)
    if _require(booking, action, party, now) is Verdict.DONE_ALREADY:
        return
    if action is Action.CANCEL and party is Party.CLIENT and booking.status == Status.CONFIRMED:
        _refuse_late(booking, Code.TOO_LATE_TO_CANCEL, now)
    details = {"reason": reason} if reason else {}
    target = TARGETS[action]
    if target is Status.CONFIRMED:
        booking.status, booking.status_by = target, party
        booking.updated_at = now
        session().execute(
            sa.update(TimeClaim).where(TimeClaim.booking_id == booking_id).values(expires_at=None)
        )
        free_time.refresh([_claimed(booking_id)], now)
        note_events(
            [facts_of(booking)], "confirmed", by=party, before=Status.PENDING, after=target, now=now
        )
    else:
        before = Status(booking.status)
        name = _PAST_TENSE[action]
        closed = close([booking_id], target, name, by=party, expected=before, now=now, **details)
        _require_closed(closed)


@transactional
def reschedule(booking_id: int, user_id: int, starts_at: datetime, now: datetime) -> None:
    """Move a booking to an offered start, at its frozen duration and price and today's rules. To
    the same start nothing changes.

    Raises 404, 409 `wrong_state`, `too_late_to_reschedule` or `slot_taken`, 422
    `slot_not_offered`; then nothing is changed.
    """
    booking, party = _locked(booking_id, user_id)
    _require(booking, Action.RESCHEDULE, party, now)
    # First of all: a move whose answer was lost is sent again, to a start that may be near.
    if starts_at == booking.starts_at:
        return
    if party is Party.CLIENT:
        _refuse_late(booking, Code.TOO_LATE_TO_RESCHEDULE, now)
    settle(booking.specialist_id, now)
    settings = schedules.settings_of(booking.specialist_id)
    slots.require_offered(
        slots.judge(
            booking.specialist_id,
            settings,
            booking.duration_minutes,
            starts_at,
            now=now,
            but_booking=booking_id,
        )
    )
    before, moved_from = Status(booking.status), booking.starts_at
    after = before
    if party is Party.CLIENT:
        after = Status.CONFIRMED if settings.auto_confirm else Status.PENDING
    if after is not before:
        booking.status_by = party
    booking.status = after
    booking.starts_at = starts_at
    booking.ends_at = starts_at + timedelta(minutes=booking.duration_minutes)
    booking.moved_by_specialist = party is Party.SPECIALIST
    booking.updated_at = now
    busy_from, busy_until = busy_span(booking.starts_at, booking.ends_at, settings)
    session().flush()
    left = _claimed(booking_id)
    try:
        session().execute(
            sa.update(TimeClaim)
            .where(TimeClaim.booking_id == booking_id)
            .values(
                busy_from=busy_from,
                busy_until=busy_until,
                expires_at=starts_at if after is Status.PENDING else None,
            )
        )
    except IntegrityError as error:
        raise overlap(error) from error
    free_time.refresh([left, (booking.specialist_id, busy_from, busy_until)], now, settings)
    moved = {"from": moved_from.isoformat(), "to": starts_at.isoformat()}
    note_events(
        [facts_of(booking)], "rescheduled", by=party, before=before, after=after, now=now, **moved
    )


def _claimed(booking_id: int) -> free_time.Busy:
    claim = sa.select(TimeClaim.specialist_id, TimeClaim.busy_from, TimeClaim.busy_until)
    specialist_id, busy_from, busy_until = (
        session().execute(claim.where(TimeClaim.booking_id == booking_id)).one()
    )
    return specialist_id, busy_from, busy_until


def _locked(booking_id: int, user_id: int) -> tuple[Booking, Party]:
    """The booking under its diaries' lock, and which of its parties the user is."""
    mine = sa.select(Booking).where(
        Booking.id == booking_id,
        sa.or_(Booking.client_id == user_id, Booking.specialist_id == user_id),
    )
    found = session().scalar(mine)
    if found is None:
        raise not_found()
    lock_diaries({found.client_id, found.specialist_id})
    # The clock's own command does not wait for diaries, but for the row.
    fresh = mine.with_for_update(key_share=True).execution_options(populate_existing=True)
    booking = session().scalars(fresh).one()
    return booking, Party.CLIENT if booking.client_id == user_id else Party.SPECIALIST


def _require(booking: Booking, action: Action, party: Party, now: datetime) -> Verdict:
    status = effective_status(Status(booking.status), booking.starts_at, booking.ends_at, now)
    # What the clock decided is the system's doing, written or not.
    by = Party(booking.status_by) if status == booking.status else Party.SYSTEM
    verdict = judge(status, by, action, party, started=booking.starts_at <= now)
    if verdict is Verdict.WRONG_STATE:
        raise DomainError(Code.WRONG_STATE)
    return verdict


def _require_closed(closed: list[int]) -> None:
    # The clock's own command does not wait for diaries and may have been first.
    if not closed:
        raise DomainError(Code.WRONG_STATE)


def _refuse_late(booking: Booking, code: Code, now: datetime) -> None:
    if is_too_late(
        booking.starts_at,
        booking.cancel_notice_minutes,
        moved_by_specialist=booking.moved_by_specialist,
        now=now,
    ):
        raise DomainError(code)


def cancel_all_of(user: User, now: datetime) -> None:
    """The bookings' part of a changed standing: a blocked or erased person's holds end, coming
    bookings are cancelled by the system. In the transaction that changes it.
    """
    if user.blocked_at is None:
        return
    # Their time becomes free, too. Once more under the lock, after which there come no new ones.
    theirs = sa.union(
        sa.select(Hold.specialist_id).where(Hold.client_id == user.id),
        sa.select(Booking.specialist_id).where(
            Booking.client_id == user.id, Booking.status.in_(HOLDING), Booking.starts_at > now
        ),
    )
    lock_diaries({user.id, *session().scalars(theirs)})
    lock_diaries(session().scalars(theirs).all())
    end_holds(sa.or_(Hold.client_id == user.id, Hold.specialist_id == user.id), now)
    coming = sa.select(Booking.id, Booking.status).where(
        sa.or_(Booking.client_id == user.id, Booking.specialist_id == user.id),
        Booking.status.in_(HOLDING),
        Booking.starts_at > now,
    )
    rows = session().execute(coming).all()
    for expected in HOLDING:
        ids = [row.id for row in rows if row.status == expected]
        close(
            ids,
            Status.CANCELLED,
            "cancelled",
            by=Party.SYSTEM,
            expected=expected,
            now=now,
            reason="blocked" if user.erased_at is None else "erased",
        )


@transactional
def cancel_by_admin(booking_id: int, reason: str, *, actor: str, now: datetime) -> None:
    """Cancel a booking that holds time. Raises 404, 409 `wrong_state`."""
    booking = session().get(Booking, booking_id)
    if booking is None:
        raise not_found()
    lock_diaries({booking.client_id, booking.specialist_id})
    session().refresh(booking)
    status = effective_status(Status(booking.status), booking.starts_at, booking.ends_at, now)
    if status not in HOLDING:
        raise DomainError(Code.WRONG_STATE)
    closed = close(
        [booking_id],
        Status.CANCELLED,
        "cancelled",
        by=Party.ADMIN,
        expected=status,
        now=now,
        reason=reason,
    )
    _require_closed(closed)
    audit.record("booking.cancel", "booking", booking_id, actor=actor, now=now, reason=reason)


def expire(now: datetime) -> dict[str, int]:
    """Write what the clock has decided: how many requests expired, bookings were completed and
    holds ended. In batches of their own; twice at once does no harm.
    """
    counts = {"expired": 0, "completed": 0, "holds": 0}
    for name, batch in (("expired", _expire), ("completed", _complete), ("holds", _end_holds)):
        while done := batch(now):
            counts[name] += done
    return counts


@transactional
def _expire(now: datetime) -> int:
    due = _due(Booking.status == Status.PENDING, Booking.starts_at <= now)
    return len(
        close(due, Status.EXPIRED, "expired", by=Party.SYSTEM, expected=Status.PENDING, now=now)
    )


@transactional
def _complete(now: datetime) -> int:
    due = _due(Booking.status == Status.CONFIRMED, Booking.ends_at <= now - CLOSES_AFTER)
    return len(
        close(
            due, Status.COMPLETED, "completed", by=Party.SYSTEM, expected=Status.CONFIRMED, now=now
        )
    )


def _due(*conditions: sa.ColumnElement[bool]) -> list[int]:
    # In one order, so that two of these wait for each other in a line.
    query = sa.select(Booking.id).where(*conditions).order_by(Booking.id).limit(_BATCH)
    return list(session().scalars(query.with_for_update(skip_locked=True)))


@transactional
def _end_holds(now: datetime) -> int:
    due = sa.select(Hold.id).where(Hold.expires_at <= now).order_by(Hold.id).limit(_BATCH)
    ids = list(session().scalars(due.with_for_update(skip_locked=True)))
    session().execute(sa.delete(Hold).where(Hold.id.in_(ids)))
    return len(ids)
