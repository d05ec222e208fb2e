"""The examples of the documentation; ids are those of freshly loaded demo data."""

from __future__ import annotations

from marketplace.core.openapi import EXAMPLE_DAY as DAY

SERVICE_IN = {
    "name": "Лимфодренажный массаж",
    "description": "Мягкая техника, снимает отёки. Продолжительность — полтора часа.",
    "price": "3200.00",
    "duration_minutes": 90,
    "category": "massage-classic",
    "visible": True,
}
SERVICE_PATCH = {"price": "2700.00", "duration_minutes": 75}
SERVICE = {
    "id": 1,
    "name": "Классический массаж спины",
    "description": "Снимает напряжение в спине и шее.",
    "price": "2500.00",
    "currency": "RUB",
    "duration_minutes": 60,
    "specialist": 1,
    "category": "massage-classic",
    "visible": True,
    "created_at": "2026-11-20T09:30:00Z",
    "updated_at": "2026-11-20T09:30:00Z",
}
CATALOGUE_SERVICE = {
    **SERVICE,
    "specialist_profile": {
        "id": 1,
        "full_name": "Анна Соколова",
        "avatar": None,
        "avatar_small": None,
        "city": "Москва",
        "rating": None,
        "reviews_count": 0,
    },
    "next_slot": f"{DAY}T10:00:00+03:00",
}
SUGGESTIONS = {
    "names": ["Массаж спины", "Массаж лица"],
    "categories": ["Массаж"],
    "specialists": [],
}
