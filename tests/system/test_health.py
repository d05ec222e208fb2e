"""/health/ and /ready/: what a load balancer learns, and that nothing stands in its way."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from databases import SECRET, make_postgresql, make_sqlite
from flask import Flask
from redis_server import connected, redis_url
from werkzeug.test import TestResponse

from marketplace import create_app
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.extensions import db
from marketplace.notifications.models import Notification
from marketplace.settings import RateLimitSettings, Settings
from marketplace.settings_monitoring import MonitoringSettings

NOBODY = "127.0.0.1:1"
# The machine may be busy; without a bound the answer took as long as the client waits.
SLACK_SECONDS = 2
GOOD = {"database": "ok", "migrations": "ok", "cache": "memory", "outbox": "ok", "disk": "ok"}


def application(folder: Path, database_url: str) -> Flask:
    return create_app(Settings(instance_path=folder, database_url=database_url, secret_key=SECRET))


def state(response: TestResponse, status: int) -> dict[str, str]:
    """The parts' states of an answer of /ready/."""
    assert response.status_code == status, response.text
    body = response.get_json()
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert body["status"] == ("ready" if status == 200 else "not_ready")
    assert response.headers.get("Retry-After") == (None if status == 200 else "5")
    parts: dict[str, str] = body["parts"]
    return parts


@pytest.fixture(params=["sqlite", "postgresql"])
def without_database(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    """An application whose database cannot be reached."""
    urls = {
        "sqlite": f"sqlite:///{tmp_path / 'missing' / 'test.sqlite3'}",
        "postgresql": f"postgresql+psycopg://postgres@{NOBODY}/postgres",
    }
    return application(tmp_path, urls[request.param])


def test_health_needs_no_database(without_database: Flask) -> None:
    response = without_database.test_client().get("/health/")

    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_ready_says_that_the_database_is_down(without_database: Flask) -> None:
    response = without_database.test_client().get("/ready/")

    assert state(response, 503) == GOOD | {
        "database": "down",
        "migrations": "down",
        "outbox": "unknown",
    }


def waiting_at(server: socket.socket) -> int:
    """How many connections have come in."""
    server.setblocking(False)
    count = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_ready_does_not_wait_long_for_a_database_that_is_silent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        app = application(tmp_path, f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
        started = time.monotonic()
        answers: list[TestResponse] = []
        threads = [
            Thread(target=lambda: answers.append(app.test_client().get("/ready/")))
            for _ in range(20)
        ]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert time.monotonic() - started < 2 + SLACK_SECONDS
        # Twenty asked, and one of them the database; on a slow machine one more after it.
        assert 1 <= waiting_at(silent) <= 2
    assert [state(answer, 503)["database"] for answer in answers] == ["down"] * 20


def test_ready_is_said_of_a_migrated_database(app: Flask) -> None:
    response = app.test_client().get("/ready/")

    assert state(response, 200) == GOOD


@pytest.mark.parametrize("stands_at", [None, "0000"])
def test_ready_says_that_migrations_are_behind(tmp_path: Path, stands_at: str | None) -> None:
    app = application(tmp_path, f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with app.app_context(), db.engine.begin() as connection:
        if stands_at is not None:
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{stands_at}')")

    response = app.test_client().get("/ready/")

    assert state(response, 503) == GOOD | {"migrations": "behind", "outbox": "unknown"}
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def coming_and_going(
    request: pytest.FixtureRequest, tmp_path: Path, worker: str
) -> Iterator[tuple[Flask, Callable[[], object], Callable[[], None]]]:
    """An application, what makes its database and what takes it away."""
    folder = tmp_path / "database"
    standing = []

    def come() -> str:
        folder.mkdir(exist_ok=True)
        if request.param == "sqlite":
            standing.append(make_sqlite(folder))
        else:
            standing.append(make_postgresql(folder, f"{worker}_ready"))
        return next(standing[0]).url

    def go() -> None:
        if request.param == "sqlite":
            with app.app_context():
                db.engine.dispose()
        next(standing.pop(), None)

    app = application(tmp_path, come())
    yield app, come, go
    with app.app_context():
        db.engine.dispose()
    if standing:
        go()


def test_ready_follows_a_database_that_goes_and_comes_back(
    coming_and_going: tuple[Flask, Callable[[], object], Callable[[], None]],
) -> None:
    app, come, go = coming_and_going
    client = app.test_client()

    assert state(client.get("/ready/"), 200)["database"] == "ok"
    go()
    assert state(client.get("/ready/"), 503)["database"] == "down"
    assert client.get("/health/").status_code == 200
    come()
    assert state(client.get("/ready/"), 200)["database"] == "ok"


def test_redis_down_is_told_and_stops_no_traffic(make_app: Callable[..., Flask]) -> None:
    response = make_app(redis_url=f"redis://{NOBODY}/0").test_client().get("/ready/")

    assert state(response, 200) == GOOD | {"cache": "down"}


def test_redis_that_answers_is_told(make_app: Callable[..., Flask]) -> None:
    connected(redis_url()).close()

    response = make_app(redis_url=redis_url()).test_client().get("/ready/")

    assert state(response, 200)["cache"] == "ok"


@pytest.mark.parametrize("path", ["/health/", "/health", "/ready/", "/ready"])
def test_neither_a_token_nor_a_limit_matters(make_app: Callable[..., Flask], path: str) -> None:
    tight = RateLimitSettings(anonymous="1/hour", signed_in="1/hour")
    client = make_app(rate_limits=True, limits=tight).test_client()
    client.get("/api/categories/")

    answers = [client.get(path, headers={"Authorization": "Bearer rubbish"}) for _ in range(5)]

    assert client.get("/api/categories/").status_code == 429
    assert [answer.status_code for answer in answers] == [200] * 5


@transactional
def message_due_since(seconds: int, state_: str = "pending") -> None:
    due_at = utc_now() - timedelta(seconds=seconds)
    session().add(
        Notification(
            kind="booking_created",
            subject_type="booking",
            subject_id=1,
            due_at=due_at,
            state=state_,
            dedup_key=f"{state_} {seconds}",
            created_at=due_at,
            ended_at=None if state_ == "pending" else due_at,
        )
    )


@pytest.mark.parametrize(("seconds", "word"), [(-3600, "ok"), (550, "ok"), (650, "late")])
def test_a_late_outbox_is_told_and_stops_no_traffic(app: Flask, seconds: int, word: str) -> None:
    with app.app_context():
        message_due_since(seconds)
        message_due_since(99_999, "sent")
        message_due_since(99_999, "dead")

    response = app.test_client().get("/ready/")

    assert state(response, 200) == GOOD | {"outbox": word}


MUCH = 999_999_999


@pytest.mark.parametrize(
    ("low", "full", "status", "word"),
    [(0, 0, 200, "ok"), (MUCH, 0, 200, "low"), (MUCH, MUCH, 503, "full")],
)
def test_a_full_disk_stops_traffic_and_one_that_fills_is_told(
    make_app: Callable[..., Flask], low: int, full: int, status: int, word: str
) -> None:
    app = make_app(monitoring=MonitoringSettings(disk_low_mb=low, disk_full_mb=full))

    response = app.test_client().get("/ready/")

    assert state(response, status) == GOOD | {"disk": word}
