"""Whom /metrics is told: this machine, or whoever knows the token."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from actors import Actor, assert_problem
from databases import SECRET
from flask import Flask

from marketplace.settings import RateLimitSettings
from marketplace.settings_monitoring import MonitoringSettings

TOKEN = "b41a35c0f27e4d0c9a5be1d7a2c9ee01"


def admitted(app: Flask, address: str = "127.0.0.1", **headers: str) -> int:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = app.test_client().get(
        "/metrics", headers=named, environ_overrides={"REMOTE_ADDR": address}
    )
    if answer.status_code != 200:
        code = {404: "not_found", 401: "token_required"}[answer.status_code]
        if answer.status_code == 401 and named:
            code = "token_invalid" if "Bearer" in str(named) else code
        assert_problem(answer, answer.status_code, code)
        assert "marketplace_http" not in answer.text
    return answer.status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_told(app: Flask, address: str) -> None:
    assert admitted(app, address) == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "::2", "unknown", "0.0.0.0"])  # noqa: S104
def test_no_other_machine_is_told(app: Flask, address: str) -> None:
    assert admitted(app, address) == 404


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "X-Forwarded-Host", "Via", "X-Real-IP"],
)
def test_what_a_proxy_hands_on_is_no_question_of_this_machine(app: Flask, header: str) -> None:
    assert admitted(app, **{header: "127.0.0.1"}) == 404


def test_switched_off_it_does_not_exist(make_app: Callable[..., Flask]) -> None:
    app = make_app(monitoring=MonitoringSettings(metrics="off", metrics_token=TOKEN))

    assert admitted(app) == 404
    assert admitted(app, Authorization=f"Bearer {TOKEN}") == 404


def test_whoever_knows_the_token_is_told_from_anywhere(make_app: Callable[..., Flask]) -> None:
    app = make_app(monitoring=MonitoringSettings(metrics="token", metrics_token=TOKEN))

    assert admitted(app, "192.0.2.1", Authorization=f"Bearer {TOKEN}") == 200
    assert admitted(app, Authorization=f"bearer {TOKEN}", X_Forwarded_For="192.0.2.1") == 200
    assert admitted(app) == 401
    assert admitted(app, Authorization=f"Basic {TOKEN}") == 401
    for wrong in ("", TOKEN[:-1], f"{TOKEN}0", SECRET, "ключ".encode().decode("latin-1")):
        assert admitted(app, Authorization=f"Bearer {wrong}") == 401


def test_neither_a_limit_nor_a_persons_token_matters(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    tight = RateLimitSettings(anonymous="1/hour", signed_in="1/hour")
    app = make_app(rate_limits=True, limits=tight)

    assert [admitted(app, Authorization=f"Bearer {client.access}") for _ in range(3)] == [200] * 3
    assert app.test_client().post("/metrics").status_code == 405


def test_it_is_no_part_of_the_protocol(app: Flask) -> None:
    assert "/metrics/" not in app.test_client().get("/api/openapi.json").get_json()["paths"]
