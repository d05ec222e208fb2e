"""Authentication of a request: token, then session and user in one query by key."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import g, request

from marketplace.auth import tokens
from marketplace.auth.models import Session, User
from marketplace.core.clock import utc_now
from marketplace.core.database import write_if_free
from marketplace.core.errors import Code
from marketplace.core.hot import HotQuery, moment_of
from marketplace.core.permissions import Viewer, unauthorized

LAST_SEEN_STEP = timedelta(minutes=5)

_LOOKUP = HotQuery(
    sa.select(User.role, Session.last_seen_at, Session.expires_at)
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == sa.bindparam("session_id"),
        User.id == sa.bindparam("user_id"),
        Session.ended_at.is_(None),
        User.blocked_at.is_(None),
    )
)


def authenticate() -> None:
    """Set `g.viewer` from the Authorization header; without one the caller is anonymous.

    Raises 401 `token_invalid`, `token_expired` or `token_revoked` on open routes too.
    """
    header = request.headers.get("Authorization")
    if header is None:
        return
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized(Code.TOKEN_INVALID)
    now = utc_now()
    claims = tokens.read_access_token(token.strip(), now)
    row = _LOOKUP.first({"session_id": claims.session_id, "user_id": claims.user_id})
    if row is None:
        raise unauthorized(Code.TOKEN_REVOKED)
    role, last_seen_at, expires_at = row
    if moment_of(expires_at) <= now:
        raise unauthorized(Code.TOKEN_REVOKED)
    g.viewer = Viewer(claims.user_id, role, claims.session_id)
    if now - moment_of(last_seen_at) >= LAST_SEEN_STEP:
        _note_seen(claims.session_id, now)


def _note_seen(session_id: int, now: datetime) -> None:
    write_if_free(
        sa.update(Session)
        .where(Session.id == session_id, Session.last_seen_at <= now - LAST_SEEN_STEP)
        .values(last_seen_at=now)
    )
