"""A forgotten password: a code to a contact of the account, then a new password."""

from __future__ import annotations

import logging
from datetime import datetime

import sqlalchemy as sa

from marketplace.auth import codes, notices, sessions
from marketplace.auth.codes import Attempt, Destination, Purpose
from marketplace.auth.identifiers import Identifier, Kind
from marketplace.auth.models import Identity, Session, User
from marketplace.auth.password_policy import password_faults
from marketplace.auth.passwords import hash_password
from marketplace.core import audit
from marketplace.core.database import release, session, transactional
from marketplace.core.errors import Code, DomainError
from marketplace.notifications.models import EMAIL, PushDevice

log = logging.getLogger(__name__)

_NO_USER = 0


@transactional
def forgot(login: Identifier, user_id: int | None, now: datetime) -> None:
    """Send a code to the account, if there is one that may have it; the same work if not."""
    codes.take_turn(login.value)
    user = sessions.lock_user(user_id or _NO_USER)
    holder = codes.nobody(login.value)
    destination = codes.email_to(holder.mark)
    if user is not None and user.blocked_at is None:
        own = destination_for(user, login.kind)
        holder, destination = (holder, destination) if own is None else (codes.Holder(user.id), own)
    if codes.wait_of(holder, Purpose.PASSWORD, destination, now):
        # Said to nobody: a wait would tell that the account exists.
        log.info("a code was asked for too soon")
    else:
        codes.send(holder, Purpose.PASSWORD, destination, now)


def destination_for(user: User, kind: Kind) -> Destination | None:
    """Where a code for a new password goes: what the person typed, else what there is. Once a
    contact is verified, only to verified ones: another may be a stranger's, by a slip or by intent.
    """
    present: dict[Kind, Destination] = {}
    verified: dict[Kind, Destination] = {}
    if user.email is not None:
        present[Kind.EMAIL] = codes.email_to(user.email)
        if user.email_verified_at is not None:
            verified[Kind.EMAIL] = present[Kind.EMAIL]
    if user.phone is not None:
        present[Kind.PHONE] = codes.sms_to(user.phone)
        if user.phone_verified_at is not None:
            verified[Kind.PHONE] = present[Kind.PHONE]
    fit = verified or present
    return fit.get(kind) or next(iter(fit.values()), None)


def reset(
    login: Identifier,
    user_id: int | None,
    *,
    code: str,
    new_password: str,
    brand: str,
    now: datetime,
) -> None:
    """Set a new password by a code, and end every session.

    Raises 422 `code_invalid` (for an unknown account too), or `invalid_fields` naming
    `new_password`, which does not spend the code.
    """
    holder = codes.nobody(login.value) if user_id is None else codes.Holder(user_id)
    attempt = codes.try_code(holder, Purpose.PASSWORD, code, now)
    if user_id is None:
        raise DomainError(Code.CODE_INVALID)
    columns = sa.select(User.username, User.email, User.phone).where(User.id == user_id)
    found = session().execute(columns).first() or ()  # deleted this moment
    personal = [value for value in found if value is not None]
    release()  # no connection is held while a core is busy hashing
    faults = password_faults(new_password, personal=personal, brand=brand)
    if faults:
        raise DomainError(Code.INVALID_FIELDS, errors={"new_password": faults})
    _reset(user_id, attempt, hash_password(new_password), now)


@transactional
def _reset(user_id: int, attempt: Attempt, new_hash: str, now: datetime) -> None:
    user = sessions.lock_user(user_id)
    if user is None or user.blocked_at is not None:
        raise DomainError(Code.CODE_INVALID)
    if attempt.destination not in (user.email, user.phone):
        # Whoever still reads the old mailbox has no say any more.
        raise DomainError(Code.CODE_INVALID)
    codes.spend(attempt, now)
    # A new contact that waits may be that of whoever is being shut out.
    codes.end(user_id, tuple(Purpose), now)
    user.password_hash = new_hash
    user.updated_at = now
    if user.email_verified_at is None and user.phone_verified_at is None:
        # Nobody ever proved to own the account: whoever registered it with another's address must
        # not wait inside for that other (security checklist 29).
        session().execute(sa.delete(Identity).where(Identity.user_id == user_id))
    # Whoever read the code has shown to receive what is sent there.
    if attempt.destination == user.email and user.email_verified_at is None:
        user.email_verified_at = now
    if attempt.destination == user.phone and user.phone_verified_at is None:
        user.phone_verified_at = now
    sessions.end(Session.user_id == user_id, "password_reset", now)
    # Devices register again when they sign in; one that is shut out is told nothing more.
    session().execute(sa.delete(PushDevice).where(PushDevice.user_id == user_id))
    audit.record("password.reset", "user", user_id, actor=f"user:{user_id}", now=now)
    notices.tell(user_id, "password_reset", now)


@transactional
def send_reset_by_admin(user_id: int, *, actor: str, now: datetime) -> str:
    """Send a code for a new password; the channel it goes by. An admin never sets one.

    Raises 409 `contact_missing`, 429 while none may be sent.
    """
    user = sessions.lock_user(user_id)
    destination = None
    if user is not None and user.blocked_at is None:
        destination = destination_for(user, Kind.USERNAME)
    if destination is None:
        raise DomainError(Code.CONTACT_MISSING)
    codes.require_no_wait(user_id, Purpose.PASSWORD, destination, now)
    codes.send(codes.Holder(user_id), Purpose.PASSWORD, destination, now)
    audit.record("password.send_code", "user", user_id, actor=actor, now=now)
    return "e-mail" if destination.channel == EMAIL else "SMS"
