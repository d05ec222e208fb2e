"""Every list costs the same number of queries for 10 rows and for 1,000."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor, People
from flask import Flask
from services.support import LISTS, add_services, next_link, with_query
from sqlalchemy import event

from marketplace.auth.models import Session
from marketplace.catalogue import counts
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.core.unchanged import Unchanged
from marketplace.extensions import db
from marketplace.schedule.models import ExceptionInterval, ScheduleException
from marketplace.services.models import Category

FEW, MANY = 10, 1_000
# A look ahead that stops after some hundred rows; whether it is made depends on its own answers.
PROBE = "SELECT count(*) FROM (SELECT 1"
FILTERS: list[dict[str, Any]] = [
    {},
    {"name": "массаж"},
    {"name": "м"},
    {"min_price": "1"},
    {"max_price": "9999"},
    {"min_price": "1500", "max_price": "1500"},
    {"duration_minutes": 60},
    {"specialist": 1},
    {"name": "массаж", "min_price": "1", "max_price": "9999", "duration_minutes": 60},
]
ORDERINGS = ("price", "-price", "duration_minutes", "created_at", "-created_at")


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def cost(app: Flask, caller: Actor, path: str) -> int:
    """The queries of one request to which nothing is known yet, the short looks ahead aside, of
    which there are two at most, and the question whether anything has changed.
    """
    app.extensions["marketplace_unchanged"] = Unchanged()
    with statements(app) as sent:
        response = caller.get(path)
    assert response.status_code == 200, response.text
    probes = [statement for statement in sent if statement.startswith(PROBE)]
    assert len(probes) <= 2
    assert sent
    asked = [statement for statement in sent if "pg_current_snapshot" in statement]
    return len(sent) - len(probes) - len(asked)


def costs(app: Flask, caller: Actor, paths: list[str]) -> dict[str, int]:
    return {path: cost(app, caller, path) for path in paths}


def grown(app: Flask, caller: Actor, paths: list[str], grow: Callable[[int], None]) -> None:
    """Assert that the paths cost the same after the lists have grown."""
    grow(FEW)
    few = costs(app, caller, paths)
    grow(MANY - FEW)
    assert costs(app, caller, paths) == few


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("signed_in", [False, True])
def test_lists_of_services(
    app: Flask, specialist: Actor, anonymous: Actor, path: str, *, signed_in: bool
) -> None:
    caller = specialist if signed_in else anonymous
    queries = [
        {**filters, "limit": 100, "count": count} for filters in FILTERS for count in ("0", "1")
    ]
    queries += [{"ordering": ordering, "limit": 100} for ordering in ORDERINGS]
    paths = [with_query(path, query) for query in queries]

    grown(app, caller, paths, lambda count: add_services(app, specialist, [{}] * count))


@pytest.mark.parametrize("path", LISTS)
def test_a_later_page_costs_what_the_first_does(
    app: Flask, specialist: Actor, anonymous: Actor, path: str
) -> None:
    add_services(app, specialist, [{}] * FEW)
    first = f"{path}?limit=5"
    link = next_link(anonymous.get(first))

    assert link is not None
    assert cost(app, anonymous, link) == cost(app, anonymous, first)


def test_the_list_of_devices(app: Flask, client: Actor) -> None:
    paths = [
        "/api/auth/sessions/",
        "/api/auth/sessions/?limit=100",
        "/api/auth/sessions/?limit=100&count=1",
    ]

    grown(app, client, paths, lambda count: add_sessions(app, client, count))


def add_sessions(app: Flask, owner: Actor, count: int) -> None:
    now = utc_now()
    row = {
        "user_id": owner.user_id,
        "device": "Телефон",
        "user_agent": "",
        "ip": "127.0.0.1",
        "created_at": now,
        "last_seen_at": now,
        "refresh_jti": "-",
        "refresh_issued_at": now,
        "refresh_key_id": "-",
        "expires_at": now + timedelta(days=1),
    }
    with app.app_context():
        insert(Session, [row] * count)


def test_the_list_of_exceptions(app: Flask, specialist: Actor) -> None:
    path = "/api/schedule/exceptions/"
    queries = ("", "?limit=100", "?limit=100&count=1", "?from=2030-01-03&to=2032-01-01&limit=50")
    made = iter(range(MANY))

    def grow(count: int) -> None:
        add_exceptions(app, specialist, [next(made) for _ in range(count)])

    grown(app, specialist, [f"{path}{query}" for query in queries], grow)


def add_exceptions(app: Flask, owner: Actor, numbers: list[int]) -> None:
    days = [date(2030, 1, 1) + timedelta(days=number) for number in numbers]
    common = {"user_id": owner.user_id, "reason": "", "created_at": utc_now()}
    with app.app_context():
        insert(
            ScheduleException,
            [
                common | {"id": number + 1, "date_from": day, "date_to": day}
                for number, day in zip(numbers, days, strict=True)
            ],
        )
        interval = {"start_minute": 600, "end_minute": 660}
        insert(ExceptionInterval, [interval | {"exception_id": number + 1} for number in numbers])


def test_the_own_hours_and_settings(app: Flask, specialist: Actor) -> None:
    week = [
        {"weekday": day, "start": f"{hour:02d}:00", "end": f"{hour:02d}:30"}
        for day in range(1, 8)
        for hour in range(24)
    ]
    assert specialist.put("/api/schedule/hours/", {"hours": week}).status_code == 200

    assert cost(app, specialist, "/api/schedule/hours/") == 3
    assert cost(app, specialist, "/api/schedule/settings/") == 2


def test_the_tree_of_categories(app: Flask, anonymous: Actor) -> None:
    made = iter(range(MANY))

    def grow(count: int) -> None:
        numbers = [next(made) for _ in range(count)]
        add_categories(app, numbers)
        counts.forget()

    grown(app, anonymous, ["/api/categories/"], grow)


def test_the_directory_facets_and_cities(
    app: Flask, people: People, specialist: Actor, anonymous: Actor
) -> None:
    near = "near=55.7,37.6&radius_km=100"
    paths = [
        "/api/specialists/?limit=100&count=1",
        "/api/specialists/?limit=100&q=m&city=x&min_experience=1&ordering=name",
        f"/api/specialists/?{near}&ordering=distance",
        f"/api/specialists/{specialist.user_id}/",
        f"/api/services/?{near}&ordering=distance&limit=100",
        "/api/services/facets/",
        "/api/cities/",
    ]
    names = iter(f"person{number}" for number in range(MANY))

    def grow(number: int) -> None:
        add_services(app, specialist, [{}] * number)
        for _ in range(number // 10):
            add_services(app, people.specialist(next(names)), [{}])
        counts.forget()

    grown(app, anonymous, paths, grow)


def add_categories(app: Flask, numbers: list[int]) -> None:
    """Each tenth is a top category, the nine after it are its own."""
    with app.app_context():
        insert(Category, [category(number) for number in numbers if number % 10 == 0])
        insert(Category, [category(number) for number in numbers if number % 10])


def category(number: int) -> dict[str, Any]:
    parent = number - number % 10
    top = number == parent
    return {
        "id": number + 1,
        "slug": f"c{number}",
        "name": f"Раздел {number}",
        "name_folded": f"раздел {number}",
        "level": 1 if top else 2,
        "parent_id": None if top else parent + 1,
        "parent_level": None if top else 1,
        "position": number,
        "version": 1,
    }


@transactional
def insert(model: type[Any], rows: list[dict[str, Any]]) -> None:
    session().execute(sa.insert(model.__table__), rows)


def test_one_of_a_kind_costs_a_query_or_two_and_the_check_of_the_caller(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    service_id = specialist.new_service()["id"]

    # The second is for the next slot.
    for path, own in (
        (f"/api/auth/services/{service_id}/", 1),
        (f"/api/services/{service_id}/", 2),
    ):
        assert cost(app, anonymous, path) == own
        assert cost(app, specialist, path) == own + 1
    assert cost(app, specialist, "/api/auth/profile/me/") == 2
    assert cost(app, anonymous, f"/api/auth/profile/{specialist.user_id}/") == 1
