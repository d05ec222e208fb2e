"""What a person does with the own profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth import sessions
from marketplace.auth.models import User
from marketplace.core import text
from marketplace.core.database import session, transactional
from marketplace.core.parts import Parts
from marketplace.profile.geography import Point, public_point
from marketplace.profile.models import Profile

POINT_COLUMNS = ("latitude", "longitude", "public_latitude", "public_longitude")

# Called with who is told of a changed zone, in the transaction that changes it.
on_zone: Parts[Callable[[int, datetime], None]] = Parts()
# Called with who hears the id of a person whose name is another, in that transaction too.
on_named: Parts[Callable[[int], None]] = Parts()


def create_profile(user: User, now: datetime) -> None:
    """The profile's part of making an account, in that transaction."""
    session().add(Profile(user_id=user.id, created_at=now, updated_at=now))


def name_profile(user: User, full_name: str, now: datetime) -> None:
    """Put the name a new person came with on the profile just made, in that transaction."""
    profile = session().get_one(Profile, user.id)
    profile.full_name = full_name
    profile.full_name_folded = text.sort_form(full_name)
    profile.updated_at = now


@transactional
def change_profile(
    user_id: int,
    changes: Mapping[str, Any],
    *,
    require_match: Callable[[Profile], None],
    now: datetime,
) -> Profile:
    """Write the given fields. Raises 401; `require_match` may raise 412."""
    profile = locked_profile(user_id)
    require_match(profile)
    zone = profile.timezone
    columns = dict(changes)
    if "place" in columns:
        columns |= place_columns(columns.pop("place"))
    for name, value in columns.items():
        setattr(profile, name, value)
    profile.city_folded = text.caseless(profile.city)
    profile.full_name_folded = text.sort_form(profile.full_name)
    if session().is_modified(profile):
        profile.updated_at = now
        if "full_name" in changes:
            for renamed in on_named:
                renamed(user_id)
    if profile.timezone != zone:
        session().flush()
        for part in on_zone:
            part(user_id, now)
    return profile


def place_columns(place: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of a place, or of none."""
    if place is None:
        return dict.fromkeys(POINT_COLUMNS) | {"address": ""}
    exact = Point(place["latitude"], place["longitude"])
    return dict(zip(POINT_COLUMNS, (*exact, *public_point(exact)), strict=True)) | {
        "address": place["address"]
    }


def locked_profile(user_id: int) -> Profile:
    """The profile of a signed-in person, locked. Raises 401."""
    # The account first, as a deletion does; while it stays, so does its profile.
    sessions.lock_signed_in(user_id, shared=True)
    query = sa.select(Profile).where(Profile.user_id == user_id).with_for_update()
    return session().scalars(query).one()
