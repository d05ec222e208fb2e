"""When a device was last seen: written seldom, shown in the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import time_machine
from actors import Actor
from auth.support import (
    at,
    in_parallel,
    later,
    logged_in,
    refreshed,
    row_of,
    sessions_of,
    works,
)
from flask import Flask

from marketplace.core.clock import utc_now
from marketplace.extensions import db


@contextmanager
def counted_writes(app: Flask) -> Iterator[list[int]]:
    """How many rows each UPDATE of sessions changed."""
    changed: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE sessions"):
            changed.append(cursor.rowcount)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "after_cursor_execute", note)
    try:
        yield changed
    finally:
        sa.event.remove(engine, "after_cursor_execute", note)


def test_last_seen_is_written_at_most_every_five_minutes(app: Flask, client: Actor) -> None:
    start = utc_now()

    with counted_writes(app) as changed:
        for seconds in (1, 60, 299, 301, 302, 420, 600, 602, 603):
            with at(start + timedelta(seconds=seconds)):
                assert works(client)

    assert changed == [1, 1]


def test_last_seen_is_what_the_list_shows(client: Actor, anonymous: Actor) -> None:
    other = logged_in(anonymous)
    moment = utc_now().replace(microsecond=0) + timedelta(minutes=7)

    with at(moment):
        works(other)
        shown = {row["id"]: row["last_seen_at"] for row in sessions_of(client)}

    assert datetime.fromisoformat(shown[other.session_id]) == moment


def test_parallel_calls_write_last_seen_once(make_app: Callable[..., Flask], client: Actor) -> None:
    app = make_app(threads=12)

    moving = time_machine.travel(utc_now() + timedelta(minutes=6), tick=True)
    with moving, counted_writes(app) as changed:
        answers = in_parallel(12, lambda _: works(Actor(app.test_client(), access=client.access)))

    assert all(answers)
    assert sum(changed) == 1


def test_an_exchange_counts_as_being_seen(app: Flask, client: Actor) -> None:
    before = row_of(app, "sessions", client.session_id)["last_seen_at"]

    with later(minutes=2):
        refreshed(client, client.refresh)

    assert row_of(app, "sessions", client.session_id)["last_seen_at"] > before
