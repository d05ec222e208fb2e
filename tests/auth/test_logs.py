"""What log lines never hold: passwords, tokens, contacts, or lines that others wrote."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from actors import Actor
from auth.support import (
    claims_of,
    forge,
    later,
    log_in,
    logged_in,
    refresh,
    refreshed,
    register,
    registered,
)
from command_line import CommandLine
from flask import Flask

from marketplace.extensions import db

CANARY = {
    "username": "canary.name",
    "email": "canary.address@example.com",
    "phone": "+79167654321",
    "password": "канарейка-поёт-7",
}
NEW_PASSWORD = "другая-канарейка-8"


@dataclass
class Logged:
    """An application and the lines it has written."""

    app: Flask
    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@pytest.fixture(params=["production", "development"])
def logged(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Iterator[Logged]:
    """An application of each form of log lines, talkative."""
    app = make_app(environment=request.param, log_level="DEBUG", rate_limits=True)
    handler = logging.getLogger("marketplace").handlers[0]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield Logged(app, stream)
    handler.setStream(before)


def test_a_whole_life_of_an_account_leaves_no_secret_in_the_log(logged: Logged) -> None:
    caller = Actor(logged.app.test_client())
    caller.headers["User-Agent"] = "canary-agent/1.0"

    device = registered(caller, **CANARY)
    tokens = [device.access, device.refresh]
    for login in (CANARY["username"], CANARY["email"], "8 916 765-43-21"):
        other = logged_in(caller, login, password=CANARY["password"])
        tokens += [other.access, other.refresh]
    for wrong in ({}, {"email": "другая@example.com"}, {"password": "канарейка"}):
        register(caller, **CANARY | wrong)
    renewed = refreshed(device, device.refresh)
    tokens += [renewed.access, renewed.refresh]
    renewed.post(
        "/api/auth/password/change/",
        {"old_password": CANARY["password"], "new_password": NEW_PASSWORD},
    )
    renewed.get(f"/api/auth/me/?token={renewed.access}&email={CANARY['email']}")
    renewed.get(f"/api/{CANARY['email']}/{CANARY['password']}/")
    with later(minutes=16):
        renewed.get("/api/auth/me/")
        refresh(device, device.refresh)
        refresh(renewed, renewed.refresh)
    forged = forge(claims_of(renewed.access), {"alg": "none"})
    Actor(caller.client, access=forged).get("/api/auth/me/")
    for _ in range(12):
        log_in(caller, CANARY["email"], CANARY["password"])

    assert len(logged.lines) > 25
    assert "/api/auth/register/" in logged.text
    assert "429" in logged.text
    secrets = [*CANARY.values(), NEW_PASSWORD, *tokens, forged]
    secrets += [token.rsplit(".", 1)[1] for token in tokens]
    secrets += ["9167654321", "canary.address", "canary-agent", "канарейка"]
    for secret in filter(None, secrets):
        assert secret not in logged.text


def test_what_happened_to_an_account_is_logged_by_number(logged: Logged) -> None:
    device = registered(Actor(logged.app.test_client()), **CANARY)
    refreshed(device, device.refresh)
    with later(minutes=1):
        refresh(device, device.refresh)

    assert f"registered user {device.user_id}" in logged.text
    assert f"session {device.session_id} came again" in logged.text


def test_failed_log_ins_are_tied_to_the_account_but_not_to_what_was_typed(logged: Logged) -> None:
    device = registered(Actor(logged.app.test_client()), **CANARY)
    log_in(device, CANARY["email"], "не-тот-пароль")
    log_in(device, "canary.nobody", "не-тот-пароль")
    CommandLine(logged.app).do("users", "block", device.user_id, "--reason", "Спам", "--yes")
    log_in(Actor(device.client), CANARY["email"], CANARY["password"])

    assert f"failed log-in of user {device.user_id}" in logged.text
    assert "failed log-in of user unknown" in logged.text
    assert f"refused log-in of blocked user {device.user_id}" in logged.text
    assert "canary." not in logged.text


@pytest.mark.parametrize(
    "broken", ["\r\nFAKE LINE", "\nFAKE LINE", "\rFAKE LINE", "\u2028FAKE LINE"]
)
def test_nobody_can_write_a_line_of_their_own(logged: Logged, broken: str) -> None:
    caller = Actor(logged.app.test_client())
    raw = broken.encode().decode("latin-1")
    environ = {"HTTP_USER_AGENT": f"x{raw}", "HTTP_X_REQUEST_ID": f"x{raw}"}

    responses = [
        register(caller, username=f"canary{broken}", environ_base=environ),
        log_in(caller, f"canary{broken}", f"канарейка{broken}", environ_base=environ),
        refresh(caller, f"canary{broken}"),
        caller.get(f"/api/canary{broken}/".replace("\n", "%0a").replace("\r", "%0d")),
        caller.get("/api/auth/me/", environ_base={"HTTP_AUTHORIZATION": f"Bearer x{raw}"}),
    ]

    assert all(response.status_code < 500 for response in responses)
    failed_log_ins = logged.text.count("failed log-in of user unknown")
    assert failed_log_ins <= 1
    assert len(logged.lines) == len(responses) + failed_log_ins
    assert "FAKE LINE" not in logged.text


def test_a_broken_database_leaves_no_secret_in_the_log(logged: Logged) -> None:
    caller = Actor(logged.app.test_client())
    rename(logged.app, "users", "users_elsewhere")
    try:
        responses = [
            log_in(caller, CANARY["email"], CANARY["password"]),
            register(caller, **CANARY),
        ]
    finally:
        rename(logged.app, "users_elsewhere", "users")

    assert {response.status_code for response in responses} <= {500, 503}
    assert "users" in logged.text
    for secret in (*CANARY.values(), "$argon2id"):
        assert secret not in logged.text


def rename(app: Flask, old: str, new: str) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_lines_of_production_are_json_with_the_requests_own_id(logged: Logged) -> None:
    caller = Actor(logged.app.test_client(), headers={"X-Request-ID": "canary-request"})

    log_in(caller, "nobody", "не-тот-пароль")
    registered(caller, **CANARY)

    if logged.app.config["MARKETPLACE"].environment == "production":
        lines = [json.loads(line) for line in logged.lines]
        assert {line["request_id"] for line in lines} == {"canary-request"}
        assert [line["status"] for line in lines if "status" in line] == [401, 201]
    assert logged.text.count("canary-request") >= 2
