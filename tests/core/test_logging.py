"""The form of log lines: one JSON object a line in production, one readable line in development."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from actors import Actor, People
from flask import Flask

from marketplace.core.logging import send_to_stdout
from marketplace.core.permissions import Access, declare_access
from marketplace.core.request_log import write_line

Start = Callable[..., tuple[Flask, io.StringIO]]


@pytest.fixture
def start(make_app: Callable[..., Flask]) -> Iterator[Start]:
    """Makes an application and shows what it writes from then on."""
    logger = logging.getLogger("marketplace")
    before = (logger.handlers[:], logger.level)

    def start_app(**settings: object) -> tuple[Flask, io.StringIO]:
        app = make_app(**{"environment": "production"} | settings)
        stream = io.StringIO()
        logger.handlers[0].setStream(stream)
        return app, stream

    yield start_app
    logger.handlers[:], level = before
    logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_json_object(start: Start) -> None:
    app, stream = start()
    specialist = People(app).specialist()
    query = {"name": "массаж", "limit": "5"}

    answer = specialist.get("/api/services/", query_string=query, headers={"X-Request-ID": "r-1"})

    [line] = lines(stream)
    moment = datetime.fromisoformat(line.pop("time"))
    assert moment.utcoffset() == timedelta(0)
    assert line.pop("ms") >= 0
    assert line == {
        "level": "INFO",
        "request_id": "r-1",
        "method": "GET",
        "route": "/api/services/",
        "status": 200,
        "user_id": specialist.user_id,
        "address": "127.0.0.1",
    }
    assert answer.headers["X-Request-ID"] == "r-1"


def test_the_pattern_of_a_path_is_logged_and_never_the_path(start: Start) -> None:
    app, stream = start()
    client = Actor(app.test_client())

    client.get("/api/services/123456/")
    client.get("/nowhere/123456/")
    client.post("/health/", {"note": "123456"})

    assert [(line["route"], line["status"]) for line in lines(stream)] == [
        ("/api/services/<id:service_id>/", 404),
        (None, 404),
        (None, 405),
    ]
    assert "123456" not in stream.getvalue()


@pytest.mark.parametrize("given", ["", "two words", "русский", "x" * 101, "a\tb", '{"a":1}'])
def test_an_unfit_request_id_is_replaced_in_answer_and_line(start: Start, given: str) -> None:
    app, stream = start()
    environ = {"HTTP_X_REQUEST_ID": given.encode().decode("latin-1")}

    answer = app.test_client().get("/health/", environ_overrides=environ)

    [line] = lines(stream)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert len(line["request_id"]) == 32
    assert line["request_id"].isalnum()


def test_every_line_of_a_request_carries_its_id(start: Start) -> None:
    app, stream = start()
    caller = Actor(app.test_client(), headers={"X-Request-ID": "one-of-many"})
    person = {"username": "новичок", "password": "тихий-вечер-7", "role": "client"}

    answer = caller.post("/api/auth/register/", person | {"email": "new@example.com"})

    assert answer.status_code == 201
    written = lines(stream)
    assert len(written) >= 2
    assert {line["request_id"] for line in written} == {"one-of-many"}
    assert any("registered user" in line.get("message", "") for line in written)


def failing() -> str:
    raise RuntimeError("first line\nsecond line of the reason")


def test_an_unforeseen_error_is_told_in_full_to_the_log_and_not_to_the_caller(
    start: Start,
) -> None:
    app, stream = start()
    app.add_url_rule("/fails/", view_func=declare_access(failing, Access.ANYONE))

    answer = app.test_client().get("/fails/")

    error, request = lines(stream)
    assert (error["level"], request["status"]) == ("ERROR", 500)
    assert error["request_id"] == request["request_id"] == answer.headers["X-Request-ID"]
    assert "Traceback" in error["exception"]
    assert "second line of the reason" in error["exception"]
    assert answer.get_json()["code"] == "internal_error"
    assert "reason" not in answer.text


def test_development_writes_a_line_for_people(start: Start) -> None:
    app, stream = start(environment="development")

    Actor(app.test_client(), headers={"X-Request-ID": "r-2"}).get("/health/")

    [line] = stream.getvalue().splitlines()
    assert "200 GET    /health/" in line
    assert line.endswith("user=None id=r-2")


def test_a_higher_level_keeps_requests_out_of_the_log(start: Start) -> None:
    app, stream = start(log_level="WARNING")
    app.add_url_rule("/fails/", view_func=declare_access(failing, Access.ANYONE))
    client = app.test_client()

    client.get("/health/")
    client.get("/fails/")

    assert [line["level"] for line in lines(stream)] == ["ERROR"]


def test_a_process_without_an_application_writes_the_same_form(start: Start) -> None:
    app, _ = start()
    send_to_stdout(app.config["MARKETPLACE"])
    stream = io.StringIO()
    logging.getLogger("marketplace").handlers[0].setStream(stream)

    logging.getLogger("marketplace.server.supervisor").error("process %d ended", 7)

    [line] = lines(stream)
    assert (line["level"], line["message"]) == ("ERROR", "process 7 ended")


def test_a_request_that_could_not_be_read_has_a_readable_line_too(start: Start) -> None:
    _, stream = start(environment="development")

    write_line("r-3", method=None, status=400, ms=0.1, address="127.0.0.1")

    assert "400 -      None 0.1 ms user=None id=r-3" in stream.getvalue()
