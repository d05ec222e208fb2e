"""Showing that an e-mail address or a phone is one's own, and changing to another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth import codes, notices, sessions
from marketplace.auth.code_values import PENDING_LIFETIME
from marketplace.auth.codes import Attempt, Destination, Holder, Purpose
from marketplace.auth.identifiers import email_key
from marketplace.auth.models import OneTimeCode, User
from marketplace.core import audit
from marketplace.core.database import session, transactional
from marketplace.core.errors import Code, DomainError, Message

_TAKEN = {Purpose.EMAIL: Code.EMAIL_TAKEN, Purpose.PHONE: Code.PHONE_TAKEN}


@dataclass(frozen=True, slots=True)
class Pending:
    """New contacts that wait for their codes."""

    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What a person changes; None is left as it is."""

    language: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def changes_contact(self) -> bool:
        """Whether the person is to prove who it is first."""
        return self.email is not None or self.phone is not None


def pending_of(user: User, now: datetime) -> Pending:
    """The new contacts of an account that are not confirmed yet."""
    rows = session().execute(
        sa.select(OneTimeCode.purpose, OneTimeCode.destination).where(
            OneTimeCode.user_id == user.id,
            OneTimeCode.purpose.in_([Purpose.EMAIL, Purpose.PHONE]),
            _still_pending(now),
        )
    )
    found = {row.purpose: row.destination for row in rows}
    email, phone = found.get(Purpose.EMAIL), found.get(Purpose.PHONE)
    return Pending(email if email != user.email else None, phone if phone != user.phone else None)


def _still_pending(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(OneTimeCode.used_at.is_(None), OneTimeCode.created_at > now - PENDING_LIFETIME)


@transactional
def change_account(
    user_id: int,
    change: AccountChange,
    *,
    require_match: Callable[[User], None],
    now: datetime,
) -> tuple[User, Pending]:
    """Choose a language; send codes to a new e-mail or phone, which take effect when confirmed.
    The present one withdraws a new one that waits.

    Raises 401; 409 `email_taken`, `phone_taken`; 429; `require_match` may raise 412.
    """
    user = sessions.lock_signed_in(user_id)
    require_match(user)
    if change.language is not None and user.language != change.language:
        user.language, user.updated_at = change.language, now
    if change.email is not None and change.email == user.email:
        _forget_pending(user_id, Purpose.EMAIL, user.email, now)
    elif change.email is not None:
        _refuse_taken(user_id, Purpose.EMAIL, User.email_folded == email_key(change.email))
        _send(user_id, Purpose.EMAIL, codes.email_to(change.email), now)
    if change.phone is not None and change.phone == user.phone:
        _forget_pending(user_id, Purpose.PHONE, user.phone, now)
    elif change.phone is not None:
        _refuse_taken(user_id, Purpose.PHONE, User.phone == change.phone)
        _send(user_id, Purpose.PHONE, codes.sms_to(change.phone), now)
    session().flush()
    return user, pending_of(user, now)


def _forget_pending(user_id: int, purpose: Purpose, present: str, now: datetime) -> None:
    """Who gives the present contact again wants no other any more."""
    session().execute(
        sa.update(OneTimeCode)
        .where(
            OneTimeCode.user_id == user_id,
            OneTimeCode.purpose == purpose,
            OneTimeCode.destination != present,
            OneTimeCode.used_at.is_(None),
        )
        .values(used_at=now)
    )


def _refuse_taken(user_id: int, purpose: Purpose, has_it: sa.ColumnElement[bool]) -> None:
    holder = session().scalar(sa.select(User.id).where(has_it, User.id != user_id))
    if holder is not None:
        raise _taken(purpose)


def _taken(purpose: Purpose) -> DomainError:
    return DomainError(_TAKEN[purpose], errors={str(purpose): [Message("taken")]})


@transactional
def send_code(user_id: int, purpose: Purpose, now: datetime) -> None:
    """Send a code to the new contact that waits for one, else to the present one.

    Raises 409 `contact_missing`, 429 while none may be sent.
    """
    user = sessions.lock_signed_in(user_id)
    pending = pending_of(user, now)
    waiting = pending.email if purpose is Purpose.EMAIL else pending.phone
    present = user.email if purpose is Purpose.EMAIL else user.phone
    address = waiting or present
    if address is None:
        raise DomainError(Code.CONTACT_MISSING)
    _send(user_id, purpose, _destination(purpose, address), now)


def _send(user_id: int, purpose: Purpose, destination: Destination, now: datetime) -> None:
    codes.require_no_wait(user_id, purpose, destination, now)
    codes.send(Holder(user_id), purpose, destination, now)


def _destination(purpose: Purpose, address: str) -> Destination:
    return codes.email_to(address) if purpose is Purpose.EMAIL else codes.sms_to(address)


def confirm(user_id: int, purpose: Purpose, code: str, now: datetime) -> None:
    """Verify the contact the code went to; a new one takes the place of the old, which is told.

    Raises 422 `code_invalid`, 409 `email_taken` or `phone_taken`.
    """
    _confirm(user_id, purpose, codes.try_code(Holder(user_id), purpose, code, now), now)


@transactional
def _confirm(user_id: int, purpose: Purpose, attempt: Attempt, now: datetime) -> None:
    user = sessions.lock_signed_in(user_id)
    codes.spend(attempt, now)
    take_contact(user, purpose, attempt.destination, now)
    audit.record(f"{purpose}.verify", "user", user_id, actor=f"user:{user_id}", now=now)


def take_contact(user: User, purpose: Purpose, address: str, now: datetime) -> None:
    """Make an address or number the person's verified one, in the caller's transaction.

    Raises 409 `email_taken` or `phone_taken`.
    """
    if purpose is Purpose.EMAIL:
        old, user.email, user.email_folded = user.email, address, email_key(address)
        user.email_verified_at = now
    else:
        old, user.phone = user.phone, address
        user.phone_verified_at = now
    user.updated_at = now
    try:
        with session().begin_nested():
            session().flush()
    except IntegrityError:
        raise _taken(purpose) from None
    told = _told_of(user, purpose, old)
    if told is not None and old != address:
        notices.tell_of_new_contact(
            user.id, f"{purpose}_changed", told.channel, old=told.address, new=address, now=now
        )


def _told_of(user: User, purpose: Purpose, old: str | None) -> Destination | None:
    """The contact that was replaced; when there was none, the other one, if it is verified: a new
    way to the account is not to be made unnoticed.
    """
    if old is not None:
        return _destination(purpose, old)
    if purpose is Purpose.EMAIL:
        return codes.sms_to(user.phone) if user.phone and user.phone_verified_at else None
    return codes.email_to(user.email) if user.email and user.email_verified_at else None
