"""Everything the document allows and forbids, tried by thousands on the real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from databases import TestDatabase, make_postgresql, make_sqlite
from flask import Flask
from live_server import live_server

from marketplace import create_app
from marketplace.auth import sessions
from marketplace.auth.devices import Device
from marketplace.core.clock import utc_now
from marketplace.core.database import transactional
from marketplace.extensions import db
from marketplace.system import openapi
from marketplace.system.demo import operations as demo

schemathesis = pytest.importorskip("schemathesis")

pytestmark = pytest.mark.slow

SPECIALIST, CLIENT = 1, 2
CONFIG: dict[str, Any] = {
    "generation": {
        "max-examples": 10,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,
    },
    "phases": {"stateful": {"generation": {"max-examples": 3}}},
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": [
                *("2xx", "3xx", "401", "403", "404", "409"),
                # An If-Match made up is a stale one.
                "412",
                # What a schema cannot say: clean NFC text, names of one script, phones and time
                # zones and categories that exist, cursors of the same list, uncommon passwords.
                "422",
            ]
        }
    },
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[TestDatabase]:
    """A database of its own, with demo data."""
    folder = tmp_path_factory.mktemp("fuzz")
    if request.param == "sqlite":
        making = make_sqlite(folder)
    else:
        making = make_postgresql(folder, f"{worker}_fuzz")
    yield next(making)
    next(making, None)


@pytest.fixture(scope="module")
def local(database: TestDatabase) -> Iterator[Flask]:
    """An application on the server's database, to sign people in without their passwords."""
    app = create_app(database.settings())
    with app.app_context():
        demo.load(
            specialists=20, services_each=2, clients=10, seed=1, actor="system", now=utc_now()
        )
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def server(database: TestDatabase) -> Iterator[str]:
    with live_server(database) as address:
        yield address


@transactional
def new_token(user_id: int) -> str:
    return sessions.begin(user_id, Device("fuzz", "127.0.0.1"), utc_now()).access


def fuzzed_document(app: Flask) -> dict[str, Any]:
    with app.app_context():
        document = openapi.document(utc_now().date())
    for path in document["paths"].values():
        for operation in path.values():
            parameters = operation.get("parameters", []) if isinstance(operation, dict) else []
            for parameter in parameters:
                if parameter["in"] == "header":
                    # RFC 9110: a condition that fits nothing is answered, not refused.
                    parameter["schema"] = {"type": "string"}
    return document


def schema_of(app: Flask, server: str, user_id: int) -> Any:
    config = schemathesis.Config.from_dict(CONFIG | {"base-url": server})
    schema = schemathesis.openapi.from_dict(fuzzed_document(app), config=config)

    @schema.auth(refresh_interval=None)
    class FreshSession:
        """A session for each call: many of them end their own."""

        def get(self, _case: Any, _context: Any) -> str:
            with app.app_context():
                return new_token(user_id)

        def set(self, case: Any, token: str, _context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {token}"

    return schema


@pytest.mark.parametrize("user_id", [SPECIALIST, CLIENT])
def test_the_server_does_what_its_document_says(local: Flask, server: str, user_id: int) -> None:
    from schemathesis.engine import events, from_schema  # noqa: PLC0415 - not on every machine

    calls = 0
    told: dict[str, str] = {}
    for event in from_schema(schema_of(local, server, user_id)).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            told[event.label] = event.info.message
        if isinstance(event, events.ScenarioFinished):
            calls += len(event.recorder.interactions)
            for check in (c for checks in event.recorder.checks.values() for c in checks):
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    told[f"{event.label}: {failure.title}"] = (
                        f"{failure.message}\n{check.failure_info.code_sample}"
                    )

    assert calls > 500
    assert told == {}, "\n\n".join(f"{name}\n{text}" for name, text in told.items())
