"""A change of the signing key: the previous one is believed for a while, a forgotten one never."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from actors import Actor, assert_problem
from auth.support import (
    header_of,
    logged_in,
    refresh,
    refreshed,
    works,
)
from databases import SECRET
from flask import Flask

from marketplace.auth.tokens import key_id

OTHER_SECRET = "another-test-key-of-forty-random-looking-bytes"


@pytest.fixture
def rotated(make_app: Callable[..., Flask]) -> Flask:
    """An application whose key is new and which still knows the old one."""
    return make_app(secret_key=OTHER_SECRET, secret_key_previous=SECRET)


def test_tokens_of_the_previous_key_go_on_working(rotated: Flask, client: Actor) -> None:
    here = Actor(rotated.test_client(), client.user_id, access=client.access)

    renewed = refreshed(here, client.refresh)

    assert works(here)
    assert works(renewed)
    assert header_of(client.access)["kid"] == key_id(SECRET)


def test_new_tokens_use_the_new_key(rotated: Flask, client: Actor) -> None:
    here = Actor(rotated.test_client(), client.user_id)

    for pair in (logged_in(here), refreshed(here, client.refresh)):
        assert header_of(pair.access)["kid"] == key_id(OTHER_SECRET)
        assert header_of(pair.refresh)["kid"] == key_id(OTHER_SECRET)
        assert works(pair)


def test_tokens_of_a_forgotten_key_are_refused(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    forgetful = make_app(secret_key=OTHER_SECRET)
    here = Actor(forgetful.test_client(), client.user_id, access=client.access)

    assert_problem(here.get("/api/auth/me/"), 401, "token_invalid")
    assert_problem(refresh(here, client.refresh), 401, "refresh_token_invalid")


def test_one_application_does_not_change_the_keys_of_another(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    make_app(secret_key=OTHER_SECRET)

    assert works(client)
    assert refresh(client, client.refresh).status_code == 200


def test_a_retry_during_a_change_of_keys_still_gets_the_same_successor(
    rotated: Flask, client: Actor
) -> None:
    before = refreshed(client, client.refresh)

    after = refreshed(Actor(rotated.test_client()), client.refresh)

    assert after.refresh == before.refresh
