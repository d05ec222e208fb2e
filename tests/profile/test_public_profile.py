"""The specialists' public profiles, and whose are none."""

from __future__ import annotations

import pytest
from actors import Actor, assert_problem
from flask import Flask

from marketplace.auth import administration
from marketplace.core.clock import utc_now

MINE = "/api/auth/profile/me/"


def profile_of(person: Actor) -> str:
    return f"/api/auth/profile/{person.user_id}/"


def test_a_specialists_profile_is_there_for_everybody(
    specialist: Actor, rival: Actor, client: Actor, anonymous: Actor
) -> None:
    specialist.patch(MINE, {"full_name": "Анна", "links": ["https://example.com/"]})
    mine = specialist.get(MINE)

    for caller in (specialist, rival, client, anonymous):
        seen = caller.get(profile_of(specialist))
        assert seen.get_json() == mine.get_json()
        assert seen.headers["ETag"] == mine.headers["ETag"]


def test_it_holds_nothing_that_identifies_the_account(specialist: Actor, anonymous: Actor) -> None:
    seen = anonymous.get(profile_of(specialist))

    assert set(seen.get_json()) == {
        "id",
        "full_name",
        "avatar",
        "avatar_small",
        "bio",
        "city",
        "experience_years",
        "timezone",
        "links",
        "place",
    }
    assert "master" not in seen.text
    assert "example.com" not in seen.text


def test_a_clients_profile_is_nobodys_to_know(
    client: Actor, specialist: Actor, anonymous: Actor
) -> None:
    for caller in (client, specialist, anonymous):
        assert_problem(caller.get(profile_of(client)), 404, "not_found")


def test_a_client_and_nobody_answer_the_same(client: Actor, anonymous: Actor) -> None:
    theirs = anonymous.get(profile_of(client))
    nobodys = anonymous.get(f"/api/auth/profile/{client.user_id + 1}/")

    assert theirs.data == nobodys.data
    assert theirs.status_code == nobodys.status_code == 404


@pytest.mark.parametrize("wrong", ["0", "-1", "2147483647", "2147483648", "9" * 30, "1.5", "you"])
def test_an_id_nobody_has_is_not_there(specialist: Actor, wrong: str) -> None:
    assert_problem(specialist.get(f"/api/auth/profile/{wrong}/"), 404, "not_found")


def test_a_blocked_specialists_profile_is_gone_until_the_block_is_undone(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    specialist.new_service()
    tag = anonymous.get(profile_of(specialist)).headers["ETag"]

    with app.app_context():
        administration.block(specialist.user_id, "спам", actor="tests", now=utc_now())
    blocked = anonymous.get(profile_of(specialist), headers={"If-None-Match": tag})
    with app.app_context():
        administration.unblock(specialist.user_id, actor="tests", now=utc_now())
    unblocked = anonymous.get(profile_of(specialist))

    assert_problem(blocked, 404, "not_found")
    assert unblocked.status_code == 200


def test_one_who_is_no_specialist_any_more_has_no_public_profile(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    with app.app_context():
        administration.set_role(specialist.user_id, "client", actor="tests", now=utc_now())

    assert_problem(anonymous.get(profile_of(specialist)), 404, "not_found")


def test_a_changed_profile_is_seen_at_once(specialist: Actor, anonymous: Actor) -> None:
    tag = anonymous.get(profile_of(specialist)).headers["ETag"]
    unchanged = anonymous.get(profile_of(specialist), headers={"If-None-Match": tag})
    specialist.patch(MINE, {"city": "Пермь"})

    seen = anonymous.get(profile_of(specialist), headers={"If-None-Match": tag})

    assert unchanged.status_code == 304
    assert seen.get_json()["city"] == "Пермь"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_public_profile_can_only_be_read(rival: Actor, specialist: Actor, method: str) -> None:
    answer = rival.call(method, profile_of(specialist), json={"city": "Омск"})

    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert specialist.get(MINE).get_json()["city"] == ""
