"""The examples of the documentation."""

from __future__ import annotations

PROFILE = {
    "id": 1,
    "full_name": "Анна Соколова",
    "avatar": None,
    "avatar_small": None,
    "bio": "Массажист с медицинским образованием. Принимаю в центре.",
    "city": "Москва",
    "experience_years": 8,
    "timezone": "Europe/Moscow",
    "links": ["https://example.com/anna"],
    "place": {"latitude": 55.764249, "longitude": 37.606592},
}
PLACE = {"latitude": 55.7648, "longitude": 37.6055, "address": "Тверская улица, 7, кабинет 12"}
OWN_PROFILE = {**PROFILE, "place": PLACE}
AVATAR_FILE = "/api/docs/assets/avatar-example.jpg"
PROFILE_PATCH = {
    "full_name": "Анна Соколова",
    "bio": "Массажист с медицинским образованием. Принимаю в центре.",
    "city": "Москва",
    "experience_years": 8,
    "timezone": "Europe/Moscow",
    "links": ["https://example.com/anna"],
    "place": PLACE,
}
