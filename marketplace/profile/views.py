"""Rows of profiles as JSON; the same row is encoded once, a changed one is another."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

from marketplace.core.conditional import etag_of
from marketplace.core.json import encode
from marketplace.profile.avatar_names import small_of

REMEMBERED_ROWS = 1_024
REMEMBERED_LENGTH = 1_000


class ProfileRow(NamedTuple):
    """The columns of `queries` as the driver gives them."""

    user_id: int
    full_name: str
    avatar: str | None
    bio: str
    city: str
    experience_years: int
    timezone: str
    links: str
    latitude: float | None
    longitude: float | None
    public_latitude: float | None
    public_longitude: float | None
    address: str
    version: int


def exact_place(row: Any) -> dict[str, Any] | None:
    """A place as its owner entered it."""
    if row.latitude is None:
        return None
    return {"latitude": row.latitude, "longitude": row.longitude, "address": row.address}


def public_place(latitude: float | None, longitude: float | None) -> dict[str, Any] | None:
    """A place as anyone may see it: the node of the grid, no address."""
    return None if latitude is None else {"latitude": latitude, "longitude": longitude}


def own_view(row: ProfileRow) -> dict[str, Any]:
    """A profile as its owner sees it."""
    return profile_view(row) | {"place": exact_place(row)}


def profile_view(row: ProfileRow) -> dict[str, Any]:
    """A profile as anyone may see it."""
    return {
        "id": row.user_id,
        "full_name": row.full_name,
        "avatar": row.avatar,
        "avatar_small": small_of(row.avatar),
        "bio": row.bio,
        "city": row.city,
        "experience_years": row.experience_years,
        "timezone": row.timezone,
        "links": json.loads(row.links),
        "place": public_place(row.public_latitude, row.public_longitude),
    }


def profile_etag(shown: Any) -> str:
    """The tag of a profile's present state."""
    return etag_of(["profile", shown.user_id, shown.version])


def row_etag(row: tuple[Any, ...]) -> str:
    """The tag of a row of `queries`."""
    return profile_etag(ProfileRow(*row))


def own_json(row: tuple[Any, ...]) -> str:
    """A row of `queries` encoded for its owner."""
    return encode(own_view(ProfileRow(*row)))


def profile_json(row: tuple[Any, ...]) -> str:
    """A row of `queries` encoded; long ones, which would weigh megabytes, are not remembered."""
    is_short = len(row[3]) <= REMEMBERED_LENGTH
    return _remembered_json(row) if is_short else _remembered_json.__wrapped__(row)


@lru_cache(maxsize=REMEMBERED_ROWS)
def _remembered_json(row: tuple[Any, ...]) -> str:
    return encode(profile_view(ProfileRow(*row)))
