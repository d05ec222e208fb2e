"""One's own identities: listed, linked, unlinked, never the last way in."""

from __future__ import annotations

import json

import pytest
from actors import PASSWORD, Actor, People, assert_problem
from auth.provider import VK_CODE, Provider
from auth.social import (
    IDENTITIES,
    change_user,
    enter,
    entered,
    identities_of,
    linked,
    notices_of,
    on,
    rows_of,
)
from auth.support import in_parallel, later
from command_line import CommandLine
from flask import Flask

from marketplace.auth import parts
from marketplace.auth.models import User
from marketplace.core.audit import AuditEntry
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional

WITH_PASSWORD = {"current_password": PASSWORD}


@pytest.fixture
def me(people: People, social_app: Flask) -> Actor:
    return on(social_app, people.client())


@pytest.fixture
def newcomer(stranger: Actor, provider: Provider) -> Actor:
    """Somebody without a password, who came in through Google this moment."""
    return entered(stranger, "google", provider.google_body())


def listed(person: Actor) -> list[dict[str, object]]:
    response = person.get(IDENTITIES)
    assert response.status_code == 200, response.text
    rows: list[dict[str, object]] = response.get_json()
    return rows


def test_a_linked_identity_is_a_way_in(me: Actor, stranger: Actor, provider: Provider) -> None:
    answer = me.post(f"{IDENTITIES}google/", provider.google_body())

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json().keys() == {"id", "provider", "email", "created_at", "last_used_at"}
    assert listed(me) == [answer.get_json()]
    assert "1076915" not in json.dumps(listed(me))
    assert entered(stranger, "google", provider.google_body()).user_id == me.user_id
    app = me.client.application
    assert notices_of(app, me.user_id) == [("identity_linked", {"provider": "google"})]
    assert [row.action for row in rows_of(app, AuditEntry)] == ["identity.link"]


def test_every_provider_can_be_linked(me: Actor, provider: Provider) -> None:
    bodies = {
        "google": provider.google_body(),
        "apple": provider.apple_body(),
        "vk": VK_CODE,
    }
    for name, body in bodies.items():
        assert me.post(f"{IDENTITIES}{name}/", body).status_code == 201

    assert [row["provider"] for row in listed(me)] == ["vk", "apple", "google"]
    page = me.get(f"{IDENTITIES}?limit=2&count=true")
    assert page.headers["X-Total-Count"] == "3"
    rest = me.get(page.headers["Link"].split(">")[0].lstrip("<"))
    assert [row["provider"] for row in page.get_json() + rest.get_json()] == [
        "vk",
        "apple",
        "google",
    ]


def test_an_identity_belongs_to_one_person(me: Actor, newcomer: Actor, provider: Provider) -> None:
    refused = me.post(f"{IDENTITIES}google/", provider.google_body())

    assert_problem(refused, 409, "identity_taken")
    assert listed(me) == []


def test_an_account_has_one_identity_of_a_provider(me: Actor, provider: Provider) -> None:
    me.post(f"{IDENTITIES}google/", provider.google_body())

    for subject in ("107691503500061507151", "another"):
        refused = me.post(f"{IDENTITIES}google/", provider.google_body(sub=subject))
        assert_problem(refused, 409, "identity_taken")
    assert len(listed(me)) == 1


def test_an_identity_wanted_by_two_at_once_goes_to_one(
    people: People, social_app: Flask, provider: Provider
) -> None:
    wanting = [on(social_app, people.client(f"person{number}")) for number in range(6)]
    body = provider.google_body()

    answers = in_parallel(6, lambda number: wanting[number].post(f"{IDENTITIES}google/", body))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


def test_a_broken_token_links_nothing(me: Actor, provider: Provider) -> None:
    refused = me.post(f"{IDENTITIES}google/", provider.google_body(aud="another"))

    assert_problem(refused, 401, "identity_token_invalid")
    assert listed(me) == []


def test_unlinking_takes_the_password(me: Actor) -> None:
    path = f"{IDENTITIES}{linked(me)}/"

    assert_problem(me.delete(path), 403, "reauthentication_required")
    assert_problem(me.delete(path, json={}), 403, "reauthentication_required")
    wrong = me.delete(path, json={"current_password": "не тот пароль"})
    assert_problem(wrong, 422, "wrong_password", "current_password")
    assert len(listed(me)) == 1
    assert me.delete(path, json=WITH_PASSWORD).status_code == 204
    assert listed(me) == []
    assert_problem(me.delete(path, json=WITH_PASSWORD), 404, "not_found")
    app = me.client.application
    assert notices_of(app, me.user_id) == [("identity_unlinked", {"provider": "vk"})]
    assert [row.action for row in rows_of(app, AuditEntry)] == ["identity.unlink"]


def test_an_unlinked_identity_is_no_way_in(me: Actor, stranger: Actor, provider: Provider) -> None:
    made = me.post(f"{IDENTITIES}google/", provider.google_body(email=None)).get_json()
    me.delete(f"{IDENTITIES}{made['id']}/", json=WITH_PASSWORD)

    response = enter(stranger, "google", provider.google_body(email=None))

    assert response.status_code == 201
    assert response.get_json()["user"]["id"] != me.user_id


def test_an_identity_of_another_is_not_there(me: Actor, people: People) -> None:
    foreign = linked(people.client("another"))

    for body in (WITH_PASSWORD, {}):
        assert_problem(me.delete(f"{IDENTITIES}{foreign}/", json=body), 404, "not_found")


def test_without_a_password_a_fresh_sign_in_will_do(newcomer: Actor) -> None:
    other = linked(newcomer)
    path = f"{IDENTITIES}{other}/"

    with later(minutes=5):
        assert_problem(newcomer.delete(path), 403, "reauthentication_required")
        given = newcomer.delete(path, json=WITH_PASSWORD)
        assert_problem(given, 403, "reauthentication_required")
    assert newcomer.delete(path).status_code == 204


def test_a_refreshed_session_is_no_fresh_sign_in(newcomer: Actor) -> None:
    other = linked(newcomer)
    with later(minutes=6):
        pair = newcomer.post("/api/auth/refresh/", {"refresh": newcomer.refresh}).get_json()
        renewed = Actor(newcomer.client, access=pair["access"])

        refused = renewed.delete(f"{IDENTITIES}{other}/")

        assert_problem(refused, 403, "reauthentication_required")


def test_the_last_way_in_stays(newcomer: Actor) -> None:
    [only] = listed(newcomer)

    refused = newcomer.delete(f"{IDENTITIES}{only['id']}/")

    assert_problem(refused, 409, "last_way_in")
    assert len(listed(newcomer)) == 1


def test_of_two_last_ways_unlinked_at_once_one_stays(newcomer: Actor) -> None:
    linked(newcomer)
    paths = [f"{IDENTITIES}{row['id']}/" for row in listed(newcomer)]
    app = newcomer.client.application

    answers = in_parallel(2, lambda number: on(app, newcomer).delete(paths[number]))

    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert len(identities_of(app, newcomer.user_id)) == 1


def test_a_condition_that_does_not_hold_keeps_the_identity(me: Actor) -> None:
    path = f"{IDENTITIES}{linked(me)}/"

    refused = me.delete(path, json=WITH_PASSWORD, headers={"If-Match": '"stale"'})

    assert_problem(refused, 412, "precondition_failed")
    assert len(listed(me)) == 1


def test_wrong_passwords_run_out(people: People, make_app: object, provider: Provider) -> None:
    app = make_app(social=provider.settings, rate_limits=True)  # type: ignore[operator]
    me = on(app, people.client())
    path = f"{IDENTITIES}{linked(me)}/"
    wrong = {"current_password": "не тот пароль"}

    statuses = [me.delete(path, json=wrong).status_code for _ in range(11)]

    assert statuses == [422] * 10 + [429]
    assert me.delete(path, json=WITH_PASSWORD).status_code == 429


def test_a_blocked_person_links_nothing(me: Actor, provider: Provider) -> None:
    app = me.client.application
    change_user(app, me.user_id, blocked_at=utc_now(), blocked_reason="spam")

    answer = me.post(f"{IDENTITIES}google/", provider.google_body())

    assert_problem(answer, 401, "token_revoked")
    assert identities_of(app, me.user_id) == []


def test_an_export_tells_of_identities_and_an_erasure_forgets_them(
    me: Actor, newcomer: Actor
) -> None:
    app = me.client.application
    linked(me, "vk", "1001")

    with app.app_context():
        [told] = parts.exported(me.user_id)["identities"]
        _erase(me.user_id)

    assert (told["provider"], told["subject"], told["email"]) == ("vk", "1001", None)
    assert told.keys() == {"provider", "subject", "email", "created_at", "last_used_at"}
    assert identities_of(app, me.user_id) == []
    assert len(identities_of(app, newcomer.user_id)) == 1


@transactional
def _erase(user_id: int) -> None:
    parts.run_erase_parts(session().get_one(User, user_id), utc_now())


def test_admins_list_identities_without_the_whole_subject(app: Flask, people: People) -> None:
    anna, boris = people.client("anna"), people.client("boris")
    linked(anna, "google", "107691503500061507151")
    linked(boris, "vk", "1001")

    everyone = CommandLine(app).json("identities", "list")
    hers = CommandLine(app).do("identities", "list", "anna")

    assert [(row["user_id"], row["provider"], row["subject"]) for row in everyone] == [
        (anna.user_id, "google", "…7151"),
        (boris.user_id, "vk", "1001"),
    ]
    assert "…7151" in hers
    assert "boris" not in hers
    assert "vk" not in hers
