"""What a person does with an account: register, sign in, change password, choose a language."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth import codes, consents, failures, notices, queries, sessions
from marketplace.auth.codes import Purpose
from marketplace.auth.devices import Device
from marketplace.auth.identifiers import Identifier, Kind, email_key
from marketplace.auth.models import Session, User
from marketplace.auth.password_policy import password_faults
from marketplace.auth.passwords import hash_password, needs_rehash, verify_password
from marketplace.auth.reauthentication import wrong_password
from marketplace.auth.sessions import TokenPair
from marketplace.core import audit, text
from marketplace.core.database import release, session, transactional, violated
from marketplace.core.errors import Code, DomainError, Message
from marketplace.core.parts import Parts
from marketplace.core.permissions import unauthorized

log = logging.getLogger(__name__)

# What only one account may hold, by its constraint; the first that is taken gives the code.
_TAKEN = {
    "uq_users_username_folded": ("username", User.username_folded, Code.USERNAME_TAKEN),
    "uq_users_email_folded": ("email", User.email_folded, Code.EMAIL_TAKEN),
    "uq_users_phone": ("phone", User.phone, Code.PHONE_TAKEN),
}
_COLUMNS = {
    Kind.USERNAME: User.username_folded,
    Kind.EMAIL: User.email_folded,
    Kind.PHONE: User.phone,
}

_NOTHING: Mapping[str, Any] = MappingProxyType({})

# Called with what a feature does in the transaction that makes an account (profile makes its row).
on_created: Parts[Callable[[User, datetime], None]] = Parts()
# And in the one that blocks or unblocks a person (services hide).
on_block: Parts[Callable[[User, datetime], None]] = Parts()


@dataclass(frozen=True, slots=True)
class NewUser:
    """A checked registration; the password is already hashed. Without one the person comes in
    by a social sign-in.
    """

    username: str
    email: str | None
    phone: str | None
    role: str
    language: str
    password_hash: str | None


@transactional
def create_user(new: NewUser, now: datetime) -> User:
    """Make an account with all that belongs to it.

    Raises 409 `username_taken`, `email_taken` or `phone_taken`, with all that is taken in `errors`.
    Insert only, never an update: the database's unique constraints decide, so of parallel
    registrations exactly one succeeds.
    """
    user = User(
        username=new.username,
        username_folded=text.fold(new.username),
        email=new.email,
        email_folded=None if new.email is None else email_key(new.email),
        phone=new.phone,
        password_hash=new.password_hash,
        role=new.role,
        language=new.language,
        created_at=now,
        updated_at=now,
    )
    held = (user.username_folded, user.email_folded, user.phone)
    try:
        # PostgreSQL answers nothing more after a refusal, but to a savepoint.
        with session().begin_nested():
            session().add(user)
            session().flush()  # the constraints speak here, and the profile needs the id
    except IntegrityError as error:
        constraint = violated(error)
        if constraint not in _TAKEN:
            raise
        raise _conflict(held, constraint) from None
    for part in on_created:
        part(user, now)
    return user


def _conflict(held: tuple[str | None, ...], constraint: str) -> DomainError:
    """All that is taken. The databases name one constraint, and not the same one."""
    wanted = [
        (name, column, value, code)
        for (name, column, code), value in zip(_TAKEN.values(), held, strict=True)
        if value is not None
    ]
    taken = {
        name: code
        for name, column, value, code in wanted
        if session().scalar(sa.select(User.id).where(column == value)) is not None
    }
    if not taken:  # whoever had it was deleted this moment
        name, _column, code = _TAKEN[constraint]
        taken = {name: code}
    first = next(iter(taken.values()))
    return DomainError(first, errors={name: [Message("taken")] for name in taken})


def register(
    *,
    username: str,
    password: str,
    email: str | None,
    phone: str | None,
    role: str,
    language: str,
    device: Device,
    now: datetime,
    agreed: Mapping[str, bool] = _NOTHING,
    versions: Mapping[str, str] = _NOTHING,
) -> tuple[User, TokenPair]:
    """Make an account and sign its first device in; `agreed` are its consents, to the texts of
    `versions`. Raises as `create_user`.
    """
    new = NewUser(username, email, phone, role, language, hash_password(password))
    return _register(new, device, agreed, versions, now)


@transactional
def _register(
    new: NewUser,
    device: Device,
    agreed: Mapping[str, bool],
    versions: Mapping[str, str],
    now: datetime,
) -> tuple[User, TokenPair]:
    user = create_user(new, now)
    if agreed:
        consents.record(user.id, agreed, versions, now)
    pair = sessions.begin(user.id, device, now)
    log.info("registered user %s", user.id)
    return user, pair


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is checked against; no hash when the account does not exist."""

    user_id: int | None
    password_hash: str | None


def find_credentials(login: Identifier) -> Credentials:
    """Look an account up by user name, e-mail or phone, in one query."""
    row = (
        session()
        .execute(sa.select(User.id, User.password_hash).where(_COLUMNS[login.kind] == login.value))
        .first()
    )
    return Credentials(None, None) if row is None else Credentials(row.id, row.password_hash)


def password_matches(credentials: Credentials, password: str) -> bool:
    """Whether the password is right; costs the same for an account that does not exist."""
    release()  # no connection is held while a core is busy hashing
    right = verify_password(credentials.password_hash, password)
    if not right:
        # Never what was typed: people type their password into the wrong field.
        log.warning("failed log-in of user %s", credentials.user_id or "unknown")
        failures.failed.add(value=failures.PASSWORD)
    return right


def log_in(credentials: Credentials, password: str, device: Device, now: datetime) -> TokenPair:
    """Sign a device in after `password_matches`. Raises 403 `account_blocked`."""
    user_id, old_hash = credentials.user_id, credentials.password_hash
    if user_id is None or old_hash is None:
        raise unauthorized(Code.WRONG_CREDENTIALS)
    new_hash = hash_password(password) if needs_rehash(old_hash) else None
    return _log_in(user_id, old_hash, new_hash, device, now)


@transactional
def _log_in(
    user_id: int, old_hash: str, new_hash: str | None, device: Device, now: datetime
) -> TokenPair:
    user = sessions.lock_user(user_id)
    if user is None or user.password_hash != old_hash:
        # Changed between the check and now: the password that was checked is no longer right.
        raise unauthorized(Code.WRONG_CREDENTIALS)
    if user.blocked_at is not None:
        log.warning("refused log-in of blocked user %s", user.id)
        failures.failed.add(value=failures.BLOCKED)
        raise DomainError(Code.ACCOUNT_BLOCKED)
    if new_hash is not None:
        user.password_hash = new_hash
    log.info("signed in user %s", user.id)
    sessions.announce(user.id, device, now)
    return sessions.begin(user.id, device, now)


def change_password(
    *,
    user_id: int,
    session_id: int,
    old_password: str,
    new_password: str,
    brand: str,
    now: datetime,
) -> None:
    """Change the password and end the other sessions. Raises 422 `invalid_fields` naming
    `new_password`, or `wrong_password`.
    """
    user = queries.account(user_id)
    old_hash = user.password_hash
    personal = [value for value in (user.username, user.email, user.phone) if value is not None]
    release()
    faults = password_faults(new_password, personal=personal, brand=brand)
    if old_password == new_password:
        faults.append(Message("password_same"))
    if faults:
        raise DomainError(Code.INVALID_FIELDS, errors={"new_password": faults})
    if not verify_password(old_hash, old_password):
        raise wrong_password("old_password")
    _set_password(user_id, hash_password(new_password), old_hash, session_id, now)


def has_password(user_id: int) -> bool:
    """Whether the account can be entered by a password at all."""
    return queries.account(user_id).password_hash is not None


@transactional
def _set_password(
    user_id: int, new_hash: str, old_hash: str | None, session_id: int, now: datetime
) -> None:
    user = sessions.lock_user(user_id)
    if user is None or user.password_hash != old_hash:
        raise wrong_password("old_password")
    user.password_hash = new_hash
    user.updated_at = now
    sessions.end_others(user_id, session_id, "password_change", now)
    # One that somebody else asked for would undo the change.
    codes.end(user_id, [Purpose.PASSWORD], now)
    audit.record("password.change", "user", user_id, actor=f"user:{user_id}", now=now)
    notices.tell(user_id, "password_changed", now)


def end_all_sessions(user_id: int, reason: str, now: datetime) -> int:
    """End every session of a person, in the caller's transaction."""
    return sessions.end(Session.user_id == user_id, reason, now)


def run_block_parts(user: User, now: datetime) -> None:
    """Let every feature act on the person's changed standing, in the caller's transaction."""
    for part in on_block:
        part(user, now)
