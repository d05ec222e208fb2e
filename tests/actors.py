"""People who use the API in tests, and short ways to say what they expect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from marketplace.auth import operations, sessions
from marketplace.auth.devices import Device
from marketplace.auth.operations import NewUser
from marketplace.auth.passwords import hash_password
from marketplace.core.clock import utc_now
from marketplace.core.database import transactional

PASSWORD = "тихий-вечер-7"
NEW_SERVICE = {"name": "Массаж спины", "price": "1500.00", "duration_minutes": 60}


@lru_cache
def password_hash() -> str:
    return hash_password(PASSWORD)


@dataclass
class Actor:
    """A caller of the API: signed in when it has a token."""

    client: FlaskClient
    user_id: int = 0
    session_id: int = 0
    access: str = ""
    refresh: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = {**self.headers, **kwargs.pop("headers", {})}
        if self.access:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        return self.client.open(path, method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.call("POST", path, json=json, **kwargs)

    def patch(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.call("PATCH", path, json=json, **kwargs)

    def put(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.call("PUT", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("DELETE", path, **kwargs)

    def new_service(self, **changes: Any) -> dict[str, Any]:
        response = self.post("/api/auth/services/", NEW_SERVICE | changes)
        assert response.status_code == 201, response.text
        service: dict[str, Any] = response.get_json()
        return service


class People:
    """Makes actors in the application's database."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def anonymous(self) -> Actor:
        return Actor(self.app.test_client())

    def client(self, username: str = "klient") -> Actor:
        return self.person(username, "client")

    def specialist(self, username: str = "master") -> Actor:
        return self.person(username, "specialist")

    def person(self, username: str, role: str, now: datetime | None = None) -> Actor:
        new = NewUser(username, f"{username}@example.com", None, role, "ru", password_hash())
        with self.app.app_context():
            user_id, session_id, pair = _make(new, now or utc_now())
        return Actor(self.app.test_client(), user_id, session_id, pair.access, pair.refresh)


@transactional
def _make(new: NewUser, now: datetime) -> tuple[int, int, sessions.TokenPair]:
    user = operations.create_user(new, now)
    pair = sessions.begin(user.id, Device("tests", "127.0.0.1"), now)
    session_id = sessions.session().scalar(
        sessions.sa.select(sessions.sa.func.max(sessions.Session.id))
    )
    return user.id, session_id, pair


def assert_problem(response: TestResponse, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The answer is a problem of this status and code, naming exactly these fields."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    problem: dict[str, Any] = response.get_json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"]
    assert sorted(problem.get("errors", {})) == sorted(fields)
    return problem
