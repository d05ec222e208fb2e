"""VK ID: the code is exchanged by the server, and each answer of VK is judged."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from auth.provider import VERIFIER, VK_CODE, VK_ID, VK_REDIRECT, VK_USER, Provider
from auth.social import enter, entered, identities_of, verify_email
from auth.support import at
from flask import Flask

from marketplace.auth.social_providers import VK_PAUSE
from marketplace.core.clock import utc_now

GRANTED = {
    "access_token": "vk1.a.token",
    "user_id": 1001,
    "expires_in": 3600,
    "state": VK_CODE["state"],
}


def test_a_code_opens_an_account(stranger: Actor, provider: Provider, social_app: Flask) -> None:
    response = enter(stranger, "vk", VK_CODE | {"role": "specialist"})

    assert response.status_code == 201
    told = response.get_json()
    assert told["created"] is True
    assert told["user"]["role"] == "specialist"
    # VK's word for an e-mail or a phone is not enough.
    assert (told["user"]["email"], told["user"]["phone"]) == (None, None)
    assert identities_of(social_app, told["user"]["id"]) == [("vk", "1001")]
    me = Actor(stranger.client, access=told["access"])
    assert me.get("/api/auth/profile/me/").get_json()["full_name"] == "Мария Соколова"
    [listed] = me.get("/api/auth/me/identities/").get_json()
    assert listed["email"] == VK_USER["email"]


def test_vk_is_asked_as_it_documents(stranger: Actor, provider: Provider) -> None:
    enter(stranger, "vk", VK_CODE)

    assert provider.asked == ["/oauth2/auth", f"/oauth2/user_info?client_id={VK_ID}"]
    assert provider.forms == [
        {
            **VK_CODE,
            "grant_type": "authorization_code",
            "client_id": VK_ID,
            "redirect_uri": VK_REDIRECT,
        },
        {"access_token": "vk1.a.token", "device_id": VK_CODE["device_id"]},
    ]


def test_the_same_person_comes_back(stranger: Actor, provider: Provider) -> None:
    first = entered(stranger, "vk", VK_CODE)
    provider.vk_user_id = "1001"  # VK writes it either way

    back = enter(stranger, "vk", VK_CODE)

    assert (back.status_code, back.get_json()["user"]["id"]) == (200, first.user_id)


def test_an_email_of_vk_leads_to_no_account(
    stranger: Actor, people: People, social_app: Flask, provider: Provider
) -> None:
    owner = people.client("masha")
    verify_email(social_app, owner.user_id, VK_USER["email"])

    assert entered(stranger, "vk", VK_CODE).user_id != owner.user_id
    assert identities_of(social_app, owner.user_id) == []


REFUSED_TOKENS = [
    (400, {"error": "invalid_grant", "error_description": "code is expired"}),
    (401, {"error": "invalid_request"}),
    (200, {"error": "invalid_grant"}),
    (200, {"error": {"error_code": 5, "error_msg": "User authorization failed"}}),
    (403, b"<html>"),
    (200, GRANTED | {"state": "another"}),
    (200, {name: GRANTED[name] for name in GRANTED if name != "state"}),
    (200, GRANTED | {"user_id": 2002}),
]
DOWN_TOKENS = [
    (500, b""),
    (502, b"<html>"),
    (429, {"error": "slow_down"}),
    (302, b""),
    (200, b"<html>"),
    (200, b"[" * 50_000),
    (200, b" " * 100_000),
    (200, []),
    (401, {"error": "invalid_client"}),
    (200, {"error": "server_error"}),
    (200, GRANTED | {"access_token": None}),
    (200, GRANTED | {"user_id": None}),
    (200, GRANTED | {"user_id": True}),
    (200, GRANTED | {"user_id": "me"}),
    (200, GRANTED | {"user_id": 10**30}),
]
REFUSED_USERS = [
    (200, {"user": VK_USER | {"user_id": "2002"}}),
    (401, {"error": "access_denied"}),
    (200, {"error": "invalid_token"}),
    (200, {"error": ["invalid_token"]}),
]
DOWN_USERS = [
    (500, b""),
    (200, {}),
    (200, {"user": []}),
    (200, {"user": VK_USER}),
    (200, b"null"),
    (307, b""),
]


def short(value: Any) -> str:
    return str(value)[:60]


@pytest.mark.parametrize("answer", REFUSED_TOKENS, ids=short)
def test_a_code_that_vk_refuses_is_401(stranger: Actor, provider: Provider, answer: Any) -> None:
    provider.vk_token = lambda _form: answer

    assert_problem(enter(stranger, "vk", VK_CODE), 401, "identity_token_invalid")


@pytest.mark.parametrize("answer", DOWN_TOKENS, ids=short)
def test_vk_out_of_order_at_the_code_is_503(
    stranger: Actor, provider: Provider, answer: Any
) -> None:
    provider.vk_token = lambda _form: answer

    refused = enter(stranger, "vk", VK_CODE)

    assert_problem(refused, 503, "provider_unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert provider.asked == ["/oauth2/auth"]  # not redirected, the token sent nowhere


@pytest.mark.parametrize("answer", REFUSED_USERS, ids=short)
def test_a_person_that_vk_does_not_confirm_is_401(
    stranger: Actor, provider: Provider, answer: Any
) -> None:
    provider.vk_user = lambda _form: answer

    assert_problem(enter(stranger, "vk", VK_CODE), 401, "identity_token_invalid")


@pytest.mark.parametrize("answer", DOWN_USERS, ids=short)
def test_vk_out_of_order_at_the_person_is_503(
    stranger: Actor, provider: Provider, answer: Any
) -> None:
    provider.vk_user = lambda _form: answer

    assert_problem(enter(stranger, "vk", VK_CODE), 503, "provider_unavailable")
    assert provider.asked == ["/oauth2/auth", f"/oauth2/user_info?client_id={VK_ID}"]


@pytest.mark.slow
def test_vk_that_keeps_us_waiting_is_given_up(
    make_app: Callable[..., Flask], provider: Provider
) -> None:
    with socket.socket() as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen()
        address = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        app = make_app(social=replace(provider.settings, vk_url=address))
        start = time.monotonic()

        refused = enter(Actor(app.test_client()), "vk", VK_CODE)

    assert_problem(refused, 503, "provider_unavailable")
    assert time.monotonic() - start < 8  # five, and room for a busy machine


def test_vk_that_cannot_be_reached_is_left_alone_for_a_while(
    stranger: Actor, provider: Provider
) -> None:
    def hang_up(_form: dict[str, str]) -> Any:
        raise ConnectionAbortedError

    working, start = provider.vk_token, utc_now()
    provider.vk_token = hang_up
    with at(start):
        assert enter(stranger, "vk", VK_CODE).status_code == 503
        provider.vk_token = working
        assert_problem(enter(stranger, "vk", VK_CODE), 503, "provider_unavailable")
    assert provider.asked == ["/oauth2/auth"]

    with at(start + VK_PAUSE):
        assert enter(stranger, "vk", VK_CODE).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "x" * 2_001}, "code"),
        ({"code_verifier": VERIFIER[:42]}, "code_verifier"),
        ({"code_verifier": "x" * 129}, "code_verifier"),
        ({"code_verifier": VERIFIER[:42] + "é"}, "code_verifier"),
        ({"code_verifier": VERIFIER + " "}, "code_verifier"),
        ({"device_id": None}, "device_id"),
        ({"state": 5}, "state"),
        ({"role": "admin"}, "role"),
        ({"access_token": "vk1.a.token"}, "access_token"),
        ({"redirect_uri": "https://thief.example/"}, "redirect_uri"),
    ],
    ids=short,
)
def test_a_malformed_body_never_reaches_vk(
    stranger: Actor, provider: Provider, changes: dict[str, Any], field: str
) -> None:
    assert_problem(enter(stranger, "vk", VK_CODE | changes), 422, "invalid_fields", field)
    assert provider.asked == []


def test_every_part_of_the_code_is_needed(stranger: Actor) -> None:
    assert_problem(enter(stranger, "vk", {}), 422, "invalid_fields", *sorted(VK_CODE))


def test_secrets_of_the_exchange_are_not_logged(
    stranger: Actor, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    enter(stranger, "vk", VK_CODE)
    token = provider.google_body(aud="another")["id_token"]
    enter(stranger, "google", {"id_token": token})

    for secret in (VK_CODE["code"], VERIFIER, "vk1.a.token", token, VK_USER["email"]):
        assert secret not in caplog.text
