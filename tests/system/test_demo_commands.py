"""`flask demo`: where it is refused, what it leaves in the audit, what it says without tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine, refusal
from databases import TestDatabase
from flask import Flask

from marketplace import create_app
from marketplace.extensions import db

LOAD = ("demo", "load", "--specialists", 3, "--services-each", 2, "--clients", 1)
COUNTS = {"specialists": 3, "clients": 1, "services": 6, "categories": 20}


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_accounts_with_a_published_password_are_for_development_only(
    app: Flask, make_app: Callable[..., Flask], environment: str
) -> None:
    strict = CommandLine(make_app(environment=environment))

    told = refusal(strict.run(*LOAD))
    CommandLine(app).do(*LOAD)
    cleared = strict.do("demo", "clear", "--yes")

    assert "only loaded in development" in told
    assert cleared.startswith("Deleted 3 specialists")


def test_loading_and_clearing_are_audited_once_each(app: Flask) -> None:
    flask = CommandLine(app)
    flask.do(*LOAD)
    flask.do("demo", "clear", "--yes")

    cleared, loaded = flask.json("audit", "list")

    assert (loaded["action"], loaded["details"]) == ("demo.load", COUNTS)
    assert (cleared["action"], cleared["details"]) == ("demo.clear", COUNTS)
    assert {(row["target_type"], row["target_id"]) for row in (loaded, cleared)} == {("demo", 0)}
    assert cleared["actor"].startswith("cli:")


def test_the_question_is_asked_on_standard_error(app: Flask) -> None:
    flask = CommandLine(app)
    flask.do(*LOAD)

    refused = flask.run("demo", "clear", stdin="n\n")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Delete the demo data (3 specialists" in refused.stderr
    flask.do("demo", "clear", "--yes")


@pytest.mark.parametrize("command", ["load", "clear"])
def test_a_database_that_is_not_migrated_is_told(tmp_path: Path, command: str) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    app = create_app(TestDatabase("empty", url, tmp_path).settings())

    result = CommandLine(app).run("demo", command)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: The database cannot be used: no such table" in result.stderr
    with app.app_context():
        db.engine.dispose()
