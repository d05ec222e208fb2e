"""The catalogue's filters: each alone and together, on either database, page by page."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from catalogue.world import MOSCOW, TREE, World, populated
from flask import Flask
from services.support import (
    CATALOGUE,
    listed,
    read_through,
    with_query,
)

DIRECTORY = "/api/specialists/"
NEAR = f"{MOSCOW[0]},{MOSCOW[1]}"


pytestmark = pytest.mark.usefixtures("either_way")


def matches(world: World, service: dict[str, Any], query: dict[str, Any]) -> bool:
    """The filters once more, in words of their own."""
    number = [actor.user_id for actor in world.specialists].index(service["specialist"])
    city = ("москва", "тверь", "москва", "")[number % 4]
    under = {service["category"], TREE.get(service["category"] or "")}
    return (
        ("city" not in query or query["city"].lower() == city)
        and ("category" not in query or query["category"] in under)
        and query.get("min_duration", 0) <= service["duration_minutes"]
        and service["duration_minutes"] <= query.get("max_duration", 9_999)
        and ("max_price" not in query or service["kopecks"] <= int(query["max_price"]) * 100)
    )


FILTERS: list[dict[str, Any]] = [
    {},
    {"city": "МОСКВА"},
    {"city": "Тверь"},
    {"city": "Пермь"},
    {"category": "beauty"},
    {"category": "hair"},
    {"category": "repair"},
    {"min_duration": 60},
    {"max_duration": 59},
    {"min_duration": 60, "max_duration": 60},
]
ORDERINGS = ("-created_at", "created_at", "price", "-price", "duration_minutes", "-rating")


def expected(world: World, query: dict[str, Any], ordering: str) -> list[int]:
    name = ordering.removeprefix("-").replace("rating", "created_at").replace("price", "kopecks")
    found = [
        (service[name], number)
        for number, service in enumerate(world.services, 1)
        if matches(world, service, query)
    ]
    return [number for _, number in sorted(found, reverse=ordering.startswith("-"))]


def test_filters_in_pairs_find_what_a_naive_reading_finds(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = populated(app, people)

    for number, (one, other) in enumerate(product(FILTERS, FILTERS)):
        query = one | other | ({"max_price": 200} if number % 2 else {})
        ordering = ORDERINGS[number % len(ORDERINGS)]
        if query.get("min_duration", 0) > query.get("max_duration", 9_999):
            continue
        told = read_through(anonymous, CATALOGUE, ordering=ordering, limit=7, **query)

        assert told == expected(world, query, ordering), (query, ordering)
        first = anonymous.get(with_query(CATALOGUE, {**query, "count": 1}))
        assert first.headers["X-Total-Count"] == str(len(told))


def test_every_ordering_keeps_to_the_filters(app: Flask, people: People, anonymous: Actor) -> None:
    world = populated(app, people, seed=2)

    for query, ordering in product(FILTERS, ORDERINGS):
        told = read_through(anonymous, CATALOGUE, ordering=ordering, limit=9, **query)
        assert told == expected(world, query, ordering), (query, ordering)


def test_who_has_no_rating_matches_no_least_one(
    app: Flask, people: People, anonymous: Actor
) -> None:
    populated(app, people, services=3)

    for rating in ("1", "4.5", "5"):
        answer = anonymous.get(f"{CATALOGUE}?min_rating={rating}&count=1")
        assert (answer.get_json(), answer.headers["X-Total-Count"]) == ([], "0")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"category": "nowhere"}, "category"),
        ({"category": ""}, "category"),
        ({"category": "x" * 61}, "category"),
        ({"city": ""}, "city"),
        ({"city": "x" * 101}, "city"),
        ({"city": "a\x00b"}, "city"),
        ({"min_duration": 4}, "min_duration"),
        ({"max_duration": 1_441}, "max_duration"),
        ({"min_duration": 60, "max_duration": 59}, "max_duration"),
        ({"min_price": "200", "max_price": "100"}, "max_price"),
        ({"min_rating": "0"}, "min_rating"),
        ({"min_rating": "5.1"}, "min_rating"),
        ({"min_rating": "NaN"}, "min_rating"),
        ({"near": "55.7"}, "near"),
        ({"near": "91,0"}, "near"),
        ({"near": "0,181"}, "near"),
        ({"near": "nan,nan"}, "near"),
        ({"near": "٥٥,٣٧"}, "near"),
        ({"near": "1" * 500}, "near"),
        ({"near": NEAR, "radius_km": "0.09"}, "radius_km"),
        ({"near": NEAR, "radius_km": "100.1"}, "radius_km"),
        ({"near": NEAR, "radius_km": "-1"}, "radius_km"),
        ({"near": NEAR, "radius_km": "1e2"}, "radius_km"),
        ({"radius_km": "5"}, "near"),
        ({"ordering": "distance"}, "near"),
        ({"ordering": "rating"}, "ordering"),
        ({"near": NEAR, "ordering": "distance", "cursor": "AAAA"}, "cursor"),
    ],
)
def test_what_cannot_be_meant_is_named(anonymous: Actor, query: dict[str, Any], field: str) -> None:
    assert_problem(anonymous.get(with_query(CATALOGUE, query)), 422, "invalid_fields", field)


@pytest.mark.parametrize("text", ["%", "_", '"', "*", "'", "🙂", "\u202eа", "a' OR 1=1--"])
def test_odd_texts_are_taken_literally(
    app: Flask, people: People, anonymous: Actor, text: str
) -> None:
    populated(app, people, services=3)

    assert listed(anonymous, CATALOGUE, city=text) == []
