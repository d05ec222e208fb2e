"""Reads of profiles: columns, one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import SPECIALIST, User
from marketplace.core.database import read
from marketplace.core.errors import Code, not_found
from marketplace.core.hot import HotQuery
from marketplace.core.permissions import unauthorized
from marketplace.notifications.queries import Reader
from marketplace.profile.models import Profile

# In the order of `views.ProfileRow`; the links as the text they are stored in.
_PROFILE = sa.select(
    Profile.user_id,
    Profile.full_name,
    Profile.avatar,
    Profile.bio,
    Profile.city,
    Profile.experience_years,
    Profile.timezone,
    sa.cast(Profile.links, sa.Text),
    Profile.latitude,
    Profile.longitude,
    Profile.public_latitude,
    Profile.public_longitude,
    Profile.address,
    Profile.version,
).where(Profile.user_id == sa.bindparam("user_id"))
_OWN = HotQuery(_PROFILE)
_PUBLIC = HotQuery(
    _PROFILE.join(User, User.id == Profile.user_id).where(
        User.role == SPECIALIST, User.blocked_at.is_(None)
    )
)


def readers(user_ids: Sequence[int]) -> dict[int, Reader]:
    """In which language and zone people read, and where, by id."""
    query = (
        sa.select(
            User.id,
            User.language,
            Profile.timezone,
            User.email,
            User.email_verified_at,
            User.phone,
            User.phone_verified_at,
        )
        .join(Profile, Profile.user_id == User.id)
        .where(User.id.in_(user_ids))
    )
    return {
        row.id: Reader(
            row.language,
            row.timezone,
            row.email,
            row.email_verified_at is not None,
            row.phone,
            row.phone_verified_at is not None,
        )
        for row in read().execute(query)
    }


def own_profile(user_id: int) -> tuple[Any, ...]:
    """The person's own profile; it can't be missing, unless the account went this very moment."""
    row = _OWN.first({"user_id": user_id})
    if row is None:
        raise unauthorized(Code.TOKEN_REVOKED)
    return row


def public_profile(user_id: int) -> tuple[Any, ...]:
    """A specialist's profile. Raises 404 for clients, blocked people and unknown ids."""
    row = _PUBLIC.first({"user_id": user_id})
    if row is None:
        raise not_found()
    return row
