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
    version: int


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
    }


def profile_etag(shown: Any) -> str:
    """The tag of a profile's present state."""
    return etag_of(["profile", shown.user_id, shown.version])


def row_etag(row: tuple[Any, ...]) -> str:
    """The tag of a row of `queries`."""
    return profile_etag(ProfileRow(*row))


def profile_json(row: tuple[Any, ...]) -> str:
    """A row of `queries` encoded; long ones, which would weigh megabytes, are not remembered."""
    is_short = len(row[3]) <= REMEMBERED_LENGTH
    return _remembered_json(row) if is_short else _remembered_json.__wrapped__(row)


@lru_cache(maxsize=REMEMBERED_ROWS)
def _remembered_json(row: tuple[Any, ...]) -> str:
    return encode(profile_view(ProfileRow(*row)))
