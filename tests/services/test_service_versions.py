"""ETag, If-Match and If-None-Match of services: nobody overwrites what he has not seen."""

from __future__ import annotations

from typing import Any

import pytest
from actors import NEW_SERVICE, Actor, assert_problem
from auth.support import in_parallel
from flask import Flask
from services.support import CATALOGUE, LISTS, OWN


@pytest.fixture
def service(specialist: Actor) -> str:
    return f"{OWN}{specialist.new_service()['id']}/"


def tag_of(caller: Actor, path: str) -> str:
    tag = caller.get(path).headers["ETag"]
    assert tag.startswith('"')
    return tag


def test_every_answer_with_the_service_carries_its_present_tag(specialist: Actor) -> None:
    made = specialist.post(OWN, NEW_SERVICE)
    path = made.headers["Location"]

    patched = specialist.patch(path, {"price": 1})
    replaced = specialist.put(path, NEW_SERVICE)

    tags = [answer.headers["ETag"] for answer in (made, patched, replaced)]
    assert len(set(tags)) == 3
    assert tag_of(specialist, path) == tags[-1]


def test_the_tag_is_the_same_for_every_reader(
    specialist: Actor, rival: Actor, client: Actor, anonymous: Actor, service: str
) -> None:
    tags = {tag_of(caller, service) for caller in (specialist, rival, client, anonymous)}

    assert len(tags) == 1


def test_an_unchanged_service_is_not_sent_again(anonymous: Actor, service: str) -> None:
    tag = tag_of(anonymous, service)

    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = anonymous.get(service, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert "Content-Type" not in answer.headers


def test_a_changed_service_is_sent_again(specialist: Actor, anonymous: Actor, service: str) -> None:
    tag = tag_of(anonymous, service)
    specialist.patch(service, {"price": 7})

    answer = anonymous.get(service, headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.get_json()["price"] == "7.00"
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_sent_again_only_when_a_row_of_it_changed(
    specialist: Actor, anonymous: Actor, service: str, path: str
) -> None:
    tag = tag_of(anonymous, path)

    unchanged = anonymous.get(path, headers={"If-None-Match": tag})
    specialist.patch(service, {"price": 7})
    changed = anonymous.get(path, headers={"If-None-Match": tag})
    specialist.delete(service)
    emptied = anonymous.get(path, headers={"If-None-Match": changed.headers["ETag"]})

    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert changed.get_json()[0]["price"] == "7.00"
    assert emptied.get_json() == []


def test_a_hidden_service_changes_the_list_of_others(
    specialist: Actor, anonymous: Actor, service: str
) -> None:
    tag = tag_of(anonymous, CATALOGUE)
    specialist.patch(service, {"visible": False})

    assert anonymous.get(CATALOGUE, headers={"If-None-Match": tag}).get_json() == []


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_stale_tag_changes_nothing(specialist: Actor, service: str, method: str) -> None:
    stale = tag_of(specialist, service)
    before = specialist.patch(service, {"price": 7}).get_json()

    for condition in (stale, '"never-was"', "garbage", "", f"W/{tag_of(specialist, service)}"):
        answer = specialist.call(
            method,
            service,
            headers={"If-Match": condition},
            json=None if method == "DELETE" else NEW_SERVICE,
        )
        assert_problem(answer, 412, "precondition_failed")
    assert specialist.get(service).get_json() == before


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_the_present_tag_lets_a_change_pass(specialist: Actor, service: str, method: str) -> None:
    def change(condition: str) -> int:
        body = None if method == "DELETE" else NEW_SERVICE | {"price": 9}
        return specialist.call(
            method, service, headers={"If-Match": condition}, json=body
        ).status_code

    expected = 204 if method == "DELETE" else 200
    assert change(f'"other", {tag_of(specialist, service)}') == expected


def test_a_star_matches_whatever_is_there(specialist: Actor, service: str) -> None:
    anything = {"If-Match": "*"}

    assert specialist.patch(service, {"price": 9}, headers=anything).status_code == 200
    assert specialist.delete(service, headers=anything).status_code == 204
    assert_problem(specialist.delete(service, headers=anything), 404, "not_found")


def test_invalid_fields_are_told_before_a_stale_tag(specialist: Actor, service: str) -> None:
    answer = specialist.patch(service, {"price": -1}, headers={"If-Match": '"stale"'})

    assert_problem(answer, 422, "invalid_fields", "price")


def test_of_parallel_changes_of_one_version_exactly_one_wins(
    app: Flask, specialist: Actor, service: str
) -> None:
    headers = {"If-Match": tag_of(specialist, service)}

    def change(number: int) -> tuple[int, Any]:
        answer = on_own_device(app, specialist).patch(
            service, {"price": 100 + number}, headers=headers
        )
        return answer.status_code, answer.get_json().get("price")

    answers = in_parallel(4, change)

    won = [price for status, price in answers if status == 200]
    assert sorted(status for status, _ in answers) == [200, 412, 412, 412]
    assert specialist.get(service).get_json()["price"] == won[0]


def test_parallel_changes_without_a_condition_all_pass_and_none_is_lost(
    app: Flask, specialist: Actor, service: str
) -> None:
    changes: list[dict[str, Any]] = [
        {"price": "77.00"},
        {"duration_minutes": 77},
        {"name": "Семьдесят семь"},
        {"description": "77"},
    ]

    answers = in_parallel(
        4, lambda number: on_own_device(app, specialist).patch(service, changes[number])
    )

    assert [answer.status_code for answer in answers] == [200] * 4
    after = specialist.get(service).get_json()
    for change in changes:
        assert after | change == after


def test_a_service_removed_twice_at_once_is_removed_once(
    app: Flask, specialist: Actor, service: str
) -> None:
    statuses = in_parallel(3, lambda _: on_own_device(app, specialist).delete(service).status_code)

    assert sorted(statuses) == [204, 404, 404]


def on_own_device(app: Flask, person: Actor) -> Actor:
    return Actor(app.test_client(), person.user_id, person.session_id, person.access)


def test_a_new_hidden_service_leaves_the_catalogue_as_it_was(
    specialist: Actor, rival: Actor
) -> None:
    specialist.new_service()
    tag = tag_of(specialist, CATALOGUE)

    rival.new_service(visible=False)

    assert tag_of(specialist, CATALOGUE) == tag
