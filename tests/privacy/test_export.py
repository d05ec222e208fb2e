"""The export: everything stored about a person, and nothing of anybody else."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from actors import Actor, assert_problem
from bookings.support import NOW, add_bookings
from command_line import CommandLine
from flask import Flask
from privacy.support import EXPORT, Traced, canaries
from sqlalchemy import event

from marketplace.core.database import Base
from marketplace.extensions import db
from marketplace.settings import RateLimitSettings

EXEMPT = {
    "time_claims": "says the same as the booking or the hold it belongs to",
    "free_spans": "says the same as hours, exceptions, settings and claims",
    "free_reaches": "says how far those rows are made",
    "service_search": "says the same as a service's name and description, and whose it is",
    "idempotency_keys": "answers given already, for a day, to repeat them",
}
SECRETS = ("password_hash", "nonce", "jti", "refresh", "token", "folded", "dedup")


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def about_people() -> set[str]:
    """Every table whose rows lead to a person, by however many references."""
    tables = Base.metadata.tables
    found = {"users"}
    while True:
        more = {
            name
            for name, table in tables.items()
            if any(key.column.table.name in found for key in table.foreign_keys)
        } - found
        if not more:
            return found
        found |= more


def exported(actor: Actor) -> dict[str, Any]:
    answer = actor.get(EXPORT)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def test_no_table_about_people_is_forgotten(app: Flask, client: Actor) -> None:
    with statements(app) as sent:
        exported(client)
    read = set(re.findall(r'(?:FROM|JOIN) "?(\w+)', " ".join(sent)))

    assert about_people() - read == EXEMPT.keys()
    assert "audit" in read


@pytest.mark.parametrize("role", ["client", "specialist"])
def test_everything_of_the_person_is_there_and_nothing_of_the_other(
    traced: Traced, role: str
) -> None:
    answer = traced.of(role).get(EXPORT)
    text = answer.get_data(as_text=True)
    not_told = {"nonce", "push"}
    of_specialists = {"off", "description", "service"}
    mine = canaries(role).keys() - not_told - ({"note"} if role == "specialist" else of_specialists)

    assert {name for name in mine if canaries(role)[name] not in text} == set()
    assert {name for name in not_told if canaries(role)[name] in text} == set()
    # A client's note is written to the specialist, a reason to the other party, the name of a
    # service is what was booked.
    shared = {"client": {"note", "reason"}, "specialist": {"reason", "service"}}
    other = "client" if role == "specialist" else "specialist"
    theirs = canaries(other)
    assert {name for name in theirs if theirs[name] in text} <= shared[other]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "application/json"


def test_the_document_speaks_the_conventions(traced: Traced) -> None:
    told = exported(traced.specialist)

    assert told["exported_at"] == "2026-11-23T06:00:00Z"
    assert told["account"]["id"] == traced.specialist.user_id
    assert told["account"]["created_at"] == "2026-11-23T06:00:00Z"
    assert [each["price"] for each in told["services"]] == ["1500.00"]
    assert told["services"][0]["category"] is None
    assert [each["id"] for each in told["bookings"]] == traced.bookings
    assert told["bookings"][0]["client_id"] == traced.client.user_id
    assert [each["action"] for each in told["bookings"][0]["events"]] == ["created", "cancelled"]
    assert [len(each["intervals"]) for each in told["schedule_exceptions"]] == [0, 2]
    assert told["schedule_exceptions"][1]["intervals"][0] == {
        "start_minute": 600,
        "end_minute": 720,
    }
    assert [each["kind"] for each in told["consents"]] == ["terms", "advertising"]
    assert [each["id"] for each in told["holds"]] == [traced.hold]
    assert len(told["working_hours"]) == 7
    assert told["sessions"][0]["ip"] == canaries("specialist")["ip"]


def test_no_secret_is_named(traced: Traced) -> None:
    def names(value: Any) -> Iterator[str]:
        for name, inner in value.items() if isinstance(value, dict) else ():
            yield name
            yield from names(inner)
        for inner in value if isinstance(value, list) else ():
            yield from names(inner)

    for role in ("client", "specialist"):
        found = set(names(exported(traced.of(role))))
        assert [name for name in found for secret in SECRETS if secret in name] == []


def test_an_admins_name_is_not_told(flask: CommandLine, client: Actor) -> None:
    flask.do("users", "verify", client.user_id, "--email")

    assert exported(client)["audit"] == [
        {
            "at": "2026-11-23T06:00:00Z",
            "actor": "cli",
            "action": "user.verify",
            "details": {"contact": "email"},
        }
    ]


def test_an_export_of_much_costs_as_many_queries_as_one_of_little(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    def cost(count: int, first: int) -> int:
        rows = [
            {"starts_at": NOW - timedelta(hours=2 * number), "status": "completed"}
            for number in range(first, first + count)
        ]
        add_bookings(client, specialist, service, rows)
        with statements(app) as sent:
            assert len(exported(client)["bookings"]) == first - 10 + count
        # A cursor that the server keeps is read on, which is no query.
        return len([one for one in sent if "SELECT" in one])

    assert cost(2, 10) == cost(1_200, 12)


def test_exports_are_few_an_hour_for_each_person(
    make_app: Callable[..., Flask], client: Actor, specialist: Actor
) -> None:
    app = make_app(rate_limits=True, limits=RateLimitSettings(export="2/hour"))
    mine = Actor(app.test_client(), access=client.access)

    assert [mine.get(EXPORT).status_code for _ in range(3)] == [200, 200, 429]
    problem = mine.get(EXPORT)
    assert_problem(problem, 429, "too_many_requests")
    assert int(problem.headers["Retry-After"]) > 60
    assert Actor(app.test_client(), access=specialist.access).get(EXPORT).status_code == 200


def test_an_admin_writes_the_same_document(
    flask: CommandLine, traced: Traced, tmp_path: Path
) -> None:
    path = tmp_path / "export.json"

    flask.do("users", "export", traced.client.user_id, "--output", path)

    assert json.loads(path.read_text(encoding="utf-8")) == exported(traced.client)
    assert json.loads(flask.do("users", "export", traced.client.user_id)) == exported(traced.client)


def test_a_file_is_replaced_when_all_is_written_and_for_its_owner_alone(
    flask: CommandLine, client: Actor, tmp_path: Path
) -> None:
    path = tmp_path / "export.json"
    path.write_text("of somebody else")

    refused = flask.run("users", "export", "nobody", "--output", path)
    assert (refused.exit_code, path.read_text()) == (1, "of somebody else")
    flask.do("users", "export", client.user_id, "--output", path)

    assert json.loads(path.read_text())["account"]["id"] == client.user_id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_where_nothing_can_be_written_the_command_fails(
    flask: CommandLine, client: Actor, tmp_path: Path
) -> None:
    for place in (tmp_path, tmp_path / "nowhere" / "export.json"):
        result = flask.run("users", "export", client.user_id, "--output", place)
        assert result.exit_code != 0
        assert str(place) in result.stderr

    assert list(tmp_path.iterdir()) == []
