"""The catalogue filtered by who is free."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from actors import Actor, People, assert_problem
from bookings.support import book, day, except_on, go_to, open_diary, set_up, slot
from flask import Flask
from services.support import CATALOGUE, with_query
from test_query_counts import cost

from marketplace.bookings.free_time import MARGIN_DAYS
from marketplace.catalogue.facets import _query
from marketplace.core.clock import utc_now
from marketplace.core.database import release
from marketplace.schedule import free_time, free_windows

FACETS = "/api/services/facets/"


@pytest.fixture(autouse=True, params=[free_windows.FEW, 1], ids=["few", "many"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list begins with those who may be free, or asks each specialist it meets."""
    free_windows._query.cache_clear()
    monkeypatch.setattr(free_windows, "FEW", request.param)


def found(caller: Actor, **query: Any) -> list[int]:
    answer = caller.get(CATALOGUE, query_string=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.get_json()]


def test_only_who_is_free_is_found(
    people: People, client: Actor, specialist: Actor, anonymous: Actor, service: int
) -> None:
    rival = people.specialist("rival")
    open_diary(rival, "12:00", "13:00", timezone="Asia/Vladivostok")
    other = rival.new_service()["id"]
    people.specialist("idle").new_service()

    def at(since: str, until: str, **more: str) -> list[int]:
        return found(
            anonymous, available_on=day(), available_from=since, available_to=until, **more
        )

    assert found(anonymous, available_on=day()) == [other, service]
    assert at("12:00", "12:01") == [other, service]
    assert at("12:00", "12:01", tz="Europe/Moscow") == [service]
    assert at("05:00", "05:01", tz="Europe/Moscow") == [other]
    assert at("17:01", "24:00") == []
    book(client, service, slot("12:00"))
    assert at("12:00", "12:01") == [other]
    except_on(specialist, 1)
    assert found(anonymous, available_on=day()) == [other]
    assert found(anonymous, available_on=day(), duration_minutes=60, count="1") == [other]
    set_up(rival, buffer_after_minutes=30)
    assert found(anonymous, available_on=day()) == [other]
    set_up(rival, horizon_days=1)
    assert found(anonymous, available_on=day(2)) == [service]


def test_pages_of_the_free(specialist: Actor, anonymous: Actor, service: int) -> None:
    made = [service, *(specialist.new_service()["id"] for _ in range(4))]
    specialist.new_service(duration_minutes=600)
    link: str | None = with_query(CATALOGUE, {"available_on": day(), "limit": 2})
    seen: list[int] = []
    while link:
        answer = anonymous.get(link)
        seen += [each["id"] for each in answer.get_json()]
        told = answer.headers.get("Link")
        link = told[1 : told.index(">")] if told else None

    assert seen == made[::-1]


def test_facets_count_the_free_alone(
    people: People,
    specialist: Actor,
    anonymous: Actor,
    service: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rival = people.specialist("rival")
    open_diary(rival, "06:00", "07:00")
    rival.new_service(price="9000.00")
    specialist.new_service(price="9000.00", duration_minutes=600)

    def told(since: str) -> dict[str, Any]:
        query = {"available_on": day(), "available_from": since}
        answer: dict[str, Any] = anonymous.get(FACETS, query_string=query).get_json()
        return answer

    assert service
    assert [each["count"] for each in told("10:00")["price_bands"]] == [1]
    assert [each["count"] for each in told("06:00")["price_bands"]] == [1, 1]
    assert told("23:00")["price_bands"] == []
    monkeypatch.setattr("marketplace.catalogue.facets.CANDIDATES_FREE", 1)
    _query.cache_clear()
    assert told("06:00")["approximate"] is True
    _query.cache_clear()


def test_whom_time_finds_are_few_at_night_and_too_many_by_day(
    app: Flask, people: People, service: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_windows, "FEW", 2)
    free_windows._query.cache_clear()
    assert service
    for number in range(2):
        open_diary(people.specialist(f"other{number}"))
    tomorrow = date.fromisoformat(day())

    def asked(since: int, until: int, timezone: str | None = None) -> list[int] | None:
        with app.app_context():
            window = free_time.window(tomorrow, since, until, timezone, utc_now())
            among = free_windows.maybe_free(window)
            release()
            return among

    assert asked(0, 300) == []
    assert asked(0, 1_440) is None
    assert asked(0, 300, "Europe/Moscow") == []
    assert asked(720, 780, "Europe/Moscow") is None
    free_windows._query.cache_clear()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"available_on": day(-2)}, "available_on"),
        ({"available_on": day(-1), "tz": "Europe/Moscow"}, "available_on"),
        ({"available_on": day(367)}, "available_on"),
        ({"available_on": "tomorrow"}, "available_on"),
        ({"available_from": "10:00"}, "available_from"),
        ({"available_to": "10:00"}, "available_to"),
        ({"tz": "Europe/Moscow"}, "tz"),
        (
            {"available_on": day(), "available_from": "10:00", "available_to": "10:00"},
            "available_to",
        ),
        ({"available_on": day(), "available_from": "24:00"}, "available_from"),
        ({"available_on": day(), "tz": "Moscow"}, "tz"),
    ],
)
def test_a_window_in_which_nobody_can_be_free_is_named(
    anonymous: Actor, query: dict[str, str], field: str
) -> None:
    answer = anonymous.get(CATALOGUE, query_string=query)

    assert_problem(answer, 422, "invalid_fields", field)


def test_the_last_day_of_the_longest_horizon_is_seen_from_far_east(
    specialist: Actor, anonymous: Actor, service: int
) -> None:
    open_diary(specialist, "00:00", "24:00", horizon_days=365, timezone="Pacific/Pago_Pago")
    asked = {"tz": "Pacific/Kiritimati"}

    def offered(on: str) -> bool:
        query = {**asked, "from": on, "to": on}
        days = anonymous.get(f"{CATALOGUE}{service}/slots/", query_string=query).get_json()["days"]
        return bool(days[0]["slots"])

    assert offered(day(366))
    assert found(anonymous, available_on=day(366), **asked) == [service]
    assert not offered(day(367))
    beyond = anonymous.get(CATALOGUE, query_string={**asked, "available_on": day(367)})
    assert_problem(beyond, 422, "invalid_fields", "available_on")


def test_it_costs_the_same_for_few_and_many(
    app: Flask, people: People, anonymous: Actor, service: int
) -> None:
    assert service
    path = with_query(CATALOGUE, {"available_on": day(), "limit": 100})
    few = cost(app, anonymous, path)
    for number in range(5):
        other = people.specialist(f"other{number}")
        open_diary(other)
        other.new_service()

    # How far free time is built, who may be free, the page, the next slots.
    assert cost(app, anonymous, path) == few == 4


def test_nobody_is_told_who_is_free_long_after_the_last_roll(
    client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    assert service
    go_to(clock, utc_now() + timedelta(days=MARGIN_DAYS + 1), client)

    answer = client.get(CATALOGUE, query_string={"available_on": day(MARGIN_DAYS + 2)})

    assert_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
