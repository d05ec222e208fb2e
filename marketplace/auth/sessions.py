"""Sessions: begun by signing in, renewed by rotation, ended by many things (design decision 3)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.auth import notices, tokens
from marketplace.auth.devices import USER_AGENT_MAX, Device
from marketplace.auth.models import Session, User
from marketplace.core import audit
from marketplace.core.database import session, transactional
from marketplace.core.errors import Code, not_found
from marketplace.core.permissions import unauthorized

log = logging.getLogger(__name__)

REPLAY_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a signed-in device holds."""

    access: str
    refresh: str


def begin(user_id: int, device: Device, now: datetime) -> TokenPair:
    """Add a session to the caller's transaction and give its tokens."""
    row = Session(
        user_id=user_id,
        device=device.name,
        user_agent=device.user_agent[:USER_AGENT_MAX],
        ip=device.ip[:45],
        created_at=now,
        last_seen_at=now,
        refresh_jti=tokens.new_jti(),
        refresh_issued_at=now,
        refresh_key_id=tokens.current_key_id(),
        expires_at=now + tokens.SESSION_LIFETIME,
    )
    session().add(row)
    session().flush()  # the tokens carry the row's id
    return _pair(row, now)


def announce(user_id: int, device: Device, now: datetime) -> None:
    """Tell the person of a sign-in from a device not seen before. Before `begin`."""
    known = sa.select(Session.id).where(Session.user_id == user_id, Session.device == device.name)
    if session().scalar(known.limit(1)) is None:
        told = {"device": device.name, "ip": device.ip[:45], "at": now.isoformat()}
        notices.tell(user_id, "new_device", now, told)


def _pair(row: Session, now: datetime) -> TokenPair:
    access = tokens.access_token(
        user_id=row.user_id, session_id=row.id, expires_at=row.expires_at, now=now
    )
    refresh = tokens.refresh_token(
        user_id=row.user_id,
        session_id=row.id,
        jti=row.refresh_jti,
        issued_at=row.refresh_issued_at,
        expires_at=row.expires_at,
        key=row.refresh_key_id,
    )
    return TokenPair(access, refresh)


def refresh(token: str, now: datetime) -> TokenPair:
    """Spend a refresh token for a new pair.

    The immediate predecessor within 10 s gets the same successor (a lost answer, two threads of one
    app); any other replay ends the session. Raises 401 `refresh_token_invalid`, `token_revoked`
    or `refresh_token_reused`.
    """
    claims = tokens.read_refresh_token(token)
    outcome = _rotate(claims, now)
    if isinstance(outcome, Code):
        raise unauthorized(outcome)
    return outcome


@transactional
def _rotate(claims: tokens.Claims, now: datetime) -> TokenPair | Code:
    """Compare and swap. A refusal is returned, not raised: what it wrote must be committed."""
    swapped = session().execute(
        sa.update(Session)
        .where(
            Session.id == claims.session_id,
            Session.user_id == claims.user_id,
            Session.refresh_jti == claims.jti,
            Session.ended_at.is_(None),
        )
        .values(
            previous_jti=claims.jti,
            rotated_at=now,
            refresh_jti=tokens.new_jti(),
            refresh_issued_at=now,
            refresh_key_id=tokens.current_key_id(),
            last_seen_at=now,
        )
    )
    row = session().scalar(
        sa.select(Session)
        .where(Session.id == claims.session_id, Session.user_id == claims.user_id)
        .with_for_update()
    )
    if row is None or row.ended_at is not None or row.expires_at <= now:
        return Code.TOKEN_REVOKED
    if swapped.rowcount == 1:  # type: ignore[attr-defined]
        return _pair(row, now)
    within_grace = row.rotated_at is not None and now - row.rotated_at <= REPLAY_GRACE
    if row.previous_jti == claims.jti and within_grace:
        return _pair(row, now)
    log.warning("a spent refresh token of session %s came again: session ended", row.id)
    end(Session.id == row.id, "replay", now)
    audit.record("session.replay", "user", row.user_id, actor="system", now=now, session=row.id)
    notices.tell(row.user_id, "session_replayed", now, {"device": row.device})
    return Code.REFRESH_TOKEN_REUSED


def end(which: sa.ColumnElement[bool], reason: str, now: datetime) -> int:
    """End the live sessions that match, in the caller's transaction; how many there were."""
    result = session().execute(
        sa.update(Session)
        .where(which, Session.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )
    return result.rowcount  # type: ignore[attr-defined, no-any-return]


@transactional
def log_out(session_id: int, now: datetime) -> None:
    """End the caller's own session; signing out twice is no error."""
    end(Session.id == session_id, "logout", now)


@transactional
def end_own(
    user_id: int,
    session_id: int,
    reason: str,
    *,
    require_match: Callable[[int], None],
    now: datetime,
) -> None:
    """End one of the person's sessions. Raises 404 when it is not theirs or already over."""
    if not end(sa.and_(Session.id == session_id, Session.user_id == user_id), reason, now):
        raise not_found()
    # After the 404, which must not depend on the condition; a refusal undoes the end.
    require_match(session_id)


@transactional
def end_others(user_id: int, current_session_id: int, reason: str, now: datetime) -> int:
    """End all sessions of the person but the current one."""
    return end(sa.and_(Session.user_id == user_id, Session.id != current_session_id), reason, now)


def live(now: datetime) -> sa.ColumnElement[bool]:
    """Sessions that still work: not ended, and their refresh token not expired."""
    return sa.and_(
        Session.ended_at.is_(None),
        Session.expires_at > now,
        Session.refresh_issued_at > now - tokens.REFRESH_LIFETIME,
    )


def lock_user(user_id: int, *, shared: bool = False) -> User | None:
    """The user's row, locked for the rest of the transaction; `shared` keeps only writers out.

    Rows that refer to it may be made meanwhile, or making a booking and blocking one of its parties
    would wait for each other.
    """
    query = sa.select(User).where(User.id == user_id)
    return session().scalar(query.with_for_update(read=shared, key_share=not shared))


def lock_signed_in(user_id: int, *, shared: bool = False) -> User:
    """As `lock_user`, for a caller whom authentication let in: the account may be gone or blocked
    since, as the write is another transaction. Raises 401 `token_revoked` then.
    """
    user = lock_user(user_id, shared=shared)
    if user is None or user.blocked_at is not None:
        raise unauthorized(Code.TOKEN_REVOKED)
    return user


def require_signed_in(user_id: int) -> None:
    """As `lock_signed_in`, for what needs no more of the account than that it stays until the
    transaction ends.
    """
    lock_signed_in(user_id, shared=True)
