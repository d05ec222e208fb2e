"""Proving once more who one is, before what cannot be undone or opens the account to others."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.auth import queries
from marketplace.auth.models import Identity, Session
from marketplace.auth.passwords import verify_password
from marketplace.core.database import release, session
from marketplace.core.errors import Code, DomainError, Message

FRESH = timedelta(minutes=5)


def prove(
    user_id: int, session_id: int, password: str | None, *, field: str, now: datetime
) -> str | None:
    """The hash of the person's password, to be compared again under the account's lock.

    Proven by the password, or by a social sign-in that began this session less than 5 minutes ago.
    Raises 422 `wrong_password` naming the field, and 403 `reauthentication_required`.
    """
    old_hash = queries.account(user_id).password_hash
    if password is not None and old_hash is not None:
        release()  # no connection is held while a core is busy hashing
        if not verify_password(old_hash, password):
            raise wrong_password(field)
    elif not _signed_in_socially(user_id, session_id, now):
        raise DomainError(Code.REAUTHENTICATION_REQUIRED)
    return old_hash


def wrong_password(field: str) -> DomainError:
    """The refusal of a password given in this field."""
    return DomainError(Code.WRONG_PASSWORD, errors={field: [Message("password_wrong")]})


def _signed_in_socially(user_id: int, session_id: int, now: datetime) -> bool:
    """Whether this session was begun by a social sign-in just now."""
    query = (
        sa.select(Identity.id)
        .join(Session, Session.user_id == Identity.user_id)
        .where(
            Session.id == session_id,
            Session.user_id == user_id,
            Session.created_at > now - FRESH,
            # One moment is given to both by the sign-in: linking a provider to a session that
            # somebody has stolen is no proof.
            Identity.last_used_at == Session.created_at,
        )
    )
    return session().scalar(query.limit(1)) is not None
