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
}
AVATAR_FILE = "/api/docs/assets/avatar-example.jpg"
PROFILE_PATCH = {
    "full_name": "Анна Соколова",
    "bio": "Массажист с медицинским образованием. Принимаю в центре.",
    "city": "Москва",
    "experience_years": 8,
    "timezone": "Europe/Moscow",
    "links": ["https://example.com/anna"],
}
