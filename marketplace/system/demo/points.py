"""Where in their cities the specialists work. Pure."""

from __future__ import annotations

from math import cos, radians
from random import Random
from typing import Any

from marketplace.profile.geography import Point, public_point

_CENTRES = {
    "Москва": Point(55.7558, 37.6176),
    "Санкт-Петербург": Point(59.9386, 30.3141),
    "Новосибирск": Point(55.0302, 82.9204),
    "Екатеринбург": Point(56.8389, 60.6057),
    "Казань": Point(55.7963, 49.1064),
    "Нижний Новгород": Point(56.3269, 44.0065),
    "Красноярск": Point(56.0106, 92.8526),
    "Челябинск": Point(55.1599, 61.4026),
    "Самара": Point(53.1959, 50.1008),
    "Уфа": Point(54.7348, 55.9579),
    "Ростов-на-Дону": Point(47.2224, 39.7187),
    "Краснодар": Point(45.0355, 38.9753),
    "Омск": Point(54.9893, 73.3682),
    "Воронеж": Point(51.6606, 39.2006),
    "Пермь": Point(58.0105, 56.2502),
    "Волгоград": Point(48.7071, 44.5169),
    "Калининград": Point(54.7104, 20.4522),
    "Владивосток": Point(43.1155, 131.8855),
    "Иркутск": Point(52.2870, 104.3050),
    "Тюмень": Point(57.1530, 65.5343),
}
_WITHOUT = 0.2
_NORTH_TO_SOUTH = 0.06
_STREETS = ("Садовая улица", "улица Мира", "Набережная улица", "улица Гагарина", "Лесная улица")
_FIRST = (Point(55.7648, 37.6055), "Тверская улица, 7, кабинет 12")


def place(random: Random, city: str, *, is_first: bool, is_specialist: bool) -> dict[str, Any]:
    """The columns of a profile's place. Most specialists tell theirs, more of them downtown."""
    if not is_specialist or (random.random() < _WITHOUT and not is_first):
        exact, address = None, ""
    elif is_first:
        exact, address = _FIRST
    else:
        centre = _CENTRES[city]
        north = random.gauss(0, _NORTH_TO_SOUTH)
        east = random.gauss(0, _NORTH_TO_SOUTH) / cos(radians(centre.latitude))
        exact = Point(round(centre.latitude + north, 6), round(centre.longitude + east, 6))
        address = f"{random.choice(_STREETS)}, {random.randint(1, 120)}"
    shown = None if exact is None else public_point(exact)
    return {
        "latitude": exact and exact.latitude,
        "longitude": exact and exact.longitude,
        "public_latitude": shown and shown.latitude,
        "public_longitude": shown and shown.longitude,
        "address": address,
    }
