"""/metrics: what it tells of requests, bookings, log-ins and the parts, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from actors import PASSWORD, Actor, People
from bookings.support import BOOKINGS, act, book, open_diary
from flask import Flask
from prometheus_text import parse, value
from test_query_counts import statements

from marketplace.auth import administration
from marketplace.core.clock import utc_now
from marketplace.core.database import database, session, transactional
from marketplace.notifications.models import Notification
from marketplace.notifications.queries import _STANDING

DURATIONS = "marketplace_http_request_duration_seconds_count"
EVENTS = "marketplace_booking_events_total"
FAILED = "marketplace_log_ins_failed_total"


def scrape(app: Flask) -> str:
    """The text as it is now, whatever was told a moment ago."""
    app.extensions["marketplace_metrics"]._good_until = 0.0
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    parse(answer.text)
    return answer.text


class Growth:
    """How much numbers grow from now on: they are of the process, whose other tests count too."""

    def __init__(self, app: Flask) -> None:
        self._app, self._before = app, scrape(app)

    def of(self, name: str, **labels: str) -> float:
        return value(scrape(self._app), name, **labels) - value(self._before, name, **labels)


def test_requests_are_counted_by_the_routes_rule(app: Flask, client: Actor) -> None:
    growth = Growth(app)

    client.get("/api/services/123456/")
    client.get("/api/services/654321/")
    client.get("/api/services/", query_string={"limit": "0"})
    client.get("/api/services/")
    client.call("BREW", "/api/services/")
    client.get("/nowhere/secret/")

    one = "/api/services/<id:service_id>/"
    assert growth.of(DURATIONS, route=one, method="GET", status="4xx") == 2
    assert growth.of(DURATIONS, route="/api/services/", method="GET", status="4xx") == 1
    assert growth.of(DURATIONS, route="/api/services/", method="GET", status="2xx") == 1
    assert growth.of(DURATIONS, route="unmatched", method="other", status="4xx") == 1
    assert growth.of(DURATIONS, route="unmatched", method="GET", status="4xx") == 1
    assert growth.of("marketplace_http_responses_total", code="404") == 3
    assert growth.of("marketplace_http_responses_total", code="405") == 1
    assert not {"123456", "secret", "BREW"} & set(scrape(app).split('"'))


def test_the_question_itself_is_in_flight_and_nothing_is_left_over(
    app: Flask, client: Actor
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(app.view_functions, "health.health", lambda: 1 / 0)
        assert client.get("/health/").status_code == 500

    assert value(scrape(app), "marketplace_http_requests_in_flight") == 1


def a_service(specialist: Actor) -> int:
    open_diary(specialist, "00:00", "24:00", auto_confirm=True)
    return int(specialist.new_service()["id"])


def soon() -> str:
    return (utc_now() + timedelta(days=2)).strftime("%Y-%m-%dT12:00:00Z")


def test_bookings_are_counted_once_they_are_committed(
    app: Flask, client: Actor, specialist: Actor
) -> None:
    service = a_service(specialist)
    growth = Growth(app)

    made = book(client, service, soon())
    refused = client.post(BOOKINGS, {"service": service, "starts_at": soon()})
    act(client, made["id"], "cancel", reason="")

    assert refused.status_code in (409, 422)
    assert growth.of(EVENTS, event="created") == 1
    assert growth.of(EVENTS, event="cancelled") == 1
    assert growth.of(EVENTS, event="confirmed") == 0


def test_a_booking_that_is_rolled_back_at_the_last_moment_is_not_counted(
    app: Flask, client: Actor, specialist: Actor
) -> None:
    from marketplace.bookings import operations  # noqa: PLC0415

    service = a_service(specialist)
    growth = Growth(app)
    starts_at = (utc_now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)

    @transactional
    def booked_in_vain() -> None:
        operations.book(client.user_id, service, starts_at, "", utc_now())
        raise LookupError

    with app.app_context(), pytest.raises(LookupError):
        booked_in_vain()

    assert growth.of(EVENTS, event="created") == 0
    with app.app_context():
        operations.book(client.user_id, service, starts_at, "", utc_now())
    assert growth.of(EVENTS, event="created") == 1


def test_failed_log_ins_are_counted_by_reason(app: Flask, people: People) -> None:
    person, anonymous = people.client(), people.anonymous()
    growth = Growth(app)

    def log_in(username: str, password: str) -> int:
        body = {"username": username, "password": password}
        return anonymous.post("/api/auth/login/", body).status_code

    statuses = [log_in("klient", "wrong"), log_in("nobody", "wrong"), log_in("klient", PASSWORD)]
    with app.app_context():
        administration.block(person.user_id, reason="", actor="test", now=utc_now())
    statuses.append(log_in("klient", PASSWORD))

    assert statuses == [401, 401, 200, 403]
    assert growth.of(FAILED, reason="password") == 2
    assert growth.of(FAILED, reason="blocked") == 1
    assert growth.of(FAILED, reason="provider") == 0


@transactional
def add_messages(state: str, count: int, due_in: int) -> None:
    now = utc_now()
    session().add_all(
        Notification(
            kind="booking_created",
            subject_type="booking",
            subject_id=1,
            due_at=now + timedelta(seconds=due_in - number),
            state=state,
            dedup_key=f"{state} {due_in} {number}",
            created_at=now,
            ended_at=None if state == "pending" else now,
        )
        for number in range(count)
    )


def test_the_outbox_is_told_by_what_is_due_and_what_was_given_up(app: Flask) -> None:
    assert value(scrape(app), "marketplace_outbox_oldest_due_age_seconds") == 0
    with app.app_context():
        add_messages("pending", 3, -100)
        add_messages("pending", 5, 3600)
        add_messages("sent", 7, -9999)
        add_messages("dead", 2, -9999)

    told = scrape(app)

    assert value(told, "marketplace_outbox_due") == 3
    assert 102 <= value(told, "marketplace_outbox_oldest_due_age_seconds") < 160
    assert value(told, "marketplace_outbox_dead_letters") == 2


def test_the_parts_the_pool_and_the_process_are_told(app: Flask) -> None:
    told = scrape(app)

    for part in ("database", "migrations", "cache", "outbox"):
        assert value(told, "marketplace_part_ok", part=part) == 1
    assert value(told, "marketplace_instance_disk_free_bytes") > 0
    assert value(told, "marketplace_database_pool_size", process="0") == 10  # of 4 threads
    for name in ("resident_memory_bytes", "cpu_seconds_total", "start_time_seconds", "open_fds"):
        assert value(told, f"marketplace_process_{name}", process="0") > 0


def test_connections_in_use_are_those_that_are_out(make_app: Callable[..., Flask]) -> None:
    app = make_app()  # the newest application is the one that a process serves
    with app.app_context():
        engine = database.engine()

    with engine.connect(), engine.connect():
        during = value(scrape(app), "marketplace_database_pool_in_use", process="0")

    assert during == 2
    assert value(scrape(app), "marketplace_database_pool_in_use", process="0") == 0


def test_without_a_database_the_rest_is_told(app: Flask, make_app: Callable[..., Flask]) -> None:
    lost = make_app(database_url="postgresql+psycopg://postgres@127.0.0.1:1/postgres")

    told = scrape(lost)

    assert value(told, "marketplace_part_ok", part="database") == 0
    assert "marketplace_outbox" not in told
    assert value(told, "marketplace_http_responses_total", code="200") > 0


def test_a_scrape_asks_little_and_the_next_one_nothing(app: Flask) -> None:
    scrape(app)
    with app.app_context():
        add_messages("pending", 50, -100)
    app.extensions["marketplace_metrics"]._good_until = 0.0

    with statements(app) as first:
        app.test_client().get("/metrics")
    with statements(app) as second:
        app.test_client().get("/metrics")

    # Is there a table of migrations, at which one it stands, the outbox.
    assert len(first) <= 3
    assert second == []


def test_the_outbox_is_counted_by_its_indexes(app: Flask) -> None:
    with app.app_context():
        add_messages("sent", 3000, -9999)
        add_messages("pending", 20, 3600)
        add_messages("dead", 20, -9999)
        with database.engine().connect() as connection:
            sql, constants = _STANDING._for(connection.dialect)
            if connection.dialect.name == "sqlite":
                parameters: dict[str, Any] = {**constants, "now": 1}
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
            else:
                connection.exec_driver_sql("ANALYZE notifications")
                parameters = {**constants, "now": utc_now()}
                plan = connection.exec_driver_sql(f"EXPLAIN {sql}", parameters).all()
            told = "\n".join(" ".join(map(str, row)) for row in plan)

    assert "ix_notifications_pending" in told
    assert "ix_notifications_dead" in told
    assert "Seq Scan" not in told
    assert "SCAN notifications\n" not in f"{told}\n"
