"""One-time codes: made, sent, counted and spent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from marketplace.auth import tokens
from marketplace.auth.code_values import COOLDOWN, LIFETIME, MAX_ATTEMPTS, code_of, is_code
from marketplace.auth.models import OneTimeCode
from marketplace.core.clock import utc_now
from marketplace.core.database import read, session, transactional
from marketplace.core.errors import Code, DomainError
from marketplace.notifications import outbox
from marketplace.notifications.models import EMAIL, SMS, Notification
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


def wait_of(user_id: int, purpose: Purpose, destination: Destination, now: datetime) -> int:
    """Seconds until another code may be sent there, 0 when it may be now."""
    last = session().scalar(
        sa.select(OneTimeCode.created_at).where(
            OneTimeCode.user_id == user_id, OneTimeCode.purpose == purpose
        )
    )
    ends = [last + COOLDOWN] if last is not None else []
    for period, most in CAPS:
        # The oldest of the newest `most`: when it leaves the period, there is room again.
        oldest = session().scalar(
            sa.select(Notification.created_at)
            .where(
                Notification.destination == destination.address,
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
    seconds = wait_of(user_id, purpose, destination, now)
    if seconds:
        raise DomainError(Code.TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds)})


def send(user_id: int, purpose: Purpose, destination: Destination, now: datetime) -> None:
    """Make a code in place of the one before, and enqueue it. The caller has locked the user."""
    row = session().scalar(
        sa.select(OneTimeCode).where(OneTimeCode.user_id == user_id, OneTimeCode.purpose == purpose)
    )
    if row is None:
        row = OneTimeCode(user_id=user_id, purpose=purpose)
        session().add(row)
    _renew(row, destination.address, now)
    session().flush()
    outbox.withdraw(SUBJECT, [row.id], [purpose.kind], now)
    _enqueue(row, user_id, purpose, destination, now)


def send_to_nobody(purpose: Purpose, now: datetime) -> None:
    """What `send` costs, for an account that does not exist."""
    row = OneTimeCode(user_id=None, purpose=purpose)
    session().add(row)
    _renew(row, "", now)
    session().flush()
    outbox.withdraw(SUBJECT, [row.id], [purpose.kind], now)
    _enqueue(row, None, purpose, email_to(""), now)


def _renew(row: OneTimeCode, address: str, now: datetime) -> None:
    row.destination, row.nonce, row.attempts = address, secrets.token_hex(32), 0
    row.created_at, row.expires_at, row.used_at = now, now + LIFETIME, None


def _enqueue(
    row: OneTimeCode,
    user_id: int | None,
    purpose: Purpose,
    destination: Destination,
    now: datetime,
) -> None:
    notice = Notice(
        user_id,
        purpose.kind,
        SUBJECT,
        row.id,
        {"code_id": row.id},
        now,
        f"{SUBJECT}:{row.id}:{row.nonce[:16]}",
        channel=destination.channel,
        destination=destination.address,
        urgent=True,
    )
    outbox.enqueue([notice], now)


def fill(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The code of a notification being sent; None when it would be of no use any more."""
    row = (
        read()
        .execute(
            sa.select(OneTimeCode.__table__).where(
                OneTimeCode.id == payload["code_id"], _alive(utc_now())
            )
        )
        .first()
    )
    if row is None:
        return None
    code = code_of(
        tokens.signing_secrets()[0],
        nonce=row.nonce,
        purpose=row.purpose,
        user_id=row.user_id,
        destination=row.destination,
    )
    return {**payload, "code": code}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was counted; spent by whoever acts on it."""

    code_id: int
    nonce: str
    destination: str


def try_code(user_id: int, purpose: Purpose, given: str, now: datetime) -> Attempt:
    """Count a try, then compare. Raises 422 `code_invalid`.

    The count is committed by itself before the comparison: of any number of parallel guesses at
    most five are compared.
    """
    counted = _count_attempt(user_id, purpose, now)
    if counted is None or not is_code(
        tokens.signing_secrets(),
        given,
        nonce=counted.nonce,
        purpose=purpose,
        user_id=user_id,
        destination=counted.destination,
    ):
        raise DomainError(Code.CODE_INVALID)
    return counted


@transactional
def _count_attempt(user_id: int, purpose: Purpose, now: datetime) -> Attempt | None:
    row = session().execute(
        sa.update(OneTimeCode)
        .where(OneTimeCode.user_id == user_id, OneTimeCode.purpose == purpose, _alive(now))
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


def _alive(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
        OneTimeCode.attempts < MAX_ATTEMPTS,
    )
