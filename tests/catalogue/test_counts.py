"""Facets, cities and categories with their counts; totals counted to a bound."""

from __future__ import annotations

from collections import Counter

import pytest
from actors import Actor, People
from catalogue.world import MOSCOW, TREE, World, populated
from flask import Flask
from services.support import CATALOGUE, add_services, read_through

from marketplace.catalogue import facets
from marketplace.services import few

FACETS = "/api/services/facets/"


def test_facets_count_what_the_filters_leave(app: Flask, people: People, anonymous: Actor) -> None:
    world = populated(app, people, services=50)
    found = [each for each in world.services if each["duration_minutes"] <= 60]
    slugs = Counter(each["category"] for each in found if each["category"])
    slugs["beauty"] += slugs["hair"] + slugs["nails"]

    told = anonymous.get(f"{FACETS}?max_duration=60").get_json()

    assert {each["slug"]: each["count"] for each in told["categories"]} == dict(slugs)
    assert told["price_bands"] == [
        {"min_price": "0.00", "max_price": "999.99", "count": len(found)}
    ]
    for facet, name, key in (("categories", "category", "slug"), ("cities", "city", "city")):
        for each in told[facet]:
            query = {name: each[key], "max_duration": 60, "limit": 100}
            assert len(read_through(anonymous, CATALOGUE, **query)) == each["count"]
    assert told["approximate"] is False


def test_facets_of_very_many_say_that_they_are_of_some(
    app: Flask, specialist: Actor, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "CANDIDATES", 3)
    # No other test is to find the statement that holds so few.
    monkeypatch.setattr(facets, "_query", facets._query.__wrapped__)
    add_services(app, specialist, [{}] * 4)

    assert anonymous.get(FACETS).get_json()["approximate"] is True


def test_facets_of_a_wide_circle_are_of_a_narrower_one_when_it_holds_very_many(
    app: Flask, people: People, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(app, people).crowd(6, apart=0.05, each=2)

    def told(radius: int) -> tuple[int, bool]:
        query = {"near": f"{MOSCOW[0]},{MOSCOW[1]}", "radius_km": radius}
        answer = anonymous.get(FACETS, query_string=query).get_json()
        return sum(each["count"] for each in answer["price_bands"]), answer["approximate"]

    monkeypatch.setattr("marketplace.catalogue.near.CANDIDATES", 3)
    monkeypatch.setattr(few, "FEW", 1)
    few.forget()
    exact = told(40)
    for each in (facets._query, facets._crowd_query):
        each.cache_clear()
    monkeypatch.setattr("marketplace.catalogue.facets.CANDIDATES", 8)
    narrowed = told(41)
    for each in (facets._query, facets._crowd_query):
        each.cache_clear()

    assert exact == (12, False)
    assert narrowed == (4, True)


def test_a_list_points_to_its_facets(app: Flask, specialist: Actor, anonymous: Actor) -> None:
    add_services(app, specialist, [{}] * 3)

    links = anonymous.get(f"{CATALOGUE}?name=м&limit=2&facets=true&count=1").headers["Link"]
    following, counts = links.split(", ")

    assert following.endswith('>; rel="next"')
    assert counts == f'<{FACETS}?name=%D0%BC>; rel="facets"'
    assert anonymous.get(counts[1:].split(">")[0]).status_code == 200
    assert "facets" not in (anonymous.get(f"{CATALOGUE}?limit=3").headers.get("Link") or "")


def test_cities_in_use_come_with_their_specialists(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = World(app, people)
    for number, city in enumerate(["Омск", "Тверь", "тверь", "Омск", "Пермь", "Омск", ""]):
        world.settle(f"from{number}", city=city).new_service()
    world.settle("idle", city="Тула")

    answer = anonymous.get("/api/cities/?count=1")
    rows, link = [], "/api/cities/?limit=1"
    while link:
        page = anonymous.get(link)
        rows += page.get_json()
        link = page.headers.get("Link", "<>")[1:].split(">")[0]

    assert [(row["city"].lower(), row["specialists_count"]) for row in rows] == [
        ("омск", 3),
        ("тверь", 2),
        ("пермь", 1),
    ]
    assert answer.get_json() == rows
    assert answer.headers["X-Total-Count"] == "3"


def test_a_city_is_written_as_most_people_write_it(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = World(app, people)
    for number, city in enumerate(["омск", "Омск", "ОМСК", "Омск", "тверь", "Тверь"]):
        world.settle(f"from{number}", city=city).new_service()

    cities = [row["city"] for row in anonymous.get("/api/cities/").get_json()]
    counted = [row["city"] for row in anonymous.get(FACETS).get_json()["cities"]]

    assert cities == counted == ["Омск", "Тверь"]


def test_categories_count_their_services_and_those_of_their_own(
    app: Flask, people: People, anonymous: Actor
) -> None:
    world = populated(app, people, services=30)
    slugs = Counter(each["category"] for each in world.services)

    tree = {each["slug"]: each for each in anonymous.get("/api/categories/").get_json()}

    below = [slug for slug, parent in TREE.items() if parent == "beauty"]
    assert tree["beauty"]["services_count"] == slugs["beauty"] + sum(slugs[each] for each in below)
    assert {each["slug"]: each["services_count"] for each in tree["beauty"]["children"]} == {
        each: slugs[each] for each in below
    }


def test_totals_are_counted_to_a_bound(app: Flask, specialist: Actor, anonymous: Actor) -> None:
    add_services(app, specialist, [{}] * 10_000)
    exact = anonymous.get(f"{CATALOGUE}?count=1&limit=1")
    add_services(app, specialist, [{}])

    beyond = anonymous.get(f"{CATALOGUE}?count=1&limit=1")
    assert exact.headers["X-Total-Count"] == "10000"
    assert beyond.headers["X-Total-Count"] == "10000+"
