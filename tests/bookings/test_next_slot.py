"""When whoever is listed is free next: in rows, in tags, as an order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, People, assert_problem
from bookings.support import book, except_on, go_to, hold, open_diary, slot
from flask import Flask
from services.support import CATALOGUE, OWN, add_services, next_link, with_query
from test_query_counts import cost

from marketplace.bookings.free_time import MARGIN_DAYS
from marketplace.catalogue import soonest
from marketplace.core.clock import utc_now

DIRECTORY = "/api/specialists/"


def slots_of(caller: Actor, path: str, **query: Any) -> dict[int, str | None]:
    answer = caller.get(with_query(path, query))
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["next_slot"] for each in answer.get_json()}


def walked(caller: Actor, path: str, **query: Any) -> list[int]:
    """The ids of all pages."""
    link: str | None = with_query(path, query)
    seen: list[int] = []
    while link:
        answer = caller.get(link)
        assert answer.status_code == 200, answer.text
        seen += [each["id"] for each in answer.get_json()]
        link = next_link(answer)
    return seen


def test_all_that_shows_a_service_shows_its_next_slot(
    client: Actor, specialist: Actor, anonymous: Actor, service: int
) -> None:
    long = specialist.new_service(duration_minutes=420)["id"]
    hidden = specialist.new_service(duration_minutes=30, visible=False)["id"]
    first = anonymous.get(f"{CATALOGUE}{service}/slots/").get_json()["days"][0]["slots"]
    page = f"{DIRECTORY}{specialist.user_id}/"

    assert slots_of(anonymous, CATALOGUE) == {service: first[0], long: first[0]}
    book(client, service, first[0])

    told = slots_of(anonymous, CATALOGUE)
    assert told[service] == first[2]
    assert told[long] != told[service]
    assert anonymous.get(f"{CATALOGUE}{service}/").get_json()["next_slot"] == told[service]
    assert slots_of(anonymous, DIRECTORY) == {specialist.user_id: told[service]}
    shown = anonymous.get(page).get_json()
    assert shown["next_slot"] == told[service]
    assert {each["id"]: each["next_slot"] for each in shown["services"]} == told
    assert specialist.get(f"{CATALOGUE}{hidden}/").get_json()["next_slot"] is not None


def test_an_archived_service_has_no_next_slot_as_it_has_no_slots(
    client: Actor, specialist: Actor, service: int
) -> None:
    path = f"{CATALOGUE}{service}/"
    book(client, service)
    tag = specialist.get(path).headers["ETag"]
    assert specialist.delete(f"{OWN}{service}/").status_code == 204

    assert_problem(specialist.get(f"{path}slots/"), 404, "not_found")
    shown = specialist.get(path, headers={"If-None-Match": tag})
    assert shown.status_code == 200
    assert shown.get_json()["next_slot"] is None


def test_tags_follow_the_next_slot(
    client: Actor, specialist: Actor, anonymous: Actor, service: int
) -> None:
    paths = (CATALOGUE, f"{CATALOGUE}{service}/", DIRECTORY, f"{DIRECTORY}{specialist.user_id}/")
    tags = {path: anonymous.get(path).headers["ETag"] for path in paths}
    for path, tag in tags.items():
        assert anonymous.get(path, headers={"If-None-Match": tag}).status_code == 304
    book(client, service, str(slots_of(anonymous, CATALOGUE)[service]))

    for path, tag in tags.items():
        assert anonymous.get(path, headers={"If-None-Match": tag}).status_code == 200, path


def test_time_alone_moves_it(
    client: Actor, anonymous: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    go_to(clock, utc_now() + timedelta(days=1), client)
    start = str(slots_of(anonymous, CATALOGUE)[service])
    hold(client, service, start)
    later = slots_of(anonymous, CATALOGUE)[service]
    assert later != start
    go_to(clock, utc_now() + timedelta(minutes=10), client)

    assert slots_of(anonymous, CATALOGUE)[service] != later


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_soonest_come_first_and_who_offers_nothing_last(
    people: People, specialist: Actor, anonymous: Actor, service: int, limit: int
) -> None:
    early, late, idle = (people.specialist(name) for name in ("early", "late", "idle"))
    open_diary(early, "08:00", "20:00", min_notice_minutes=0)
    open_diary(late)
    except_on(late, 0)
    except_on(late, 1)
    soon, tied = early.new_service()["id"], specialist.new_service(duration_minutes=60)["id"]
    never, last = idle.new_service()["id"], late.new_service()["id"]
    expected = [soon, service, tied, last, never]

    assert walked(anonymous, CATALOGUE, ordering="next_slot", limit=limit) == expected
    directory = [each.user_id for each in (early, specialist, late, idle)]
    assert walked(anonymous, DIRECTORY, ordering="next_slot", limit=limit) == directory


def test_an_order_by_next_slot_goes_with_other_filters(
    people: People, specialist: Actor, anonymous: Actor, service: int
) -> None:
    rival = people.specialist("rival")
    open_diary(rival, "08:00", "20:00", min_notice_minutes=0)
    other = rival.new_service(name="Стрижка", price="9000.00")["id"]
    ask = {"ordering": "next_slot", "count": "true"}

    def found(**query: Any) -> list[int]:
        answer = anonymous.get(with_query(CATALOGUE, {**ask, **query}))
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-Total-Count"] == str(len(answer.get_json()))
        return [each["id"] for each in answer.get_json()]

    assert found() == [other, service]
    assert found(q="массаж") == [service]
    assert found(q="стрижки") == [other]
    assert found(q="!") == []
    assert found(max_price="5000") == [service]
    assert found(available_on=slot()[:10]) == [other, service]
    assert found(name="стриж", duration_minutes=60) == [other]
    assert found(near="55.75,37.62") == []


def test_an_order_by_next_slot_looks_at_the_newest(
    app: Flask,
    specialist: Actor,
    anonymous: Actor,
    service: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert service
    add_services(app, specialist, [{}] * 7)
    oldest = walked(anonymous, CATALOGUE)[-1]
    soonest.services_query.cache_clear()
    monkeypatch.setattr(soonest, "_MOST", sa.literal_column("5"))
    try:
        seen = walked(anonymous, CATALOGUE, ordering="next_slot", limit=2)
    finally:
        soonest.services_query.cache_clear()

    newest = walked(anonymous, CATALOGUE)[:5]
    assert sorted(seen) == sorted(newest)
    assert oldest not in newest


@pytest.mark.parametrize("path", [CATALOGUE, DIRECTORY])
def test_the_total_in_the_order_of_next_slots_is_of_what_is_looked_at(
    people: People, anonymous: Actor, service: int, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    assert service
    for number in range(3):
        people.specialist(f"other{number}").new_service()
    monkeypatch.setattr(soonest, "CANDIDATES", 3)

    for ordering, total in (("next_slot", "3"), ("-created_at", "4")):
        answer = anonymous.get(with_query(path, {"ordering": ordering, "count": 1}))
        assert answer.headers["X-Total-Count"] == total


def test_a_page_in_the_order_of_next_slots_costs_the_same_for_few_and_many(
    app: Flask, people: People, anonymous: Actor, service: int
) -> None:
    paths = [
        with_query(path, {"ordering": "next_slot", "limit": 100}) for path in (CATALOGUE, DIRECTORY)
    ]
    few = [cost(app, anonymous, path) for path in paths]
    for number in range(5):
        other = people.specialist(f"other{number}")
        open_diary(other)
        other.new_service()

    assert [cost(app, anonymous, path) for path in paths] == few == [3, 4]


def test_nobody_is_ordered_by_what_nobody_knows(
    client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    go_to(clock, utc_now() + timedelta(days=MARGIN_DAYS + 1), client)

    for path in (CATALOGUE, DIRECTORY):
        answer = client.get(with_query(path, {"ordering": "next_slot"}))
        assert_problem(answer, 503, "service_unavailable")
        assert client.get(path).status_code == 200


def test_a_cursor_of_another_order_is_refused(anonymous: Actor, service: int) -> None:
    assert service
    for path in (CATALOGUE, DIRECTORY):
        query = {"ordering": "next_slot", "cursor": "WyJwcmljZSIsMSwxXQ"}
        assert_problem(anonymous.get(with_query(path, query)), 422, "invalid_fields", "cursor")
