"""The examples of the documentation."""

from __future__ import annotations

from typing import Any

from marketplace.core.openapi import EXAMPLE_DAY as DAY
from marketplace.profile.examples import PROFILE
from marketplace.schedule.examples import HOURS
from marketplace.services.examples import SERVICE

CATEGORIES = [
    {
        "slug": "massage",
        "name": "Массаж",
        "services_count": 12,
        "children": [
            {"slug": "massage-classic", "name": "Классический массаж", "services_count": 12}
        ],
    }
]
CITIES = [{"city": "Москва", "specialists_count": 18}, {"city": "Казань", "specialists_count": 4}]
FACETS = {
    "categories": [{"slug": "massage", "count": 12}, {"slug": "massage-classic", "count": 12}],
    "cities": [{"city": "Москва", "count": 12}],
    "price_bands": [{"min_price": "2000.00", "max_price": "4999.99", "count": 12}],
    "approximate": False,
}
SPECIALIST: dict[str, Any] = {
    "id": 1,
    "full_name": "Анна Соколова",
    "avatar": None,
    "avatar_small": None,
    "city": "Москва",
    "rating": None,
    "reviews_count": 0,
    "experience_years": 8,
    "place": PROFILE["place"],
    "next_slot": f"{DAY}T10:00:00+03:00",
}
SPECIALIST_PAGE: dict[str, Any] = {
    **PROFILE,
    "rating": None,
    "reviews_count": 0,
    **HOURS,
    "hours_text": ["пн–пт 10:00–14:00, 15:00–19:00"],
    "next_slot": SPECIALIST["next_slot"],
    "services": [{**SERVICE, "next_slot": SPECIALIST["next_slot"]}],
}
