"""Reads of identities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import Identity
from marketplace.core.database import session
from marketplace.core.paging import Position

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """A page of identities, newest first, and where the next page begins."""

    rows: list[Identity]
    next: Position | None
    total: int | None


def own_identities(
    user_id: int, *, limit: int, after: Position | None, count: bool
) -> IdentityPage:
    """The ways through providers into a person's account, newest first."""
    mine = Identity.user_id == user_id
    query = sa.select(Identity).where(mine).order_by(Identity.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(Identity.id < after.row_id)
    rows = list(session().scalars(query))
    following = Position(0, rows[limit - 1].id) if len(rows) > limit else None
    total = None
    if count:
        total = session().scalar(sa.select(sa.func.count()).select_from(Identity).where(mine))
    return IdentityPage(rows[:limit], following, total)


def identity_rows(*, user_id: int | None, after: int | None, limit: int) -> list[dict[str, Any]]:
    """Identities by id, for admins; of a subject only enough to tell two apart."""
    query = sa.select(Identity).order_by(Identity.id).limit(limit)
    if user_id is not None:
        query = query.where(Identity.user_id == user_id)
    if after is not None:
        query = query.where(Identity.id > after)
    return [
        {
            "id": row.id,
            "user_id": row.user_id,
            "provider": row.provider,
            "subject": _shortened(row.subject),
            "created_at": row.created_at,
            "last_used_at": row.last_used_at,
        }
        for row in session().scalars(query)
    ]


def _shortened(subject: str) -> str:
    return subject if len(subject) <= _SHOWN else f"…{subject[-_SHOWN:]}"
