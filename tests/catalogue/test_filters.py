"""The catalogue's filters: each alone and together, on either database, page by page."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from catalogue.world import ME, MOSCOW, TREE, World, place, populated
from flask import Flask
from services.support import (
    CATALOGUE,
    NOON,
    add_category,
    add_services,
    listed,
    read_through,
    with_query,
)

from marketplace.profile.geography import Point, distance, public_point
from marketplace.services import few

DIRECTORY = "/api/specialists/"
NEAR = f"{MOSCOW[0]},{MOSCOW[1]}"


@pytest.fixture(autouse=True, params=[few.FEW, 1], ids=["few", "many"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a filter finds is looked up, or met while walking the list: SQLite does both."""
    few.forget()
    monkeypatch.setattr(few, "FEW", request.param)


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


def test_near_keeps_who_is_within_the_radius_of_the_public_point(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = populated(app, people, seed=3)
    metres = {
        actor.user_id: far for actor in world.specialists if (far := metres_of(actor)) is not None
    }

    for radius in (0.5, 2.0, 4.0, 100.0):
        rows = listed(anonymous, CATALOGUE, near=NEAR, radius_km=radius, limit=100)
        told = {row["specialist"]: row["distance_km"] for row in rows}
        within = {key for key, far in metres.items() if far <= radius * 1_000}

        assert set(told) == within & {service["specialist"] for service in world.services}
        assert told == {key: metres[key] / 1_000 for key in told}


def metres_of(actor: Actor) -> int | None:
    shown = actor.get(f"/api/auth/profile/{actor.user_id}/").get_json()["place"]
    return shown and distance(Point(*MOSCOW), Point(shown["latitude"], shown["longitude"]))


def test_the_nearest_come_first_ties_by_id(app: Flask, people: People, anonymous: Actor) -> None:
    world = populated(app, people, seed=4)
    metres = {actor.user_id: metres_of(actor) for actor in world.specialists}
    found = [
        (metres[service["specialist"]], number)
        for number, service in enumerate(world.services, 1)
        if metres[service["specialist"]] is not None
    ]

    for limit in (1, 5, 100):
        told = read_through(
            anonymous, CATALOGUE, near=NEAR, radius_km=100, ordering="distance", limit=limit
        )
        assert told == [number for _, number in sorted(found)]


@pytest.mark.parametrize("path", [CATALOGUE, DIRECTORY])
def test_a_crowd_is_listed_to_the_end_by_pages(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    world = World(app, people)
    for number in range(8):
        actor = world.settle(f"man{number}", place=place(north=number * 0.05))
        add_services(app, actor, [{"created_at": NOON}] * 2)
    asked = {"near": NEAR, "radius_km": 40, "ordering": "distance"}

    at_once = [row["id"] for row in listed(anonymous, path, **asked, limit=100)]
    first = anonymous.get(with_query(path, asked | {"limit": 2, "count": 1}))

    assert len(at_once) == (16 if path == CATALOGUE else 8)
    assert first.headers["X-Total-Count"] == str(len(at_once))
    for limit in (1, 2, 5):
        assert read_through(anonymous, path, **asked, limit=limit) == at_once


def test_a_crowd_of_others_does_not_hide_who_matches(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    add_category(app, "repair", "Ремонт")
    world = World(app, people)
    for number in range(8):
        actor = world.settle(f"man{number}", place=place())
        add_services(app, actor, [{"created_at": NOON}])
    far = world.settle("far", place=place(north=0.05))
    wanted = far.new_service(category="repair")["id"]
    asked = {"near": NEAR, "radius_km": 20, "ordering": "distance", "category": "repair"}

    assert [row["id"] for row in listed(anonymous, CATALOGUE, **asked)] == [wanted]
    assert [row["id"] for row in listed(anonymous, DIRECTORY, **asked)] == [far.user_id]


def test_the_facets_of_a_list_by_distance_are_of_all_it_lists(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    world = World(app, people)
    for number in range(6):
        actor = world.settle(f"man{number}", place=place(north=number * 0.05))
        add_services(app, actor, [{"created_at": NOON}])

    asked = {"near": NEAR, "radius_km": 40, "ordering": "distance", "facets": 1, "count": 1}
    answer = anonymous.get(with_query(CATALOGUE, asked))
    facets = anonymous.get(answer.headers["Link"].removeprefix("<").split(">")[0]).get_json()

    assert answer.headers["X-Total-Count"] == "6"
    assert [each["count"] for each in facets["price_bands"]] == [6]


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


def test_poles_and_the_line_between_the_days_are_places_too(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = World(app, people)
    for number, (latitude, longitude) in enumerate(
        [(90, 0), (-90, 10), (0, 179.999), (0, -179.999), (-0.0, -0.0)]
    ):
        actor = world.settle(f"man{number}", place={"latitude": latitude, "longitude": longitude})
        add_services(app, actor, [{}])

    def found(near: str) -> list[int]:
        rows = listed(anonymous, CATALOGUE, near=near, radius_km=5, ordering="distance")
        return sorted(row["id"] for row in rows)

    assert found("90,-120") == [1]
    assert found("-90,0") == [2]
    assert found("0,180") == found("0,-180") == [3, 4]
    assert found("0,0") == [5]


def test_the_grid_is_half_a_kilometre_everywhere() -> None:
    for latitude in (-80.0, -33.3, 0.0, 45.1, 55.7558, 68.9, 84.0):
        for step in range(50):
            exact = Point(latitude + step * 0.0011, 37.6 + step * 0.0037)
            assert distance(exact, public_point(exact)) <= 358  # half of the cell's diagonal
            assert public_point(exact) == public_point(exact)


def test_a_crowd_in_one_place_is_not_narrowed_to_nobody(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    world = World(app, people)
    for number in range(8):
        actor = world.settle(f"man{number}", place=place(north=0.05))
        add_services(app, actor, [{"created_at": NOON}])

    for radius in (6, 40):
        whole = read_through(
            anonymous, CATALOGUE, near=NEAR, radius_km=radius, ordering="distance", limit=2
        )
        assert whole == list(range(1, 9))


def test_who_offers_nothing_is_no_part_of_a_crowd(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    world = World(app, people)
    for number in range(3):
        people.client(f"client{number}").patch(ME, {"place": place()})
        world.settle(f"idle{number}", place=place())
    actor = world.settle("busy", place=place(north=0.1))
    add_services(app, actor, [{"created_at": NOON}])

    rows = listed(anonymous, CATALOGUE, near=NEAR, radius_km=20, ordering="distance")

    assert [row["id"] for row in rows] == [1]
