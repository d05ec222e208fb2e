"""What the account tests share: a registration that succeeds, forged tokens, calls in parallel."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import sqlalchemy as sa
import time_machine
from actors import PASSWORD, Actor
from databases import SECRET
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.auth import code_filling
from marketplace.auth.tokens import key_id
from marketplace.core.clock import utc_now
from marketplace.core.database import Base
from marketplace.extensions import db
from marketplace.notifications.models import Notification

Result = TypeVar("Result")

REGISTRATION: dict[str, Any] = {
    "username": "maria.sokolova",
    "password": PASSWORD,
    "email": "maria.sokolova@example.com",
    "phone": "+79161234567",
    "role": "client",
}


def register(
    caller: Actor, environ_base: dict[str, Any] | None = None, **changes: Any
) -> TestResponse:
    body = REGISTRATION | changes
    return caller.post("/api/auth/register/", body, environ_base=environ_base or {})


def registered(caller: Actor, **changes: Any) -> Actor:
    """The person who has just registered, signed in."""
    response = register(caller, **changes)
    assert response.status_code == 201, response.text
    body = response.get_json()
    actor = Actor(caller.client, body["user"]["id"], 0, body["access"], body["refresh"])
    actor.session_id = claims_of(body["access"])["sid"]
    return actor


def log_in(
    caller: Actor, username: str = "klient", password: str = PASSWORD, **kwargs: Any
) -> TestResponse:
    body = {"username": username, "password": password}
    return caller.post("/api/auth/login/", body, **kwargs)


def logged_in(caller: Actor, username: str = "klient", **kwargs: Any) -> Actor:
    """The person on one more device."""
    response = log_in(caller, username, **kwargs)
    assert response.status_code == 200, response.text
    body = response.get_json()
    claims = claims_of(body["access"])
    return Actor(caller.client, int(claims["sub"]), claims["sid"], body["access"], body["refresh"])


def refresh(caller: Actor, token: str) -> TestResponse:
    return Actor(caller.client).post("/api/auth/refresh/", {"refresh": token})


def refreshed(caller: Actor, token: str) -> Actor:
    """The same device with the pair that the token was exchanged for."""
    response = refresh(caller, token)
    assert response.status_code == 200, response.text
    body = response.get_json()
    return Actor(caller.client, caller.user_id, caller.session_id, body["access"], body["refresh"])


def bearer(caller: Actor, token: str, path: str = "/api/auth/me/") -> TestResponse:
    """What the path answers to this token."""
    return Actor(caller.client).get(path, headers={"Authorization": f"Bearer {token}"})


def sessions_of(caller: Actor, query: str = "") -> list[dict[str, Any]]:
    """The person's signed-in devices as the list shows them."""
    response = caller.get(f"/api/auth/sessions/{query}")
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.get_json()
    return rows


def works(caller: Actor) -> bool:
    """Whether the caller's access token is accepted."""
    status = caller.get("/api/auth/me/").status_code
    assert status in (200, 401)
    return status == 200


def at_address(address: str) -> dict[str, Any]:
    """Arguments of a call that comes from this address."""
    return {"environ_base": {"REMOTE_ADDR": address}}


def newest_code(app: Flask, destination: str | None = None) -> str:
    """The code of the newest notice, as its reader gets it."""
    query = sa.select(Notification.payload).where(Notification.kind.startswith("code_"))
    if destination is not None:
        query = query.where(Notification.destination == destination)
    with app.app_context():
        with db.engine.connect() as connection:
            payload = connection.execute(query.order_by(Notification.id.desc())).scalars().first()
        assert payload is not None, "no code was sent"
        (filled,) = code_filling.fill([payload])
    assert filled is not None, "the code is out of date"
    code: str = filled["code"]
    return code


def notices(app: Flask, *columns: str) -> list[tuple[Any, ...]]:
    """The outbox, oldest first: kinds, or these columns."""
    chosen = [getattr(Notification, name) for name in columns or ("kind",)]
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.execute(sa.select(*chosen).order_by(Notification.id))
        return [tuple(row) for row in rows]


def other_than(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def later(**span: float) -> time_machine.travel:
    """The clock stands still that much later."""
    return time_machine.travel(utc_now() + timedelta(**span), tick=False)


def at(moment: datetime) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


def in_parallel(count: int, act: Callable[[int], Result]) -> list[Result]:
    """What `act(0) … act(count - 1)` give when all start at once, each in its own thread."""
    barrier = Barrier(count)

    def start(number: int) -> Result:
        barrier.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def claims_of(token: str) -> dict[str, Any]:
    return _decoded(token.split(".")[1])


def header_of(token: str) -> dict[str, Any]:
    return _decoded(token.split(".", maxsplit=1)[0])


def forge(
    claims: Any, header: dict[str, Any] | None = None, key: str = SECRET, digest: str = "sha256"
) -> str:
    """A token signed by HMAC, whatever its header says; by default with the application's key."""
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)} if header is None else header
    signed = f"{_encoded(header)}.{_encoded(claims)}"
    signature = hmac.new(key.encode(), signed.encode(), getattr(hashlib, digest)).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _encoded(value: Any) -> str:
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def row_of(app: Flask, table: str, row_id: int) -> dict[str, Any]:
    """A row as it stands in the database."""
    with app.app_context(), db.engine.connect() as connection:
        statement = sa.text(f"SELECT * FROM {table} WHERE id = :id")
        return dict(connection.execute(statement, {"id": row_id}).mappings().one())


def everything_stored(app: Flask) -> str:
    """Every value of every table, as text."""
    with app.app_context(), db.engine.connect() as connection:
        rows = [
            str(list(connection.execute(table.select()))) for table in Base.metadata.sorted_tables
        ]
    return "\n".join(rows)
