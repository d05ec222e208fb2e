"""The journal of erasures: a restored backup does not bring anybody back."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, People
from auth.support import log_in
from command_line import CommandLine
from flask import Flask
from privacy.support import Traced, erase, traces

from marketplace.auth.models import User
from marketplace.core.database import Base
from marketplace.extensions import db
from marketplace.settings_privacy import PrivacySettings


def backup(app: Flask) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in Base.metadata.sorted_tables
        }


def restore(app: Flask, kept: dict[str, list[dict[str, Any]]]) -> None:
    """Put the rows back in the place of what is there."""
    tables = Base.metadata.sorted_tables
    with app.app_context(), db.engine.begin() as connection:
        for table in reversed(tables):
            connection.execute(table.delete())
        for table in tables:
            computed = {column.name for column in table.c if column.computed is not None}
            rows = [
                {name: value for name, value in row.items() if name not in computed}
                for row in kept[table.name]
            ]
            if rows:
                connection.execute(table.insert(), rows)


def journal_of(app: Flask) -> Path:
    path: Path = app.config["MARKETPLACE"].erasure_journal
    return path


def test_a_line_is_written_for_the_owner_of_the_file_alone(app: Flask, client: Actor) -> None:
    erase(client)

    path = journal_of(app)
    assert path.name == "erasures.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {
            "user_id": client.user_id,
            "created_at": "2026-11-23T06:00:00Z",
            "erased_at": "2026-11-23T06:00:00Z",
        }
    ]


def test_the_journal_lies_where_it_is_told_to(
    make_app: Callable[..., Flask], client: Actor, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.jsonl"
    app = make_app(privacy=PrivacySettings(erasure_journal=path))

    erase(Actor(app.test_client(), access=client.access))

    assert len(path.read_text().splitlines()) == 1
    assert not (app.config["MARKETPLACE"].instance_path / "erasures.jsonl").exists()


def test_whom_a_backup_brings_back_is_erased_again(
    app: Flask, flask: CommandLine, traced: Traced, anonymous: Actor
) -> None:
    kept = backup(app)
    erase(traced.client)
    erase(traced.specialist)
    restore(app, kept)
    assert "email" in traces(app, "client")
    faults = flask.run("doctor")
    assert faults.exit_code == 1
    for actor in (traced.client, traced.specialist):
        assert f"user {actor.user_id} was erased and is here again" in faults.stderr

    assert flask.do("retention", "replay-erasures") == "People erased again: 2.\n"
    assert flask.do("retention", "replay-erasures") == "People erased again: 0.\n"

    assert traces(app, "client") == set()
    assert traces(app, "specialist") == {"service"}
    assert log_in(anonymous, "canary-client-username").status_code == 401
    assert flask.do("doctor") == "No faults found.\n"
    assert len(journal_of(app).read_text().splitlines()) == 2


def test_whoever_got_the_number_of_the_erased_after_a_restore_is_left_alone(
    app: Flask, flask: CommandLine, people: People, clock: time_machine.Coordinates
) -> None:
    kept = backup(app)
    erased = people.client("first")
    erase(erased)
    restore(app, kept)
    clock.shift(3_600)
    newcomer = people.client("second")
    with app.app_context(), db.engine.begin() as connection:
        for table, column in (("sessions", "user_id"), ("profiles", "user_id")):
            connection.execute(sa.text(f"DELETE FROM schedules WHERE user_id = {newcomer.user_id}"))
            connection.execute(sa.text(f"DELETE FROM {table} WHERE {column} = {newcomer.user_id}"))
        connection.execute(
            sa.update(User).where(User.id == newcomer.user_id).values(id=erased.user_id)
        )

    assert flask.do("retention", "replay-erasures") == "People erased again: 0.\n"
    assert flask.json("users", "show", "second")["id"] == erased.user_id
    assert flask.do("doctor") == "No faults found.\n"


def test_an_erasure_that_could_not_be_noted_is_noted_later(
    app: Flask, flask: CommandLine, client: Actor, people: People
) -> None:
    path = journal_of(app)
    path.mkdir()
    try:
        erase(client)
        result = flask.run("users", "delete", people.client("other").user_id, "--yes")
    finally:
        path.rmdir()
    assert result.exit_code == 0
    assert "flask retention run" in result.stderr
    assert f"the erasure of user {client.user_id} is not in" in flask.run("doctor").stderr

    flask.do("retention", "run")

    assert len(path.read_text().splitlines()) == 2
    assert flask.do("doctor") == "No faults found.\n"


def line(user_id: object, made: str = "2026-01-01T00:00:00Z") -> str:
    return json.dumps({"user_id": user_id, "created_at": made, "erased_at": made})


BROKEN = {
    "cut": '{"user_id": 1',
    "list": "[]",
    "null": "null",
    "fields": '{"user_id": "1"}',
    "zeros": "\x00",
    "deep": "[" * 100_000,
    "no_number": line("1"),
    "truth": line(True),
    "too_big": line(2**31),
    "far_too_big": line(10**30),
    "no_zone": line(1, "2026-01-01T00:00:00"),
    "before_time": line(1, "0001-01-01T00:00:00+14:00"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_line_hides_no_other(
    app: Flask, flask: CommandLine, client: Actor, broken: str
) -> None:
    path = journal_of(app)
    path.write_text(broken)
    kept = backup(app)
    erase(client)
    restore(app, kept)

    assert f"line 1 of {path} cannot be read" in flask.run("doctor").stderr
    assert flask.do("retention", "replay-erasures") == "People erased again: 1.\n"


@pytest.mark.parametrize(
    "command", [("doctor",), ("retention", "replay-erasures"), ("retention", "run")]
)
def test_a_journal_that_cannot_be_read_is_named(
    app: Flask, flask: CommandLine, command: tuple[str, ...]
) -> None:
    path = journal_of(app)
    path.mkdir()
    try:
        result = flask.run(*command)
    finally:
        path.rmdir()

    assert result.exit_code == 1
    assert f"The journal of erasures {path} cannot be read: Is a directory." in result.stderr


def test_without_a_journal_there_is_nothing_to_do(flask: CommandLine) -> None:
    assert flask.do("retention", "replay-erasures") == "People erased again: 0.\n"
    assert flask.do("doctor") == "No faults found.\n"


def test_the_database_kept_with_the_journal_knows_of_it_too(
    app: Flask, flask: CommandLine, client: Actor
) -> None:
    erase(client)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.update(User).values(erased_at=None))

    said = refusal_of_doctor(flask)

    assert f"user {client.user_id} is noted as erased and is not" in said


def refusal_of_doctor(flask: CommandLine) -> str:
    result = flask.run("doctor")
    assert result.exit_code == 1
    return result.stderr
