"""Reads of accounts and sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.auth.models import Session, User
from marketplace.auth.sessions import live
from marketplace.core.database import session
from marketplace.core.errors import Code
from marketplace.core.paging import Position
from marketplace.core.permissions import unauthorized


def account(user_id: int) -> User:
    """The user's own account. Raises 401 when it went this very moment."""
    user = session().get(User, user_id)
    if user is None:
        raise unauthorized(Code.TOKEN_REVOKED)
    return user


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A page of signed-in devices, newest first, and where the next page begins."""

    rows: list[Session]
    next: Position | None
    total: int | None


def own_sessions(
    user_id: int, *, limit: int, after: Position | None, count: bool, now: datetime
) -> SessionPage:
    """The person's live sessions, newest first."""
    mine = sa.and_(Session.user_id == user_id, live(now))
    query = sa.select(Session).where(mine).order_by(Session.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(Session.id < after.row_id)
    rows = list(session().scalars(query))
    following = Position(0, rows[limit - 1].id) if len(rows) > limit else None
    total = None
    if count:
        total = session().scalar(sa.select(sa.func.count()).select_from(Session).where(mine))
    return SessionPage(rows[:limit], following, total)
