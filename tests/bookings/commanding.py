"""What the commands' tests do to have something to command."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from actors import Actor
from command_line import CommandLine
from flask import Flask

from marketplace.bookings import integrity
from marketplace.core.clock import utc_now
from marketplace.extensions import db

TOMORROW = "2026-11-24T{}:00:00+03:00"
SETTINGS = "/api/schedule/settings/"


def book(client: Actor, service: int, hour: int = 12, **more: Any) -> dict[str, Any]:
    body = {"service": service, "starts_at": TOMORROW.format(hour), **more}
    answer = client.post("/api/bookings/", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def hold(client: Actor, service: int, hour: int) -> None:
    body = {"service": service, "starts_at": TOMORROW.format(hour)}
    assert client.post("/api/holds/", body).status_code == 201


def by_hand(specialist: Actor) -> None:
    assert specialist.patch(SETTINGS, {"auto_confirm": False}).status_code == 200


def ids(flask: CommandLine, *filters: object) -> list[int]:
    return [row["id"] for row in flask.json("bookings", "list", *filters)]


def count(app: Flask, table: str) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


def faults(app: Flask) -> list[str]:
    with app.app_context():
        return list(integrity.faults(utc_now()))
