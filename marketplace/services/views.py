"""Rows of services as JSON; the same row is encoded once, a changed one is another."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from marketplace.core.clock import wire_moment
from marketplace.core.hot import moment_of
from marketplace.core.json import encode
from marketplace.core.money import CURRENCY, wire_amount

REMEMBERED_ROWS = 1_024
REMEMBERED_LENGTH = 1_000


class ServiceRow(NamedTuple):
    """The columns of `listing.COLUMNS` as the driver gives them."""

    id: int
    name: str
    description: str
    kopecks: int
    duration_minutes: int
    specialist_id: int
    category: str | None
    visible: bool
    created_at: Any
    updated_at: Any
    version: int


WIDTH = len(ServiceRow._fields)


def service_view(row: ServiceRow) -> dict[str, Any]:
    """A service on the wire."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "price": wire_amount(row.kopecks),
        "currency": CURRENCY,
        "duration_minutes": row.duration_minutes,
        "specialist": row.specialist_id,
        "category": row.category,
        "visible": bool(row.visible),
        "created_at": wire_moment(moment_of(row.created_at)),
        "updated_at": wire_moment(moment_of(row.updated_at)),
    }


@lru_cache(maxsize=REMEMBERED_ROWS)
def _remembered_json(row: tuple[Any, ...]) -> str:
    return encode(service_view(ServiceRow(*row)))


def service_json(row: tuple[Any, ...]) -> str:
    """A row of `listing.COLUMNS` encoded."""
    return _remembered_json(row) if is_short(row) else _remembered_json.__wrapped__(row)


def is_short(row: tuple[Any, ...]) -> bool:
    """Whether a row is remembered: a thousand of the longest would weigh tens of megabytes."""
    return len(row[2]) <= REMEMBERED_LENGTH


def json_list(items: list[str]) -> str:
    """Encoded items as one JSON array."""
    return f"[{','.join(items)}]"
