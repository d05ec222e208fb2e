"""`flask audit`, `flask openapi`, and what every group of the admins' commands has in common."""

import json
from pathlib import Path

import pytest
from actors import Actor, People
from command_line import CommandLine, refusal
from databases import TestDatabase
from flask import Flask

from marketplace import create_app
from marketplace.extensions import db

GROUPS = ("users", "sessions", "services", "categories", "audit", "openapi", "demo")
GROUPS += ("bookings", "schedule", "notifications", "catalogue")


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def test_an_act_is_kept_with_who_when_what_and_to_whom(flask: CommandLine, client: Actor) -> None:
    flask.do("users", "block", "klient", "--reason", "Жалобы", "--yes")

    (act,) = flask.json("audit", "list")

    assert act.pop("at").endswith("Z")
    assert act.pop("actor").startswith("cli:")
    assert act == {
        "id": 1,
        "action": "user.block",
        "target_type": "user",
        "target_id": client.user_id,
        "details": {"reason": "Жалобы"},
    }
    assert '{"reason": "Жалобы"}' in flask.do("audit", "list")


def test_acts_are_listed_newest_first_and_found_by_whom_and_what_they_concern(
    flask: CommandLine, specialist: Actor, client: Actor
) -> None:
    specialist.new_service()
    flask.do("services", "hide", "1", "--yes")
    flask.do("users", "block", "klient", "--reason", "Жалобы", "--yes")
    flask.do("users", "unblock", "klient")
    flask.do("services", "show", "1")

    def ids(*filters: object) -> list[int]:
        return [row["id"] for row in flask.json("audit", "list", *filters)]

    assert ids() == [4, 3, 2, 1]
    assert ids("--user", client.user_id) == [3, 2]
    assert ids("--service", "1") == [4, 1]
    assert ids("--service", "1", "--action", "service.hide") == [1]
    assert ids("--user", specialist.user_id) == []
    assert ids("--limit", "2") == [4, 3]
    assert ids("--limit", "2", "--after", "3") == [2, 1]
    assert flask.run("audit", "list", "--limit", "3").stderr == "More rows follow: --after 2\n"
    assert flask.run("audit", "list", "--user", "1", "--service", "1").exit_code == 2


def test_the_audit_costs_the_same_queries_however_long_it_is(
    flask: CommandLine, people: People
) -> None:
    short = flask.queries("audit", "list")
    for number in range(6):
        people.client(f"klient{number}")
        flask.do("users", "set-role", f"klient{number}", "admin", "--yes")

    assert len(flask.json("audit", "list")) == 6
    assert flask.queries("audit", "list") == short


def test_the_document_is_written_to_a_file_or_to_standard_output(
    flask: CommandLine, anonymous: Actor, tmp_path: Path
) -> None:
    file = tmp_path / "openapi.json"
    file.write_text("old", encoding="utf-8")

    assert flask.do("openapi", "write", file) == ""
    written = flask.do("openapi", "write", "-")

    served = anonymous.get("/api/openapi.json")
    assert file.read_text(encoding="utf-8") == written
    assert json.loads(written) == served.get_json()
    assert "Вход" in written or "вход" in written
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_told(flask: CommandLine, tmp_path: Path) -> None:
    told = refusal(flask.run("openapi", "write", tmp_path / "missing" / "openapi.json"))

    assert "missing" in told


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_tells_what_it_does(flask: CommandLine, group: str) -> None:
    overview = flask.do("--help")
    commands = flask.app.cli.commands[group].commands

    assert f"\n  {group} " in overview
    for name in commands:
        text = flask.do(group, name, "--help")
        assert text.startswith("Usage: ")
        summary = text.split("\n\n")[1].strip()
        assert summary[0].isupper()
        assert len(summary) > 12


@pytest.mark.parametrize(
    "words",
    [
        ("users", "list"),
        ("sessions", "list", "klient"),
        ("services", "list"),
        ("categories", "list"),
        ("audit", "list"),
    ],
)
@pytest.mark.usefixtures("client")
def test_every_list_writes_json(flask: CommandLine, words: tuple[str, ...]) -> None:
    assert isinstance(flask.json(*words), list)


def test_going_a_migration_back_asks_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    app = create_app(TestDatabase("old", url, tmp_path).settings())
    flask = CommandLine(app)
    flask.do("db", "upgrade")

    refused = flask.run("db", "downgrade", stdin="n\n")
    kept = flask.json("users", "list")
    flask.do("db", "downgrade", "base", "--yes")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "with their rows? [y/N]" in refused.stderr
    assert kept == []
    assert "no such table" in refusal(flask.run("users", "list"))
    with app.app_context():
        db.engine.dispose()


def test_a_database_that_is_not_migrated_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    app = create_app(TestDatabase("empty", url, tmp_path).settings())

    told = refusal(CommandLine(app).run("users", "list"))

    assert told.startswith("The database cannot be used: no such table")
    assert "flask db upgrade" in told
    with app.app_context():
        db.engine.dispose()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "spoilt.sqlite3"
    file.write_bytes(b"not a database at all " * 100)
    app = create_app(TestDatabase("spoilt", f"sqlite:///{file}", tmp_path).settings())

    told = refusal(CommandLine(app).run("users", "list"))

    assert told.startswith("The database cannot be used: file is not a database")
    assert f"sqlite:///{file}" in told
    with app.app_context():
        db.engine.dispose()
