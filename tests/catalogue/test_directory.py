"""The specialists' directory and their public pages."""

from __future__ import annotations

from typing import Any

import pytest
from actors import Actor, People, assert_problem
from catalogue.world import MOSCOW, TREE, World, place, populated
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.support import add_services, listed, pages, read_through, with_query

from marketplace.auth import administration
from marketplace.core.clock import utc_now

DIRECTORY = "/api/specialists/"
NEAR = f"{MOSCOW[0]},{MOSCOW[1]}"


def test_who_offers_nothing_is_not_listed_but_has_a_page(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = World(app, people)
    offers, hides, _nothing = (world.settle(name) for name in ("offers", "hides", "nothing"))
    offers.new_service()
    hides.new_service(visible=False)
    people.client()

    assert read_through(anonymous, DIRECTORY) == [offers.user_id]
    assert anonymous.get(f"{DIRECTORY}{hides.user_id}/").get_json()["services"] == []


def test_filters_and_orderings_find_what_a_naive_reading_finds(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = populated(app, people, services=40)
    offered: dict[int, set[str | None]] = {}
    for service in world.services:
        slugs = {service["category"], TREE.get(service["category"] or "")}
        offered.setdefault(service["specialist"], set()).update(slugs)
    queries: list[tuple[dict[str, Any], Any]] = [
        ({}, lambda _: True),
        ({"city": "МОСКВА"}, lambda n: n % 4 in (0, 2)),
        ({"min_experience": 5}, lambda n: n >= 5),
        ({"q": "МАСТЕР 1"}, lambda n: n % 5 == 1),
        ({"q": "%"}, lambda _: False),
        ({"min_rating": "1"}, lambda _: False),
        ({"category": "beauty"}, lambda n: "beauty" in offered[ids[n]]),
        ({"category": "hair", "city": "тверь"}, lambda n: n % 4 == 1 and "hair" in offered[ids[n]]),
    ]
    ids = [actor.user_id for actor in world.specialists]

    for query, fits in queries:
        found = [n for n in range(8) if ids[n] in offered and fits(n)]
        newest = [ids[n] for n in reversed(found)]
        by_name = [ids[n] for n in sorted(found, key=lambda n: (n % 5, n))]
        assert read_through(anonymous, DIRECTORY, limit=3, **query) == newest, query
        assert read_through(anonymous, DIRECTORY, limit=2, ordering="name", **query) == by_name
        counted = anonymous.get(with_query(DIRECTORY, {**query, "count": 1}))
        assert counted.headers["X-Total-Count"] == str(len(found))


def test_the_nearest_come_first(app: Flask, people: People, anonymous: Actor) -> None:
    world = World(app, people)
    for number in (3, 1, 2, 2, 40):
        name = f"away{number}-{len(world.specialists)}"
        add_services(app, world.settle(name, place=place(north=number * 0.02)), [{}])
    world.settle("nowhere").new_service()
    query = {"near": NEAR, "radius_km": 20, "ordering": "distance"}

    rows = listed(anonymous, DIRECTORY, **query)

    assert [row["id"] for row in rows] == [2, 3, 4, 1]
    assert rows[0]["distance_km"] == pytest.approx(2.2, abs=0.4)
    assert set(rows[0]["place"]) == {"latitude", "longitude"}
    assert read_through(anonymous, DIRECTORY, limit=1, **query) == [2, 3, 4, 1]


NAMES = st.text(st.sampled_from("аяёЕеßzZ🙂 "), min_size=1, max_size=5).filter(str.strip)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.lists(NAMES, min_size=2, max_size=6), later=st.lists(NAMES, max_size=4))
def test_a_directory_by_name_shows_each_once_whoever_comes_meanwhile(
    app: Flask, people: People, anonymous: Actor, first: list[str], later: list[str]
) -> None:
    world = World(app, people)
    start = len(read_through(anonymous, DIRECTORY, limit=100))
    made = [settle(world, name) for name in first]
    coming = iter(later)

    seen: list[int] = []
    for page in pages(anonymous, DIRECTORY, ordering="name", limit=2):
        seen += [row["id"] for row in page]
        if (name := next(coming, None)) is not None:
            settle(world, name)

    assert len(seen) == len(set(seen)) >= start + len(first)
    assert set(made) <= set(seen)


def settle(world: World, name: str) -> int:
    number = len(read_through(world.people.anonymous(), DIRECTORY, limit=100))
    actor = world.settle(f"named{number}", full_name=name)
    actor.new_service()
    return actor.user_id


def test_a_page_shows_profile_services_and_hours_in_the_readers_language(
    specialist: Actor, anonymous: Actor
) -> None:
    service = specialist.new_service()
    specialist.new_service(visible=False)
    week = [{"weekday": day, "start": "10:00", "end": "19:00"} for day in (1, 2, 3, 5, 6)]
    week.append({"weekday": 6, "start": "20:00", "end": "24:00"})
    specialist.put("/api/schedule/hours/", {"hours": week})
    path = f"{DIRECTORY}{specialist.user_id}/"

    russian, english = (
        anonymous.get(path, headers={"Accept-Language": language}) for language in ("ru", "en")
    )
    page = russian.get_json()

    slot = page["next_slot"]
    assert slot is not None
    assert page["services"] == [service | {"next_slot": slot}]
    assert page["hours"] == week
    assert page["hours_text"] == [
        "пн–ср 10:00–19:00",
        "пт 10:00–19:00",
        "сб 10:00–19:00, 20:00–24:00",
    ]
    assert english.get_json()["hours_text"][0] == "Mon–Wed 10:00–19:00"
    assert (page["rating"], page["reviews_count"]) == (None, 0)
    assert russian.headers["Vary"] == "Authorization, Accept-Language"
    assert russian.headers["ETag"] != english.headers["ETag"]


def test_a_pages_tag_follows_all_it_shows(specialist: Actor, anonymous: Actor) -> None:
    path = f"{DIRECTORY}{specialist.user_id}/"
    hours = {"hours": [{"weekday": 1, "start": "10:00", "end": "19:00"}]}

    for change in (
        lambda: specialist.patch("/api/auth/profile/me/", {"city": "Омск"}),
        specialist.new_service,
        lambda: specialist.put("/api/schedule/hours/", hours),
    ):
        tag = anonymous.get(path).headers["ETag"]
        assert anonymous.get(path, headers={"If-None-Match": tag}).status_code == 304
        change()
        assert anonymous.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_clients_and_the_blocked_have_no_page(
    app: Flask, specialist: Actor, client: Actor, anonymous: Actor
) -> None:
    specialist.new_service()
    with app.app_context():
        administration.block(specialist.user_id, "спам", actor="tests", now=utc_now())

    for user_id in (client.user_id, specialist.user_id, 2_147_483_647):
        assert_problem(anonymous.get(f"{DIRECTORY}{user_id}/"), 404, "not_found")
    assert listed(anonymous, DIRECTORY) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"ordering": "price"}, "ordering"),
        ({"ordering": "distance"}, "near"),
        ({"category": "nowhere"}, "category"),
        ({"min_experience": "81"}, "min_experience"),
        ({"q": "a\x00"}, "q"),
        ({"q": "x" * 101}, "q"),
        ({"price": "1"}, "price"),
        ({"ordering": "name", "cursor": "WyJuYW1lIiwxLDFd"}, "cursor"),
        ({"ordering": "name", "cursor": "WyJuYW1lIiwiXHUwMDAwIiwxXQ"}, "cursor"),
        ({"ordering": "name", "cursor": "WyJuYW1lIiwiXHVkODAwIiwxXQ"}, "cursor"),
    ],
)
def test_what_cannot_be_meant_is_named(anonymous: Actor, query: dict[str, Any], field: str) -> None:
    assert_problem(anonymous.get(with_query(DIRECTORY, query)), 422, "invalid_fields", field)
