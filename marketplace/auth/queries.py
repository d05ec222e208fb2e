"""Reads of accounts and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from marketplace.auth.models import Identity, Session, User
from marketplace.auth.sessions import live
from marketplace.core.database import session
from marketplace.core.errors import Code
from marketplace.core.paging import Page, Position
from marketplace.core.permissions import unauthorized

Own = TypeVar("Own", Session, Identity)


def account(user_id: int) -> User:
    """The user's own account. Raises 401 when it went this very moment."""
    user = session().get(User, user_id)
    if user is None:
        raise unauthorized(Code.TOKEN_REVOKED)
    return user


def newest_page(
    model: type[Own],
    mine: sa.ColumnElement[bool],
    *,
    limit: int,
    after: Position | None,
    count: bool,
) -> Page[Own]:
    """The rows that are one's own, newest first by id."""
    query = sa.select(model).where(mine).order_by(model.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(model.id < after.row_id)
    rows = list(session().scalars(query))
    following = Position(0, rows[limit - 1].id) if len(rows) > limit else None
    total = None
    if count:
        total = session().scalar(sa.select(sa.func.count()).select_from(model).where(mine))
    return Page(rows[:limit], following, total)


def own_sessions(
    user_id: int, *, limit: int, after: Position | None, count: bool, now: datetime
) -> Page[Session]:
    """The person's live sessions, newest first."""
    mine = sa.and_(Session.user_id == user_id, live(now))
    return newest_page(Session, mine, limit=limit, after=after, count=count)
