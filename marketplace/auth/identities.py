"""A person's identities at providers: listed, linked, unlinked, told and forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth import notices, reauthentication, sessions
from marketplace.auth.models import Identity, User
from marketplace.auth.social_claims import Proven
from marketplace.core import audit
from marketplace.core.clock import wire_moment
from marketplace.core.database import session, transactional, violated
from marketplace.core.errors import Code, DomainError, not_found

log = logging.getLogger(__name__)

UNIQUE = frozenset({"uq_identities_provider_subject", "uq_identities_user_id_provider"})
_FIELD = "current_password"


def add(user_id: int, proven: Proven, now: datetime, *, tell: bool = True) -> Identity:
    """Let the proven person into the account, in the caller's transaction, the user's row locked.

    Raises 409 `identity_taken` when the account has one of this provider, and `IntegrityError` when
    the identity came to somebody else this moment.
    """
    if session().scalar(_of(user_id).where(Identity.provider == proven.provider)) is not None:
        raise DomainError(Code.IDENTITY_TAKEN)
    identity = Identity(
        user_id=user_id,
        provider=proven.provider,
        subject=proven.subject,
        email=proven.email,
        created_at=now,
        last_used_at=now,
    )
    session().add(identity)
    session().flush()
    if tell:
        notices.tell(user_id, "identity_linked", now, {"provider": identity.provider})
    return identity


@transactional
def link(user_id: int, proven: Proven, now: datetime) -> Identity:
    """Link the proven person to the signed-in one's account. Raises 409 `identity_taken`."""
    user = sessions.lock_signed_in(user_id)
    held = sa.select(Identity.id).where(
        Identity.provider == proven.provider, Identity.subject == proven.subject
    )
    if session().scalar(held) is not None:
        raise DomainError(Code.IDENTITY_TAKEN)
    try:
        with session().begin_nested():
            identity = add(user.id, proven, now)
    except IntegrityError as error:
        if violated(error) not in UNIQUE:
            raise
        raise DomainError(Code.IDENTITY_TAKEN) from None
    _record("identity.link", user_id, identity, now)
    return identity


def unlink(
    *,
    user_id: int,
    session_id: int,
    identity_id: int,
    current_password: str | None,
    require_match: Callable[[int], None],
    now: datetime,
) -> None:
    """Unlink an identity after the person has proven to be there.

    Raises 404, 403 `reauthentication_required`, 422 `wrong_password`, 409 `last_way_in`, and
    412 as `require_match` says.
    """
    mine = _of(user_id).where(Identity.id == identity_id)
    if session().scalar(mine) is None:
        raise not_found()
    password_hash = reauthentication.prove(
        user_id, session_id, current_password, field=_FIELD, now=now
    )
    _unlink(user_id, identity_id, password_hash, require_match, now)


@transactional
def _unlink(
    user_id: int,
    identity_id: int,
    password_hash: str | None,
    require_match: Callable[[int], None],
    now: datetime,
) -> None:
    user = sessions.lock_signed_in(user_id)
    if user.password_hash != password_hash:
        raise reauthentication.wrong_password(_FIELD)
    own = {identity.id: identity for identity in session().scalars(_of(user_id))}
    if identity_id not in own:
        raise not_found()
    require_match(identity_id)
    if user.password_hash is None and len(own) == 1:
        raise DomainError(Code.LAST_WAY_IN)
    identity = own[identity_id]
    session().delete(identity)
    _record("identity.unlink", user_id, identity, now)
    notices.tell(user_id, "identity_unlinked", now, {"provider": identity.provider})


def _of(user_id: int) -> sa.Select[Identity]:
    return sa.select(Identity).where(Identity.user_id == user_id)


def _record(action: str, user_id: int, identity: Identity, now: datetime) -> None:
    actor = f"user:{user_id}"
    audit.record(action, "user", user_id, actor=actor, now=now, provider=identity.provider)


def export(user_id: int) -> dict[str, Any]:
    """What is kept of a person's identities."""
    rows = session().scalars(_of(user_id).order_by(Identity.id))
    told = [
        {
            "provider": row.provider,
            "subject": row.subject,
            "email": row.email,
            "created_at": wire_moment(row.created_at),
            "last_used_at": wire_moment(row.last_used_at),
        }
        for row in rows
    ]
    return {"identities": told}


def forget(user: User, now: datetime) -> None:  # noqa: ARG001 - what every part is given
    """Delete a person's identities, in the transaction that erases the person."""
    session().execute(sa.delete(Identity).where(Identity.user_id == user.id))
