"""Reads of identities."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import Identity
from marketplace.auth.queries import newest_page
from marketplace.core.database import session
from marketplace.core.paging import Page, Position

_SHOWN = 4


def own_identities(
    user_id: int, *, limit: int, after: Position | None, count: bool
) -> Page[Identity]:
    """The ways through providers into a person's account, newest first."""
    mine = Identity.user_id == user_id
    return newest_page(Identity, mine, limit=limit, after=after, count=count)


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
