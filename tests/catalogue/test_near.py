"""Who is near: the circle, the order of distance, crowds."""

from __future__ import annotations

import pytest
from actors import Actor, People
from catalogue.world import ME, MOSCOW, World, place, populated
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

DIRECTORY = "/api/specialists/"
NEAR = f"{MOSCOW[0]},{MOSCOW[1]}"


pytestmark = pytest.mark.usefixtures("either_way")


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
    World(app, people).crowd(8, apart=0.05, each=2)
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
    world.crowd(8)
    far = world.settle("far", place=place(north=0.05))
    wanted = far.new_service(category="repair")["id"]
    asked = {"near": NEAR, "radius_km": 20, "ordering": "distance", "category": "repair"}

    assert [row["id"] for row in listed(anonymous, CATALOGUE, **asked)] == [wanted]
    assert [row["id"] for row in listed(anonymous, DIRECTORY, **asked)] == [far.user_id]


def test_the_facets_of_a_list_by_distance_are_of_all_it_lists(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    World(app, people).crowd(6, apart=0.05)

    asked = {"near": NEAR, "radius_km": 40, "ordering": "distance", "facets": 1, "count": 1}
    answer = anonymous.get(with_query(CATALOGUE, asked))
    facets = anonymous.get(answer.headers["Link"].removeprefix("<").split(">")[0]).get_json()

    assert answer.headers["X-Total-Count"] == "6"
    assert [each["count"] for each in facets["price_bands"]] == [6]


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
    World(app, people).crowd(8, north=0.05)

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
