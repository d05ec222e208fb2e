"""Rows of the catalogue as JSON; remembered as in `services/views.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from marketplace.catalogue.facets import Facets
from marketplace.catalogue.hours_text import hours_lines
from marketplace.core.json import encode
from marketplace.core.money import wire_amount
from marketplace.profile.avatar_names import small_of
from marketplace.profile.views import ProfileRow, profile_view, public_place
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


def catalogue_json(row: tuple[Any, ...], next_slot: str | None) -> str:
    """A row of the catalogue encoded."""
    known = _remembered_json(row) if is_short(row) else _remembered_json.__wrapped__(row)
    # The slot changes by the minute, the row seldom.
    return f'{known[:-1]},"next_slot":{encode(next_slot)}}}'


@lru_cache(maxsize=REMEMBERED_ROWS)
def _remembered_json(row: tuple[Any, ...]) -> str:
    return encode(catalogue_view(ServiceRow(*row[:WIDTH]), CardRow(*row[WIDTH:])))


def row_versions(row: tuple[Any, ...]) -> tuple[int, int, int]:
    """What tells one state of a row from another: id, version, the profile's version."""
    return row[0], row[WIDTH - 1], row[_VERSION]


def facets_view(found: Facets) -> dict[str, Any]:
    """Facets on the wire; a band's ends are what the price filters take."""
    return {
        "categories": [{"slug": slug, "count": count} for slug, count in found.categories],
        "cities": [{"city": city, "count": count} for city, count in found.cities],
        "price_bands": [
            {"min_price": wire_amount(low), "max_price": wire_amount(high), "count": count}
            for low, high, count in found.price_bands
        ],
        "approximate": found.approximate,
    }


def tree_view(rows: Iterable[Any], services: Mapping[int, int]) -> list[dict[str, Any]]:
    """The tree of categories; a top one's services are those of its sub-categories too."""
    tops: dict[int, dict[str, Any]] = {}
    for row in rows:
        count = services.get(row.id, 0)
        node = {"slug": row.slug, "name": row.name, "services_count": count}
        if row.parent_id is None:
            tops[row.id] = {**node, "children": []}
        else:
            tops[row.parent_id]["children"].append(node)
            tops[row.parent_id]["services_count"] += count
    return list(tops.values())


class SpecialistRow(NamedTuple):
    """The columns of `directory` as the driver gives them."""

    user_id: int
    full_name: str
    avatar: str | None
    city: str
    experience_years: int
    public_latitude: float | None
    public_longitude: float | None
    full_name_folded: str
    created_at: Any
    version: int
    metres: int | None = None


def specialist_view(row: SpecialistRow, next_slot: str | None) -> dict[str, Any]:
    """A line of the directory."""
    view = {
        "id": row.user_id,
        "full_name": row.full_name,
        "avatar": row.avatar,
        "avatar_small": small_of(row.avatar),
        "city": row.city,
        "rating": None,
        "reviews_count": 0,
        "experience_years": row.experience_years,
        "place": public_place(row.public_latitude, row.public_longitude),
    }
    if row.metres is not None:
        view["distance_km"] = kilometres(row.metres)
    view["next_slot"] = next_slot
    return view


def page_view(
    profile: ProfileRow,
    hours: Sequence[Mapping[str, Any]],
    services: Iterable[tuple[tuple[Any, ...], str | None]],
    next_slot: str | None,
    language: str,
) -> dict[str, Any]:
    """A specialist's public page; `services` are rows with their next slots."""
    return {
        **profile_view(profile),
        "rating": None,
        "reviews_count": 0,
        "hours": list(hours),
        "hours_text": hours_lines(hours, language),
        "next_slot": next_slot,
        "services": [
            {**service_view(ServiceRow(*row[:WIDTH])), "next_slot": slot} for row, slot in services
        ],
    }
