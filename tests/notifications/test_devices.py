"""Push devices: one's own, one person a phone, twenty at most."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor, assert_problem
from flask import Flask

from marketplace.extensions import db
from marketplace.notifications.models import PushDevice

DEVICES = "/api/auth/devices/"
TOKEN = "token"


def register(caller: Actor, token: str = TOKEN, platform: str = "android") -> int:
    answer = caller.post(DEVICES, {"token": token, "platform": platform})
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["platform"] == platform
    device_id: int = answer.get_json()["id"]
    return device_id


def stored(app: Flask) -> list[tuple[int, str, str]]:
    table: Any = PushDevice.__table__
    query = sa.select(table.c.user_id, table.c.token, table.c.platform).order_by(table.c.id)
    with app.app_context(), db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_device_is_registered_and_removed(app: Flask, client: Actor) -> None:
    device_id = register(client)
    assert stored(app) == [(client.user_id, "token", "android")]

    assert client.delete(f"{DEVICES}{device_id}/").status_code == 204
    assert stored(app) == []
    assert_problem(client.delete(f"{DEVICES}{device_id}/"), 404, "not_found")


def test_the_same_token_is_the_same_device_whoever_signs_in(
    app: Flask, client: Actor, specialist: Actor
) -> None:
    first = register(client)
    assert register(client, platform="ios") == first
    assert register(specialist) == first

    assert stored(app) == [(specialist.user_id, "token", "android")]
    assert_problem(client.delete(f"{DEVICES}{first}/"), 404, "not_found")


def test_beyond_twenty_the_one_unseen_for_longest_goes(
    app: Flask, client: Actor, specialist: Actor
) -> None:
    register(specialist, "other")
    for number in range(20):
        register(client, f"token{number}")
    register(client, "token0")

    register(client, "token20")

    mine = {token for user_id, token, _ in stored(app) if user_id == client.user_id}
    assert mine == {f"token{number}" for number in range(21)} - {"token1"}
    assert (specialist.user_id, "other", "android") in stored(app)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"platform": "ios"}, "token"),
        ({"token": "", "platform": "ios"}, "token"),
        ({"token": "t" * 1025, "platform": "ios"}, "token"),
        ({"token": "два слова", "platform": "ios"}, "token"),
        ({"token": 5, "platform": "ios"}, "token"),
        ({"token": "t", "platform": "symbian"}, "platform"),
        ({"token": "t"}, "platform"),
        ({"token": "t", "platform": "ios", "user_id": 1}, "user_id"),
    ],
)
def test_a_wrong_device_is_refused(client: Actor, body: dict[str, Any], field: str) -> None:
    assert_problem(client.post(DEVICES, body), 422, "invalid_fields", field)


def test_the_longest_token_fits_its_index(client: Actor) -> None:
    # Incompressible, as real ones are.
    register(client, secrets.token_urlsafe(768))
