"""The profile's part of what is told of a person, and of what is forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import User
from marketplace.core.database import session, table_of
from marketplace.profile.models import DEFAULT_TIMEZONE, Profile


def exported(user_id: int) -> dict[str, Any]:
    """The profile with all its fields."""
    columns = table_of(Profile).c
    hidden = {"user_id", "city_folded", "full_name_folded", "version"}
    hidden |= {"public_latitude", "public_longitude"}
    query = sa.select(*(column for column in columns if column.name not in hidden))
    row = session().execute(query.where(columns.user_id == user_id)).mappings().one()
    return {"profile": dict(row)}


def forget(user: User, now: datetime) -> None:
    """Empty every field; the row stays for those who have bookings with the person."""
    session().execute(
        sa.update(table_of(Profile))
        .where(Profile.user_id == user.id)
        .values(
            full_name="",
            full_name_folded="",
            avatar=None,
            bio="",
            city="",
            city_folded="",
            experience_years=0,
            timezone=DEFAULT_TIMEZONE,
            latitude=None,
            longitude=None,
            public_latitude=None,
            public_longitude=None,
            address="",
            links=[],
            updated_at=now,
            version=Profile.version + 1,
        )
    )
