"""One-time codes: made, sent, counted and spent."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from marketplace.auth import tokens
from marketplace.auth.code_values import COOLDOWN, LIFETIME, MAX_ATTEMPTS, is_code
from marketplace.auth.models import OneTimeCode
from marketplace.core.database import session, table_of, transactional
from marketplace.core.errors import Code, DomainError
from marketplace.notifications import outbox
from marketplace.notifications.models import CANCELLED, EMAIL, PENDING, SMS, Notification
from marketplace.notifications.outbox import Notice

SUBJECT = "code"
# Codes to one destination, whoever asks for them.
CAPS = ((timedelta(hours=1), 5), (timedelta(days=1), 10))


class Purpose(StrEnum):
    """What a code proves."""

    EMAIL = "email"
    PHONE = "phone"
    PASSWORD = "password"  # noqa: S105 - what it proves, not one

    @property
    def kind(self) -> str:
        """The kind of its notification."""
        return f"code_{self}"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a code goes; a phone is E.164."""

    channel: str
    address: str


def email_to(address: str) -> Destination:
    """The destination that an e-mail address is."""
    return Destination(EMAIL, address)


def sms_to(phone: str) -> Destination:
    """The destination that a phone number is."""
    return Destination(SMS, phone)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose code it is: a person's, or nobody's, known by the mark of a log-in name that has no
    account. Both are kept, counted and compared alike, so that nothing tells one from the other.
    """

    user_id: int | None
    mark: str = ""

    def has(self, purpose: Purpose) -> sa.ColumnElement[bool]:
        """The condition on the holder's code of this purpose."""
        if self.user_id is not None:
            mine = OneTimeCode.user_id == self.user_id
        else:
            mine = sa.and_(OneTimeCode.user_id.is_(None), OneTimeCode.destination == self.mark)
        return sa.and_(mine, OneTimeCode.purpose == purpose)


def nobody(login: str) -> Holder:
    """The holder that a log-in name without an account stands for; the name itself is not kept."""
    return Holder(None, _mark("nobody", login))


def _mark(what: str, value: str) -> str:
    key = tokens.signing_secrets()[0].encode()
    return hmac.new(key, f"{what}\0{value}".encode(), sha256).hexdigest()


def take_turn(login: str) -> None:
    """Let those who ask for a code by the same log-in name at once come one after another, in the
    caller's transaction. An account's row does so too, but a name without one has no row, and
    being quicker would tell.
    """
    if session().connection().dialect.name == "postgresql":
        number = int.from_bytes(bytes.fromhex(nobody(login).mark[:16]), signed=True)
        session().execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def wait_of(holder: Holder, purpose: Purpose, destination: Destination, now: datetime) -> int:
    """Seconds until another code may be sent there, 0 when it may be now."""
    # A code that was used is no reason to wait with one to another place.
    counts = sa.or_(OneTimeCode.used_at.is_(None), OneTimeCode.destination == destination.address)
    last = session().scalar(sa.select(OneTimeCode.created_at).where(holder.has(purpose), counts))
    ends = [last + COOLDOWN] if last is not None else []
    places = [destination.address, _erased_mark(destination.address)]
    for period, most in CAPS:
        # The oldest of the newest `most`: when it leaves the period, there is room again.
        oldest = session().scalar(
            sa.select(Notification.created_at)
            .where(
                Notification.destination.in_(places),
                Notification.subject_type == SUBJECT,
                Notification.created_at > now - period,
            )
            .order_by(Notification.created_at.desc())
            .offset(most - 1)
            .limit(1)
        )
        if oldest is not None:
            ends.append(oldest + period)
    left = max((end - now for end in ends), default=timedelta())
    return max(0, -(-left // timedelta(seconds=1)))


def require_no_wait(
    user_id: int, purpose: Purpose, destination: Destination, now: datetime
) -> None:
    """Raise 429 with `Retry-After` while no further code may be sent there."""
    seconds = wait_of(Holder(user_id), purpose, destination, now)
    if seconds:
        raise DomainError(Code.TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds)})


def send(holder: Holder, purpose: Purpose, destination: Destination, now: datetime) -> None:
    """Make a code in place of the one before, and enqueue it; nobody's goes nowhere. The caller
    has locked the user.
    """
    row = session().scalar(sa.select(OneTimeCode).where(holder.has(purpose)))
    if row is None:
        row = OneTimeCode(user_id=holder.user_id, purpose=purpose)
        session().add(row)
    row.destination, row.nonce, row.attempts = destination.address, secrets.token_hex(32), 0
    row.created_at, row.expires_at, row.used_at = now, now + LIFETIME, None
    session().flush()
    outbox.withdraw(SUBJECT, [row.id], [purpose.kind], now)
    notice = Notice(
        holder.user_id,
        purpose.kind,
        SUBJECT,
        row.id,
        # The row may hold a later code, of another destination, by the time this one is sent.
        {"code_id": row.id, "turn": turn_of(row.nonce)},
        now,
        f"{SUBJECT}:{row.id}:{turn_of(row.nonce)}",
        channel=destination.channel,
        destination=destination.address,
        urgent=True,
    )
    outbox.enqueue([notice], now)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was counted; spent by whoever acts on it."""

    code_id: int
    nonce: str
    destination: str


def try_code(holder: Holder, purpose: Purpose, given: str, now: datetime) -> Attempt:
    """Count a try, then compare. Raises 422 `code_invalid`.

    The count is committed by itself before the comparison: of any number of parallel guesses at
    most five are compared.
    """
    counted = _count_attempt(holder, purpose, now)
    if counted is None or not is_code(
        tokens.signing_secrets(),
        given,
        nonce=counted.nonce,
        purpose=purpose,
        user_id=holder.user_id or 0,
        destination=counted.destination,
    ):
        raise DomainError(Code.CODE_INVALID)
    return counted


@transactional
def _count_attempt(holder: Holder, purpose: Purpose, now: datetime) -> Attempt | None:
    row = session().execute(
        sa.update(OneTimeCode)
        .where(holder.has(purpose), alive(now))
        .values(attempts=OneTimeCode.attempts + 1)
        .returning(OneTimeCode.id, OneTimeCode.nonce, OneTimeCode.destination)
        .execution_options(synchronize_session=False)
    )
    found = row.first()
    return None if found is None else Attempt(*found)


def spend(attempt: Attempt, now: datetime) -> None:
    """Use the code up, in the transaction that acts on it. Raises 422 `code_invalid` when another
    was first, or a newer code has taken its place.
    """
    spent = session().execute(
        sa.update(OneTimeCode)
        .where(
            OneTimeCode.id == attempt.code_id,
            OneTimeCode.nonce == attempt.nonce,
            OneTimeCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise DomainError(Code.CODE_INVALID)


def end(user_id: int, purposes: Collection[Purpose], now: datetime) -> None:
    """Let the person's codes of these purposes work no more, in the caller's transaction."""
    session().execute(
        sa.update(OneTimeCode)
        .where(
            OneTimeCode.user_id == user_id,
            OneTimeCode.purpose.in_(purposes),
            OneTimeCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


def keep_count(user_id: int, now: datetime) -> None:
    """What went to the person's destinations is nobody's from now on, and still counts for each by
    a mark: or registering and erasing again and again would send without end to anybody's phone.
    In the caller's transaction.
    """
    rows = table_of(Notification)
    recent = sa.and_(
        rows.c.user_id == user_id,
        rows.c.subject_type == SUBJECT,
        rows.c.destination.is_not(None),
        rows.c.created_at > now - max(period for period, _ in CAPS),
    )
    places = session().scalars(sa.select(rows.c.destination).where(recent).distinct()).all()
    if places:
        marks = sa.case({place: _erased_mark(place) for place in places}, value=rows.c.destination)
        values: dict[str, Any] = {
            "user_id": None,
            "destination": marks,
            "payload": {},
            "last_error": "",
        }
        ended = {
            "ended_at": sa.func.coalesce(rows.c.ended_at, sa.literal(now, rows.c.ended_at.type)),
            "leased_until": None,
        }
        state = sa.case((rows.c.state == PENDING, CANCELLED), else_=rows.c.state)
        session().execute(sa.update(rows).where(recent).values(**values, **ended, state=state))


def _erased_mark(address: str) -> str:
    return _mark("erased", address.lower())


def turn_of(nonce: str) -> str:
    """What tells one code of a row from the next."""
    return nonce[:16]


def alive(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
        OneTimeCode.attempts < MAX_ATTEMPTS,
    )
