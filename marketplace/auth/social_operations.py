"""Signing in through a provider: which account a proven person gets, by the one key of provider
and subject, and when an e-mail may lead to an account (security checklist 28, 29).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth import consents, failures, identities, operations, parts, sessions
from marketplace.auth.devices import Device
from marketplace.auth.identifiers import email_key
from marketplace.auth.models import Identity, OneTimeCode, User
from marketplace.auth.operations import NewUser
from marketplace.auth.sessions import TokenPair
from marketplace.auth.social_claims import Proven, new_username
from marketplace.core import audit
from marketplace.core.database import session, transactional, violated
from marketplace.core.errors import Code, DomainError, invalid
from marketplace.notifications.models import PushDevice

log = logging.getLogger(__name__)

_ATTEMPTS = 4
_RACES = frozenset({Code.USERNAME_TAKEN, Code.EMAIL_TAKEN})


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A device that is signed in; `created` says that the account was made for it."""

    user: User
    pair: TokenPair
    created: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a new account takes beside the proof: consents to the texts of these versions, of which
    the terms may be needed.
    """

    role: str
    language: str
    agreed: Mapping[str, bool]
    versions: Mapping[str, str]
    needs_terms: bool


def sign_in(proven: Proven, newcomer: Newcomer, *, device: Device, now: datetime) -> SignedIn:
    """Sign the proven person in; `newcomer` is for a new account.

    Raises 403 `account_blocked`, 409 `identity_taken` when the e-mail leads to an account that
    another person of the same provider enters already, and 422 for one who must agree first.
    """
    for _attempt in range(_ATTEMPTS - 1):
        try:
            return _sign_in(proven, newcomer, device, now)
        except IntegrityError as error:
            if violated(error) not in identities.UNIQUE:
                raise
        except DomainError as error:
            if error.code not in _RACES:
                raise
        # Somebody made the account, or took its name, at this moment: what is there now counts.
    return _sign_in(proven, newcomer, device, now)


@transactional
def _sign_in(proven: Proven, newcomer: Newcomer, device: Device, now: datetime) -> SignedIn:
    user = _known(proven, now)
    created = False
    if user is None:
        user = _by_email(proven, now)
    if user is None:
        user = _account_for(proven, newcomer, now)
        created = True
    else:
        sessions.announce(user.id, device, now)
    log.info("signed in user %s through %s", user.id, proven.provider)
    return SignedIn(user, sessions.begin(user.id, device, now), created)


def _known(proven: Proven, now: datetime) -> User | None:
    query = sa.select(Identity).where(
        Identity.provider == proven.provider, Identity.subject == proven.subject
    )
    identity = session().scalar(query)
    if identity is None:
        return None
    user = sessions.lock_user(identity.user_id)
    # It may have been unlinked, or its account deleted, before the lock was ours.
    identity = session().scalar(query.execution_options(populate_existing=True))
    if user is None or identity is None or identity.user_id != user.id:
        return None
    _refuse_blocked(user)
    identity.last_used_at = now
    identity.email = proven.email
    return user


def _by_email(proven: Proven, now: datetime) -> User | None:
    if proven.email is None or not proven.vouched:
        return None
    key = email_key(proven.email)
    user_id = session().scalar(sa.select(User.id).where(User.email_folded == key))
    user = None if user_id is None else sessions.lock_user(user_id)
    if user is None or user.email_folded != key:
        return None
    _refuse_blocked(user)
    if user.email_verified_at is None:
        if user.phone_verified_at is not None:
            _let_go_of_email(user, now)
            return None
        _take_over(user, proven.provider, now)
    identities.add(user.id, proven, now)
    return user


def _refuse_blocked(user: User) -> None:
    if user.blocked_at is not None:
        log.warning("refused social sign-in of blocked user %s", user.id)
        failures.failed.add(value=failures.BLOCKED)
        raise DomainError(Code.ACCOUNT_BLOCKED)


def _let_go_of_email(user: User, now: datetime) -> None:
    """Take an e-mail that was never proven from an account that is somebody's by its phone: it may
    have been mistyped, and what is in the account is not the business of its owner.
    """
    user.email = user.email_folded = None
    user.updated_at = now
    email_codes = OneTimeCode.destination.contains("@")
    session().execute(sa.delete(OneTimeCode).where(OneTimeCode.user_id == user.id, email_codes))
    session().flush()  # or it would still be taken
    audit.record("email.let_go", "user", user.id, actor="system", now=now)
    log.warning("unverified e-mail of user %s given to its owner", user.id)


def _take_over(user: User, provider: str, now: datetime) -> None:
    """Give an account whose e-mail nobody ever proved to the one who now has: whoever registered
    it may have done so to wait for its owner, so every way back in is closed.
    """
    user.password_hash = None
    user.phone = None
    user.phone_verified_at = None
    user.email_verified_at = now
    user.updated_at = now
    for model in (Identity, OneTimeCode, PushDevice):
        session().execute(sa.delete(model).where(model.user_id == user.id))
    operations.end_all_sessions(user.id, "taken_over", now)
    audit.record("identity.take_over", "user", user.id, actor="system", now=now, provider=provider)
    log.warning("unverified account %s given to its e-mail's owner", user.id)


def _account_for(proven: Proven, newcomer: Newcomer, now: datetime) -> User:
    if newcomer.needs_terms and not newcomer.agreed.get(consents.TERMS):
        raise invalid("consents", "consent_required")
    email = proven.email if proven.confirmed else None
    if email is not None and _is_held(email):
        email = None
    user = operations.create_user(
        NewUser(new_username(), email, None, newcomer.role, newcomer.language, password_hash=None),
        now,
    )
    consents.record(user.id, newcomer.agreed, newcomer.versions, now)
    if email is not None and proven.vouched:
        user.email_verified_at = now
    if proven.full_name is not None:
        parts.run_name_parts(user, proven.full_name, now)
    identities.add(user.id, proven, now, tell=False)
    return user


def _is_held(email: str) -> bool:
    held = sa.select(User.id).where(User.email_folded == email_key(email))
    return session().scalar(held) is not None
