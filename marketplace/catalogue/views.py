"""Rows of the catalogue as JSON; remembered as in `services/views.py`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from marketplace.core.json import encode
from marketplace.profile.avatar_names import small_of
from marketplace.services.views import REMEMBERED_ROWS, WIDTH, ServiceRow, is_short, service_view


class CardRow(NamedTuple):
    """The specialist's columns, which follow the service's; `metres` only where a place was asked
    for.
    """

    full_name: str
    avatar: str | None
    city: str
    profile_version: int
    metres: int | None = None


_VERSION = WIDTH + CardRow._fields.index("profile_version")


def catalogue_view(service: ServiceRow, card: CardRow) -> dict[str, Any]:
    """A service with its specialist's card. Nobody has reviews yet, so nobody has a rating."""
    view = service_view(service)
    view["specialist_profile"] = {
        "id": service.specialist_id,
        "full_name": card.full_name,
        "avatar": card.avatar,
        "avatar_small": small_of(card.avatar),
        "city": card.city,
        "rating": None,
        "reviews_count": 0,
    }
    if card.metres is not None:
        view["distance_km"] = kilometres(card.metres)
    return view


def kilometres(metres: int) -> float:
    """A distance on the wire."""
    return metres / 1_000


def catalogue_json(row: tuple[Any, ...]) -> str:
    """A row of the catalogue encoded."""
    return _remembered_json(row) if is_short(row) else _remembered_json.__wrapped__(row)


@lru_cache(maxsize=REMEMBERED_ROWS)
def _remembered_json(row: tuple[Any, ...]) -> str:
    return encode(catalogue_view(ServiceRow(*row[:WIDTH]), CardRow(*row[WIDTH:])))


def row_versions(row: tuple[Any, ...]) -> tuple[int, int, int]:
    """What tells one state of a row from another: id, version, the profile's version."""
    return row[0], row[WIDTH - 1], row[_VERSION]
