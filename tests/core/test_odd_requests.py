"""Requests that once were answered wrongly: each of these was a 500, a 404 or a silent 200."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, assert_problem
from databases import TestDatabase
from flask import Flask

from marketplace.auth.models import Session
from marketplace.core.clock import utc_now
from marketplace.core.database import read, release
from marketplace.extensions import db


def test_a_name_that_cannot_be_written_is_malformed(anonymous: Actor) -> None:
    answer = anonymous.call(
        "POST", "/api/auth/login/", data='{"\\ud800": 1}', content_type="application/json"
    )

    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("name", ["\0", "\u202e", "first\u00a0name", "a\u200db"])
def test_a_name_that_shows_badly_is_an_unknown_field(client: Actor, name: str) -> None:
    answer = client.call("POST", "/api/auth/logout/", json={name: 1})

    assert_problem(answer, 422, "invalid_fields", name)


def test_routes_without_a_body_refuse_fields(client: Actor) -> None:
    for method, path in (("POST", "/api/auth/logout/"), ("DELETE", "/api/auth/sessions/")):
        assert_problem(client.call(method, path, json={"zz": 1}), 422, "invalid_fields", "zz")
        assert_problem(client.call(method, path, json=[1]), 422, "invalid_fields", "body")
        broken = client.call(method, path, data='{"zz":', content_type="application/json")
        assert_problem(broken, 400, "malformed_json")

    assert client.call("POST", "/api/auth/logout/", json={}).status_code == 204


def test_a_query_that_is_not_utf8_is_malformed(anonymous: Actor) -> None:
    assert_problem(anonymous.get("/api/services/?name=%FF"), 400, "malformed_request")
    assert anonymous.get("/api/services/?name=%EF%BF%BD").status_code == 200


@pytest.mark.parametrize("path", ["/api/services/", "/api/categories/", "/health/"])
def test_a_query_is_read_alike_with_and_without_parameters_to_take(
    anonymous: Actor, path: str
) -> None:
    assert_problem(anonymous.get(f"{path}?%FF=1"), 400, "malformed_request")
    assert_problem(anonymous.get(f"{path}?zz=1&zz=2"), 400, "duplicate_parameter", "zz")
    assert_problem(anonymous.get(f"{path}?zz=1"), 422, "invalid_fields", "zz")


def test_a_path_without_its_last_slash_knows_its_methods(anonymous: Actor) -> None:
    answer = anonymous.post("/api/auth/profile/me", {})

    assert_problem(answer, 405, "method_not_allowed")
    assert "PATCH" in answer.headers["Allow"]


def test_a_deleted_person_is_signed_out(app: Flask, client: Actor) -> None:
    with app.app_context():
        db.session.execute(sa.text("DELETE FROM profiles"))
        db.session.commit()

    assert_problem(client.get("/api/auth/profile/me/"), 401, "token_revoked")


def test_a_busy_database_does_not_hold_up_a_read(sqlite: TestDatabase, people_on_sqlite) -> None:
    client = people_on_sqlite.client()
    app = people_on_sqlite.app
    blocker = sqlite3.connect(sqlite.url.removeprefix("sqlite:///"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")

    with time_machine.travel(utc_now().timestamp() + 360):
        answer = client.get("/api/auth/profile/me/")
    blocker.execute("ROLLBACK")
    blocker.close()

    assert answer.status_code == 200
    with app.app_context():
        seen, made = read().execute(sa.select(Session.last_seen_at, Session.created_at)).one()
        release()
    assert seen == made
