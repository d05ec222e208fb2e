"""A database that is away, slow or locked: 503 with Retry-After in time, and then all is well."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import NEW_SERVICE, Actor, assert_problem
from bookings.support import HOLDS, ROUND_THE_CLOCK
from databases import TestDatabase
from flask import Flask
from services.support import CATALOGUE, OWN
from werkzeug.test import TestResponse

from marketplace import create_app
from marketplace.core.clock import utc_now
from marketplace.extensions import db

PATIENCE_SECONDS = 4


@pytest.fixture
def unheard(tmp_path: Path) -> Iterator[Callable[[int], Flask]]:
    """Make an application whose PostgreSQL is at this port."""
    made: list[Flask] = []

    def make(port: int) -> Flask:
        url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing"
        made.append(create_app(TestDatabase("away", url, tmp_path).settings()))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def assert_unavailable(answer: TestResponse) -> None:
    problem = assert_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "127.0.0.1" not in str(problem)


@contextmanager
def in_time() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < PATIENCE_SECONDS


def test_without_a_database_every_call_is_told_to_come_back(
    unheard: Callable[[int], Flask], specialist: Actor
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        app = unheard(free.getsockname()[1])
        caller = Actor(app.test_client(), access=specialist.access)
        anonymous = Actor(app.test_client())

        for answer in (
            anonymous.get(CATALOGUE),
            anonymous.get("/api/categories/"),
            anonymous.post("/api/auth/login/", {"username": "master", "password": "x"}),
            caller.get("/api/auth/profile/me/"),
            caller.get(CATALOGUE),
            caller.post(OWN, NEW_SERVICE),
        ):
            assert_unavailable(answer)


def test_without_a_database_the_process_still_says_that_it_lives(
    unheard: Callable[[int], Flask],
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        anonymous = Actor(unheard(free.getsockname()[1]).test_client())

        ready = anonymous.get("/ready/")

        assert anonymous.get("/health/").get_json() == {"status": "ok"}
        assert ready.status_code == 503
        assert ready.get_json()["parts"]["database"] == "down"
        assert int(ready.headers["Retry-After"]) >= 1
        assert anonymous.get("/api/openapi.json").status_code == 200
        assert_problem(anonymous.post(OWN, NEW_SERVICE), 401, "token_required")


def test_a_database_that_never_answers_is_not_waited_for(
    unheard: Callable[[int], Flask],
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        anonymous = Actor(unheard(silent.getsockname()[1]).test_client())

        with in_time():
            answer = anonymous.get(CATALOGUE)

    assert_unavailable(answer)


def test_when_every_connection_is_taken_a_call_is_told_to_come_back(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(threads=1)
    anonymous = Actor(app.test_client())
    with app.app_context(), ExitStack() as taken:
        for _ in range(db.engine.pool.size()):
            taken.enter_context(db.engine.connect())

        with in_time():
            answer = anonymous.get(CATALOGUE)

    assert_unavailable(answer)
    assert anonymous.get(CATALOGUE).status_code == 200


def test_a_locked_database_refuses_writes_in_time_and_goes_on_reading(
    app: Flask, impatient: Flask, specialist: Actor
) -> None:
    before = specialist.new_service()
    path = f"{OWN}{before['id']}/"
    caller = Actor(impatient.test_client(), access=specialist.access)

    with write_lock(app), in_time():
        for refused in (
            caller.post(OWN, NEW_SERVICE),
            caller.patch(path, {"price": 1}),
            caller.delete(path),
        ):
            assert_unavailable(refused)
        assert caller.get(path).get_json() == before
        assert caller.get("/ready/").status_code == 200

    assert caller.get(OWN).get_json() == [before]
    assert caller.patch(path, {"price": 1}).status_code == 200


@contextmanager
def write_lock(app: Flask) -> Iterator[None]:
    """Another process's write transaction that does not end."""
    with app.app_context():
        engine = db.engine
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("LOCK TABLE services IN EXCLUSIVE MODE")
        yield
        connection.rollback()


def test_lost_connections_are_replaced_without_a_restart(
    make_app: Callable[..., Flask], migrated: TestDatabase
) -> None:
    if migrated.name != "postgresql":
        pytest.skip("SQLite has no server to lose")
    app = make_app()
    anonymous = Actor(app.test_client())
    assert anonymous.get(CATALOGUE).status_code == 200
    with app.app_context(), db.engine.connect() as mine:
        # The pool gives out what came back last: the connection that answered just now.
        backend = mine.scalar(sa.text("SELECT pg_backend_pid()"))
    outside = sa.create_engine(migrated.url)
    with outside.connect() as connection:
        ended = sa.text("SELECT pg_terminate_backend(:backend, 5000)")
        assert connection.scalar(ended, {"backend": backend})
    outside.dispose()

    answers = [anonymous.get(CATALOGUE) for _ in range(3)]

    assert_unavailable(answers[0])
    assert [answer.status_code for answer in answers[1:]] == [200, 200]


def test_a_table_that_changes_meanwhile_is_read_and_written_on(
    app: Flask, migrated: TestDatabase, specialist: Actor, client: Actor, anonymous: Actor
) -> None:
    if migrated.name != "postgresql":
        pytest.skip("SQLite prepares anew by itself")
    week = [{"weekday": number, **ROUND_THE_CLOCK} for number in range(1, 8)]
    assert specialist.put("/api/schedule/hours/", {"hours": week}).status_code == 200
    service = specialist.new_service()["id"]
    paths = (f"{CATALOGUE}{service}/", f"/api/specialists/{specialist.user_id}/")
    day = (utc_now() + timedelta(days=2)).date()
    offered = anonymous.get(f"{CATALOGUE}{service}/slots/?from={day}&to={day}").get_json()
    start = offered["days"][0]["slots"][0]

    def answers() -> list[int]:
        # What is read for a hold is read in a transaction, the rest outside of one.
        taken = client.post(HOLDS, {"service": service, "starts_at": start})
        freed = client.delete(f"{HOLDS}{taken.get_json()['id']}/")
        read = [anonymous.get(path) for path in paths]
        return [each.status_code for each in (taken, freed, *read)]

    assert answers() == answers() == [201, 204, 200, 200]
    outside = sa.create_engine(migrated.url)
    try:
        for columns in (("varchar(150)", "varchar(150)"), ("varchar(100)", "varchar(100)")):
            with outside.begin() as connection:
                for table, type_ in zip(("services.name", "profiles.city"), columns, strict=True):
                    name, column = table.split(".")
                    connection.exec_driver_sql(f"ALTER TABLE {name} ALTER {column} TYPE {type_}")
            assert answers() == answers() == [201, 204, 200, 200]
    finally:
        outside.dispose()


def test_a_database_that_only_reads_refuses_writes_and_goes_on_reading(
    app: Flask, make_app: Callable[..., Flask], migrated: TestDatabase, specialist: Actor
) -> None:
    """A standby before it is promoted, or a disk that is full."""
    if migrated.name != "postgresql":
        pytest.skip("SQLite has no such state")
    before = specialist.new_service()
    reading = make_app()

    def only_read(connection: Any, _entry: object) -> None:
        connection.execute("SET default_transaction_read_only = on")
        connection.commit()

    with reading.app_context():
        sa.event.listen(db.engine, "connect", only_read)
        db.engine.dispose()
    caller = Actor(reading.test_client(), access=specialist.access)
    later = utc_now() + timedelta(minutes=10)  # whoever was last seen is noted again
    with time_machine.travel(later, tick=True):
        assert caller.get(OWN).get_json() == [before]
        assert_unavailable(caller.post(OWN, NEW_SERVICE))
