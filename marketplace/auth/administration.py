"""What admins do to accounts and sessions, and their lists of them. Each act is audited."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth import operations, sessions
from marketplace.auth.identifiers import identify, phone_form
from marketplace.auth.models import Session, User
from marketplace.core import audit, text
from marketplace.core.database import session, transactional
from marketplace.core.errors import Code, DomainError
from marketplace.core.fields import MAX_ID
from marketplace.core.parts import Parts

_ID = re.compile(r"[0-9]{1,10}", re.ASCII)
_PHONE_SIGNS = re.compile(r"[\s().-]")

# Called with a feature's part of what is told about a person (services count theirs).
on_show: Parts[Callable[[int], Mapping[str, Any]]] = Parts()


class NotPossible(DomainError):
    """An act the present state forbids, or something that is not there, in words for the admin."""

    def __init__(self, told: str) -> None:
        super().__init__(Code.CONFLICT)
        self._told = told

    def __str__(self) -> str:
        return self._told


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an act concerns; as text `3 (master)`."""

    id: int
    username: str
    email: str | None
    phone: str | None

    def __str__(self) -> str:
        return f"{self.id} ({self.username})"


@transactional
def create_account(new: operations.NewUser, *, actor: str, now: datetime) -> int:
    """Make an account of any role; its id. Raises 409 as `operations.create_user`."""
    user = operations.create_user(new, now)
    audit.record("user.create", "user", user.id, actor=actor, now=now, role=user.role)
    return user.id


@transactional
def block(user_id: int, reason: str, *, actor: str, now: datetime) -> int:
    """Block a person: sessions end, services hide. Returns how many sessions ended.

    Raises `NotPossible` when already blocked.
    """
    user = locked_user(user_id)
    if user.blocked_at is not None:
        raise NotPossible(f"User {user_id} is blocked already.")
    user.blocked_at = now
    user.blocked_reason = reason
    user.updated_at = now
    ended = operations.end_all_sessions(user_id, "blocked", now)
    operations.run_block_parts(user, now)
    audit.record("user.block", "user", user_id, actor=actor, now=now, reason=reason)
    return ended


@transactional
def unblock(user_id: int, *, actor: str, now: datetime) -> None:
    """Undo a block; sessions stay ended. Raises `NotPossible` when not blocked."""
    user = locked_user(user_id)
    if user.blocked_at is None:
        raise NotPossible(f"User {user_id} is not blocked.")
    user.blocked_at = None
    user.blocked_reason = None
    user.updated_at = now
    operations.run_block_parts(user, now)
    audit.record("user.unblock", "user", user_id, actor=actor, now=now)


@transactional
def set_role(user_id: int, role: str, *, actor: str, now: datetime) -> None:
    """Change a role and end the person's sessions. Raises `NotPossible` for the same role.

    Services of one who is no longer a specialist stay theirs but hide, as when blocked.
    """
    user = locked_user(user_id)
    if user.role == role:
        raise NotPossible(f"User {user_id} is {role} already.")
    before, user.role = user.role, role
    user.updated_at = now
    operations.end_all_sessions(user_id, "role_change", now)
    operations.run_block_parts(user, now)
    audit.record("user.role", "user", user_id, actor=actor, now=now, before=before, after=role)


@transactional
def set_password(user_id: int, password_hash: str, *, actor: str, now: datetime) -> None:
    """Replace the password and end every session."""
    user = locked_user(user_id)
    user.password_hash = password_hash
    user.updated_at = now
    operations.end_all_sessions(user_id, "password_change", now)
    audit.record("user.password", "user", user_id, actor=actor, now=now)


@transactional
def verify_contact(user_id: int, kind: str, *, actor: str, now: datetime) -> None:
    """Mark the `email` or the `phone` as the person's own. Raises `NotPossible` when there is none
    or it is so already.
    """
    user = locked_user(user_id)
    if getattr(user, kind) is None:
        raise NotPossible(f"User {user_id} has no {kind}.")
    if getattr(user, f"{kind}_verified_at") is not None:
        raise NotPossible(f"The {kind} of user {user_id} is verified already.")
    setattr(user, f"{kind}_verified_at", now)
    user.updated_at = now
    audit.record("user.verify", "user", user_id, actor=actor, now=now, contact=kind)


@transactional
def end_session(session_id: int, *, actor: str, now: datetime) -> None:
    """End one session. Raises `NotPossible` when there is none alive."""
    row = session().get(Session, session_id)
    if row is None or not sessions.end(Session.id == session_id, "ended_by_admin", now):
        raise NotPossible(f"There is no session {session_id}, or it has ended already.")
    audit.record("session.end", "user", row.user_id, actor=actor, now=now, session=session_id)


@transactional
def end_user_sessions(user_id: int, *, actor: str, now: datetime) -> int:
    """End every session of a person; how many there were."""
    locked_user(user_id)
    ended = operations.end_all_sessions(user_id, "ended_by_admin", now)
    audit.record("session.end_all", "user", user_id, actor=actor, now=now, ended=ended)
    return ended


def find_user(reference: str) -> Person:
    """A person by id, user name, e-mail or phone. Raises `NotPossible` when there is none.

    Digits alone are an id and never a user name, so that an act cannot meet the wrong person.
    """
    user_id: int | None = None
    if _ID.fullmatch(reference) and int(reference) <= MAX_ID:
        user_id = int(reference)
    else:
        user_id = operations.find_credentials(identify(reference)).user_id
    columns = sa.select(User.id, User.username, User.email, User.phone)
    here = sa.and_(User.id == user_id, User.erased_at.is_(None))
    row = session().execute(columns.where(here)).first()
    if row is None:
        raise NotPossible(f"There is no user {reference}.")
    return Person(*row)


def user_rows(
    *, role: str | None, blocked: bool, search: str | None, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """Accounts by id. `search` is part of a user name, an e-mail or a phone, in any case."""
    query = sa.select(
        User.id,
        User.username,
        User.email,
        User.phone,
        User.role,
        User.language,
        User.blocked_at,
        User.created_at,
    ).where(User.erased_at.is_(None))
    if role is not None:
        query = query.where(User.role == role)
    if blocked:
        query = query.where(User.blocked_at.is_not(None))
    if search is not None:
        query = query.where(_mentions(search))
    if after is not None:
        query = query.where(User.id > after)
    return [dict(row) for row in session().execute(query.order_by(User.id).limit(limit)).mappings()]


def _mentions(part: str) -> sa.ColumnElement[bool]:
    like = text.like_pattern(text.fold(part))
    conditions: list[sa.ColumnElement[bool]] = [
        User.username_folded.like(like, escape="\\"),
        User.email_folded.like(like, escape="\\"),
        # There a domain stands as DNS asks for it; people search for what they read.
        sa.func.lower(User.email).like(text.like_pattern(part.lower()), escape="\\"),
    ]
    bare = _PHONE_SIGNS.sub("", part)
    if bare:
        conditions.append(User.phone.like(text.like_pattern(bare), escape="\\"))
    whole = phone_form(part)
    if whole is not None:
        conditions.append(User.phone == whole)
    return sa.or_(*conditions)


def session_rows(
    user_id: int, *, ended_too: bool, after: int | None, limit: int, now: datetime
) -> list[dict[str, Any]]:
    """A person's sessions, newest first: those that work, or all that were."""
    query = sa.select(
        Session.id,
        Session.device,
        Session.user_agent,
        Session.ip,
        Session.created_at,
        Session.last_seen_at,
        Session.expires_at,
        Session.ended_at,
        Session.end_reason,
    ).where(Session.user_id == user_id)
    if not ended_too:
        query = query.where(sessions.live(now))
    if after is not None:
        query = query.where(Session.id < after)
    query = query.order_by(Session.id.desc()).limit(limit)
    return [dict(row) for row in session().execute(query).mappings()]


def user_details(user_id: int, now: datetime) -> dict[str, Any]:
    """All that is kept about an account but the hash, and counts of what belongs to it."""
    hidden = {"password_hash", "username_folded", "email_folded", "version"}
    columns = [column for column in User.__table__.columns if column.name not in hidden]
    row = session().execute(sa.select(*columns).where(User.id == user_id)).mappings().one()
    alive = sa.select(sa.func.count()).where(Session.user_id == user_id, sessions.live(now))
    details = dict(row) | {"live_sessions": session().scalar(alive)}
    for part in on_show:
        details |= part(user_id)
    return details


def locked_user(user_id: int) -> User:
    """The row of a person who is not erased, locked. Raises `NotPossible` when there is none."""
    user = sessions.lock_user(user_id)
    if user is None or user.erased_at is not None:
        raise NotPossible(f"There is no user {user_id}.")
    return user
