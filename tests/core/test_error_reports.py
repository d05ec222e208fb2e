"""What a Sentry is told of a failure, over real HTTP: what helps, nothing that is a person's."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
import sqlalchemy as sa
from actors import PASSWORD, Actor
from canaries import leaks
from flask import Flask

from marketplace.auth.models import User
from marketplace.core.database import session, transactional
from marketplace.core.error_reports import ReportHandler, scrubbed
from marketplace.core.permissions import Access, declare_access
from marketplace.settings_monitoring import MonitoringSettings

CANARY = "kanareyka"
PHONE = "+79161234567"
EMAIL = f"{CANARY}@example.com"
SECONDS = 20


class Sink(BaseHTTPRequestHandler):
    """Takes what is sent to a Sentry."""

    received: Queue[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.received.put((self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def sink() -> Iterator[tuple[str, Queue[Any]]]:
    """Its DSN, and what it receives."""
    received: Queue[Any] = Queue()
    handler = type("Handler", (Sink,), {"received": received})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_address[1]}/42", received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reporting(
    sink: tuple[str, Queue[Any]], make_app: Callable[..., Flask]
) -> Iterator[tuple[Flask, Queue[Any]]]:
    """An application that reports, and what arrives."""
    dsn, received = sink
    logger = logging.getLogger("marketplace")
    before = logger.handlers[:]
    yield make_app(monitoring=MonitoringSettings(sentry_dsn=dsn)), received
    logger.handlers[:] = [each for each in before if not isinstance(each, ReportHandler)]
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def arrived(received: Queue[Any]) -> tuple[dict[str, Any], str]:
    """The event of the next envelope, and all that came with it as text."""
    path, headers, body = received.get(timeout=SECONDS)
    assert path == "/api/42/envelope/"
    _envelope, item, payload = body.decode().split("\n")[:3]
    assert json.loads(item)["type"] == "event"
    event: dict[str, Any] = json.loads(payload)
    return event, f"{headers} {body.decode()}"


class Maria:
    """An object whose picture of itself tells too much."""

    def __repr__(self) -> str:
        return f"<Maria {CANARY}>"


def fail() -> str:
    person = Maria()
    note = f"{CANARY} in a local variable"
    raise LookupError(f"no {note!r} of {EMAIL} at {PHONE} {person!r:.0} for 'it's {CANARY}'")


@transactional
def fail_in_the_database() -> str:
    session().execute(
        sa.text(f"INSERT INTO users (username, email) VALUES (:name, :email), ('x', '{CANARY}')"),
        {"name": CANARY, "email": EMAIL},
    )
    return ""


@transactional
def fail_by_type() -> str:
    session().execute(sa.select(User.id).where(sa.text("no_such_column = :it")), {"it": EMAIL})
    return ""


def ask(app: Flask, view: Callable[[], str]) -> None:
    def failing(name: str) -> str:
        assert name
        return view()

    declare_access(failing, Access.ANYONE)
    app.add_url_rule("/fails/<name>/", view_func=failing, methods=["POST"])
    caller = Actor(app.test_client())
    caller.client.set_cookie("session", CANARY)
    answer = caller.post(
        f"/fails/{CANARY}/?token={CANARY}",
        {"password": PASSWORD, "email": EMAIL, "note": CANARY},
        headers={"X-Request-ID": "r-17", "X-Secret": CANARY, "User-Agent": CANARY},
    )
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == "r-17"


def assert_nothing_personal(text: str) -> None:
    assert CANARY not in text
    assert leaks(text) == []
    assert "@example" not in text


def test_a_failure_is_told_with_its_place_and_without_its_people(
    reporting: tuple[Flask, Queue[Any]],
) -> None:
    app, received = reporting

    ask(app, fail)

    event, everything = arrived(received)
    assert_nothing_personal(everything)
    [failure] = event["exception"]["values"]
    assert failure["type"] == "LookupError"
    assert failure["value"].startswith("no … of … at …")
    last = failure["stacktrace"]["frames"][-1]
    assert last["function"] == "fail"
    assert "raise LookupError" in last["context_line"]
    assert all("vars" not in frame for frame in failure["stacktrace"]["frames"])
    assert event["tags"] == {
        "request_id": "r-17",
        "route": "/fails/<name>/",
        "method": "POST",
        "logger": "marketplace.core.problems",
    }
    assert event["transaction"] == "/fails/<name>/"
    assert event["environment"] == "development"
    assert not {"request", "user", "breadcrumbs", "extra", "contexts", "modules"} & event.keys()


@pytest.mark.parametrize("view", [fail_in_the_database, fail_by_type])
def test_of_the_database_only_the_statement_is_told(
    reporting: tuple[Flask, Queue[Any]], view: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, received = reporting
    # Told of as any other failure is.
    monkeypatch.setitem(app.error_handler_spec[None][None], sa.exc.SQLAlchemyError, _raise)
    monkeypatch.setitem(app.error_handler_spec[None][None], sa.exc.IntegrityError, _raise)

    ask(app, view)

    event, everything = arrived(received)
    assert_nothing_personal(everything)
    values = {one["type"]: one["value"] for one in event["exception"]["values"]}
    assert any("INSERT INTO users" in one or "no_such_column" in one for one in values.values())


def _raise(error: Exception) -> Any:
    from marketplace.core.problems import _unexpected  # noqa: PLC0415

    return _unexpected(error)


def test_what_is_foreseen_is_no_report(reporting: tuple[Flask, Queue[Any]]) -> None:
    app, received = reporting
    caller = Actor(app.test_client())

    assert caller.get("/nowhere/").status_code == 404
    assert caller.post("/api/auth/login/", {"username": "x"}).status_code == 422
    logging.getLogger("marketplace.tests").error("said without an exception")
    _flush()

    with pytest.raises(Empty):
        received.get_nowait()


def test_what_fails_outside_a_request_is_told_too(reporting: tuple[Flask, Queue[Any]]) -> None:
    _app, received = reporting

    try:
        fail()
    except LookupError:
        logging.getLogger("marketplace.tests").exception("a worker failed")

    event, everything = arrived(received)
    assert_nothing_personal(everything)
    assert event["tags"] == {"logger": "marketplace.tests"}


def test_without_a_sentry_nothing_listens(app: Flask, make_app: Callable[..., Flask]) -> None:
    make_app()

    handlers = logging.getLogger("marketplace").handlers
    assert [each for each in handlers if isinstance(each, ReportHandler)] == []


def test_what_a_client_of_tomorrow_adds_stays_here() -> None:
    frame = {"function": "f", "lineno": 1, "vars": {"x": CANARY}, "tomorrow": CANARY}
    event: Any = {
        "event_id": "1",
        "tags": {"route": "/"},
        "request": {"data": CANARY, "cookies": CANARY},
        "user": {"email": EMAIL},
        "server": {"tomorrow": CANARY},
        "exception": {
            "values": [
                {
                    "type": "E",
                    "module": "builtins",
                    "value": f'said "{CANARY}',
                    "stacktrace": {"frames": [frame]},
                    "tomorrow": CANARY,
                }
            ]
        },
    }

    assert CANARY not in str(scrubbed(event, {}))


def _flush() -> None:
    for handler in logging.getLogger("marketplace").handlers:
        handler.flush()
