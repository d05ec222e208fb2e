"""Which account a proven person gets: the known one, one that the e-mail leads to, or a new one."""

from __future__ import annotations

from typing import Any

import pytest
from actors import PASSWORD, Actor, People, assert_problem
from auth.provider import VK_CODE, Provider
from auth.social import (
    change_user,
    enter,
    entered,
    identities_of,
    linked,
    notices_of,
    rows_of,
    verify_email,
)
from auth.support import REGISTRATION, in_parallel, log_in, registered, row_of, works
from flask import Flask

from marketplace.auth.identifiers import username_fault
from marketplace.auth.models import OneTimeCode, User
from marketplace.core.audit import AuditEntry
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.notifications.models import PushDevice

GMAIL = "maria@gmail.com"


def test_a_new_person_gets_an_account(stranger: Actor, provider: Provider) -> None:
    response = enter(stranger, "google", provider.google_body() | {"role": "specialist"})

    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    told = response.get_json()
    assert told.keys() == {"access", "refresh", "user", "created"}
    assert told["created"] is True
    user = told["user"]
    assert username_fault(user["username"]) is None
    assert (user["email"], user["email_verified"], user["phone"]) == (GMAIL, True, None)
    assert user["role"] == "specialist"
    me = Actor(stranger.client, access=told["access"])
    assert user.items() <= me.get("/api/auth/me/").get_json().items()
    assert me.get("/api/auth/profile/me/").get_json()["full_name"] == "Мария Соколова"
    again = stranger.post("/api/auth/refresh/", {"refresh": told["refresh"]})
    assert again.status_code == 200


def test_a_known_person_comes_back_to_the_account(stranger: Actor, provider: Provider) -> None:
    first = enter(stranger, "google", provider.google_body()).get_json()

    # Whatever the provider says now, the subject is the person.
    changed = provider.google_body(email="other@gmail.com", name="Другая")
    back = enter(stranger, "google", changed | {"role": "specialist"})

    assert back.status_code == 200
    assert back.get_json()["created"] is False
    assert back.get_json()["user"] == first["user"]
    assert first["user"]["role"] == "client"


def test_an_account_takes_the_language_of_its_first_request(
    stranger: Actor, provider: Provider
) -> None:
    english = {"Accept-Language": "en"}
    told = enter(stranger, "google", provider.google_body(), headers=english).get_json()

    assert told["user"]["language"] == "en"


@pytest.mark.parametrize(
    ("changes", "email", "verified"),
    [
        ({}, GMAIL, True),
        ({"email": "anna@firm.example", "hd": "firm.example"}, "anna@firm.example", True),
        # Once confirmed to Google, and maybe somebody else's today.
        ({"email": "anna@firm.example"}, "anna@firm.example", False),
        ({"email": "anna@firm.example", "email_verified": False}, None, False),
        ({"email": "anna@firm.example", "email_verified": "true"}, None, False),
        ({"email_verified": False}, None, False),
        ({"email": "anna@notgmail.com"}, "anna@notgmail.com", False),
        ({"email": "no address"}, None, False),
        ({"email": 5}, None, False),
        ({"email": None}, None, False),
    ],
    ids=str,
)
def test_an_email_is_kept_as_far_as_google_vouches_for_it(
    stranger: Actor,
    provider: Provider,
    changes: dict[str, Any],
    email: str | None,
    verified: bool,
) -> None:
    user = enter(stranger, "google", provider.google_body(**changes)).get_json()["user"]

    assert (user["email"], user["email_verified"]) == (email, verified)


@pytest.mark.parametrize(
    ("said", "verified"),
    [("true", True), (True, True), ("false", False), (False, False), (None, False), (1, True)],
)
def test_apple_may_say_true_in_two_ways(
    stranger: Actor, provider: Provider, said: Any, verified: bool
) -> None:
    body = provider.apple_body(email_verified=said)
    user = enter(stranger, "apple", body).get_json()["user"]

    assert (user["email"] is not None, user["email_verified"]) == (verified, verified)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "два\nслова", 7, None])
def test_a_name_that_cannot_be_shown_is_left_out(
    stranger: Actor, provider: Provider, name: Any
) -> None:
    me = entered(stranger, "google", provider.google_body(name=name))

    assert me.get("/api/auth/profile/me/").get_json()["full_name"] == ""


def test_a_verified_email_leads_to_its_account(
    stranger: Actor, people: People, social_app: Flask, provider: Provider
) -> None:
    owner = people.client("maria")
    verify_email(social_app, owner.user_id, GMAIL)

    response = enter(stranger, "google", provider.google_body() | {"role": "specialist"})

    assert response.status_code == 200
    told = response.get_json()
    assert (told["created"], told["user"]["id"]) == (False, owner.user_id)
    assert told["user"]["role"] == "client"
    assert works(owner)
    assert log_in(stranger, "maria").status_code == 200
    assert notices_of(social_app, owner.user_id) == [("identity_linked", {"provider": "google"})]


def test_an_email_nobody_vouches_for_leads_nowhere(
    stranger: Actor, people: People, social_app: Flask, provider: Provider
) -> None:
    owner = people.client("anna")
    verify_email(social_app, owner.user_id)
    mine = {"email": "anna@example.com"}

    for number, changes in enumerate(({}, {"email_verified": False})):
        body = provider.google_body(**mine, sub=f"n{number}", **changes)
        user = enter(stranger, "google", body).get_json()["user"]
        assert user["id"] != owner.user_id
        assert user["email"] is None

    assert identities_of(social_app, owner.user_id) == []
    assert notices_of(social_app, owner.user_id) == []


def test_an_account_in_waiting_for_its_victim_is_taken_from_the_attacker(
    stranger: Actor, social_app: Flask, provider: Provider
) -> None:
    """Somebody registers the victim's address with every way back prepared; the victim comes."""
    attacker = registered(stranger, email=GMAIL)
    linked(attacker, "vk", "666")
    leave_traps(social_app, attacker.user_id)

    victim = entered(stranger, "google", provider.google_body())

    assert victim.user_id == attacker.user_id
    assert not works(attacker)
    for login in (REGISTRATION["username"], GMAIL, REGISTRATION["phone"]):
        assert_problem(log_in(stranger, login), 401, "wrong_credentials")
    spent = stranger.post("/api/auth/refresh/", {"refresh": attacker.refresh})
    assert spent.status_code == 401
    me = victim.get("/api/auth/me/").get_json()
    assert (me["email"], me["email_verified"], me["phone"]) == (GMAIL, True, None)
    assert identities_of(social_app, victim.user_id) == [("google", "107691503500061507151")]
    assert rows_of(social_app, OneTimeCode) == []
    assert rows_of(social_app, PushDevice) == []
    assert row_of(social_app, "users", victim.user_id)["password_hash"] is None
    assert ("identity_linked", {"provider": "google"}) in notices_of(social_app, victim.user_id)
    [entry] = rows_of(social_app, AuditEntry, action="identity.take_over")
    assert (entry.target_id, entry.details) == (victim.user_id, {"provider": "google"})
    # Whoever the attacker is at VK has an account of their own now, or none.
    provider.vk_user_id = 666
    assert entered(stranger, "vk", VK_CODE).user_id != victim.user_id


def leave_traps(app: Flask, user_id: int) -> None:
    with app.app_context():
        _leave_traps(user_id)


@transactional
def _leave_traps(user_id: int) -> None:
    now = utc_now()
    code = OneTimeCode(
        user_id=user_id,
        purpose="password",
        destination=REGISTRATION["phone"],
        nonce="n" * 32,
        created_at=now,
        expires_at=now,
    )
    phone = PushDevice(
        user_id=user_id, token="t" * 40, platform="android", created_at=now, last_seen_at=now
    )
    session().add_all([code, phone])


def test_an_account_that_another_of_the_provider_enters_is_not_shared(
    stranger: Actor, people: People, social_app: Flask, provider: Provider
) -> None:
    owner = people.client("maria")
    verify_email(social_app, owner.user_id, GMAIL)
    enter(stranger, "google", provider.google_body())

    refused = enter(stranger, "google", provider.google_body(sub="an address passed on"))

    assert_problem(refused, 409, "identity_taken")


def test_a_blocked_person_stays_out(
    stranger: Actor, people: People, social_app: Flask, provider: Provider
) -> None:
    known = entered(stranger, "google", provider.google_body(sub="known", email=None))
    owner = people.client("maria")
    verify_email(social_app, owner.user_id, GMAIL)
    for user_id in (known.user_id, owner.user_id):
        change_user(social_app, user_id, blocked_at=utc_now(), blocked_reason="spam")

    for body in (provider.google_body(sub="known", email=None), provider.google_body()):
        assert_problem(enter(stranger, "google", body), 403, "account_blocked")
    assert identities_of(social_app, owner.user_id) == []


@pytest.mark.parametrize("email", [GMAIL, None])
def test_parallel_first_sign_ins_make_one_account(
    social_app: Flask, provider: Provider, email: str | None
) -> None:
    """Whether the e-mail tells that they are one person, or the subject alone."""
    body = provider.google_body(email=email)

    answers = in_parallel(
        8, lambda _: enter(Actor(social_app.test_client()), "google", body).get_json()
    )

    assert len({answer["user"]["id"] for answer in answers}) == 1
    assert [answer["created"] for answer in answers].count(True) == 1
    assert len(rows_of(social_app, User)) == 1
    assert len({answer["access"] for answer in answers}) == 8


def test_parallel_first_sign_ins_of_two_providers_share_the_email(
    social_app: Flask, provider: Provider
) -> None:
    """Both vouch for the address: one makes the account, the other is led to it."""
    bodies = {"google": provider.google_body(), "apple": provider.apple_body(email=GMAIL)}
    names = list(bodies)

    answers = in_parallel(
        2, lambda n: enter(Actor(social_app.test_client()), names[n], bodies[names[n]])
    )

    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert len({answer.get_json()["user"]["id"] for answer in answers}) == 1


def test_an_account_without_a_password_has_no_password(stranger: Actor, provider: Provider) -> None:
    me = entered(stranger, "google", provider.google_body())
    name = me.get("/api/auth/me/").get_json()["username"]

    for login in (name, GMAIL):
        for password in (PASSWORD, "None", "null"):
            assert_problem(log_in(stranger, login, password), 401, "wrong_credentials")
    change = {"old_password": PASSWORD, "new_password": "ясное-утро-8"}
    refused = me.post("/api/auth/password/change/", change)
    assert_problem(refused, 422, "wrong_password", "old_password")
    assert works(me)
