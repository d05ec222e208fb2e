"""`flask users` and `flask sessions`: their lists, and how a password is asked for."""

import json
from collections.abc import Iterator
from datetime import timedelta

import click
import pytest
from actors import PASSWORD, Actor, People
from command_line import CommandLine
from flask import Flask

from marketplace.auth import sessions
from marketplace.auth.devices import Device
from marketplace.core.cli import display_width
from marketplace.core.clock import utc_now
from marketplace.core.database import transactional


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def usernames(flask: CommandLine, *filters: object) -> list[str]:
    return [row["username"] for row in flask.json("users", "list", *filters)]


def ids(flask: CommandLine, *words: object) -> list[int]:
    return [row["id"] for row in flask.json(*words)]


def sign_in(app: Flask, actor: Actor, user_agent: str) -> None:
    with app.app_context():
        begin = transactional(sessions.begin)
        begin(actor.user_id, Device(user_agent, "192.0.2.7"), utc_now())


@pytest.fixture
def crowd(people: People, flask: CommandLine) -> None:
    people.specialist("Мария-Петрова")
    people.client("petr")
    contacts = ("--email", "vera@example.com", "--phone", "+79161234567")
    words = ("users", "create", "100_percent", "--role", "admin", *contacts)
    flask.do(*words, "--password-stdin", stdin=PASSWORD)
    flask.do("users", "block", "petr", "--reason", "Жалобы", "--yes")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), ["Мария-Петрова", "petr", "100_percent"]),
        (("--role", "admin"), ["100_percent"]),
        (("--blocked",), ["petr"]),
        (("--blocked", "--role", "specialist"), []),
        (("--search", "ПЕТРОВ"), ["Мария-Петрова"]),
        (("--search", "PETR@EXAMPLE"), ["petr"]),
        (("--search", "vera@"), ["100_percent"]),
        (("--search", "916 123-45"), ["100_percent"]),
        (("--search", "8 (916) 123-45-67"), ["100_percent"]),
        (("--search", "_"), ["100_percent"]),
        (("--search", "%"), []),
        (("--search", "-"), ["Мария-Петрова"]),
        (("--search", "nobody"), []),
    ],
)
@pytest.mark.usefixtures("crowd")
def test_accounts_are_found_by_role_by_block_and_by_part_of_a_name_or_contact(
    flask: CommandLine, filters: tuple[str, ...], found: list[str]
) -> None:
    assert usernames(flask, *filters) == found


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("reference", ["3", "100_PERCENT", "Vera@Example.com", "8 916 123 45 67"])
def test_a_person_is_named_by_id_user_name_e_mail_or_phone(
    flask: CommandLine, reference: str
) -> None:
    assert flask.json("users", "show", reference)["username"] == "100_percent"


def test_digits_alone_are_an_id_and_never_a_user_name(flask: CommandLine, people: People) -> None:
    people.client("klient")
    people.client("001")
    people.client("2024")

    assert flask.json("users", "show", "001")["username"] == "klient"
    assert flask.run("users", "show", "2024").exit_code == 1
    assert flask.json("users", "show", "2024@example.com")["username"] == "2024"


def test_pages_follow_each_other_and_the_last_one_tells_nothing_more(
    flask: CommandLine, people: People
) -> None:
    for number in range(5):
        people.client(f"klient{number}")

    first = flask.run("users", "list", "--limit", 2)
    last = flask.run("users", "list", "--limit", 2, "--after", 3)

    assert first.stderr == "More rows follow: --after 2\n"
    assert last.stderr == ""
    assert ids(flask, "users", "list", "--limit", 2) == [1, 2]
    assert ids(flask, "users", "list", "--limit", 2, "--after", 2) == [3, 4]
    assert ids(flask, "users", "list", "--limit", 2, "--after", 4) == [5]


def test_json_is_unescaped_and_its_moments_are_rfc_3339(flask: CommandLine, people: People) -> None:
    now = utc_now()
    people.person("мария", "client", now)

    text = flask.do("users", "list", "--json")

    assert "мария" in text
    assert json.loads(text) == [
        {
            "id": 1,
            "username": "мария",
            "email": "мария@example.com",
            "phone": None,
            "role": "client",
            "language": "ru",
            "blocked_at": None,
            "created_at": now.isoformat().replace("+00:00", "Z"),
        }
    ]


def test_columns_are_aligned_under_wide_and_combining_characters(
    flask: CommandLine, people: People
) -> None:
    for name in ("山田太郎", "மணிகண்டன்", "maria"):
        people.client(name)

    lines = flask.do("users", "list").splitlines()

    starts = {display_width(line[: line.index("@example.com")]) for line in lines[1:]}
    roles = {display_width(line[: line.index(" client ")]) for line in lines[1:]}
    assert display_width("山田太郎") == 8
    assert len(starts) == 3
    assert len(roles) == 1


def test_one_account_is_shown_whole_but_for_the_password(
    flask: CommandLine, specialist: Actor
) -> None:
    specialist.new_service()
    specialist.new_service(visible=False)

    shown = flask.json("users", "show", "master")

    counts = (shown["live_sessions"], shown["services"])
    assert counts == (1, 2)
    assert (shown["email"], shown["is_demo"]) == ("master@example.com", False)
    table = flask.do("users", "show", "master")
    assert "live sessions      1\n" in table
    assert "argon2" not in table + json.dumps(shown)


def test_live_sessions_are_listed_newest_first_and_one_can_be_ended(
    flask: CommandLine, app: Flask, client: Actor, people: People
) -> None:
    people.client("another")
    sign_in(app, client, "MarketApp/2.1")

    assert ids(flask, "sessions", "list", "klient") == [3, 1]
    assert "MarketApp 2.1" in flask.do("sessions", "list", "klient")
    flask.do("sessions", "end", 1, "--yes")

    assert client.get("/api/auth/me/").status_code == 401
    assert ids(flask, "sessions", "list", "klient") == [3]
    every = flask.json("sessions", "list", "klient", "--all")
    assert [(row["id"], row["end_reason"]) for row in every] == [(3, None), (1, "ended_by_admin")]
    assert ids(flask, "sessions", "list", "klient", "--all", "--after", 3) == [1]
    assert flask.acts("--user", client.user_id) == [("session.end", {"session": 1})]


def test_an_expired_session_is_listed_with_all_only(flask: CommandLine, people: People) -> None:
    people.person("klient", "client", utc_now() - timedelta(days=100))

    assert flask.json("sessions", "list", "klient") == []
    assert ids(flask, "sessions", "list", "klient", "--all") == [1]


def test_all_sessions_of_one_person_can_be_ended(
    flask: CommandLine, app: Flask, client: Actor, people: People
) -> None:
    other = people.client("another")
    sign_in(app, client, "MarketApp/2.1")

    said = flask.do("sessions", "end", "--user", "klient", "--yes")

    assert said == f"Sessions of user {client.user_id} (klient) ended: 2.\n"
    assert client.get("/api/auth/me/").status_code == 401
    assert other.get("/api/auth/me/").status_code == 200
    assert flask.acts() == [("session.end_all", {"ended": 2})]


def test_what_a_device_says_of_itself_does_not_steer_the_terminal(
    flask: CommandLine, app: Flask, client: Actor
) -> None:
    sign_in(app, client, "\x1b[2J\x9b31m\u202e")

    table = flask.do("sessions", "list", "klient")
    text = flask.do("sessions", "list", "klient", "--json")

    assert "\\x1b[2J\\x9b31m\\u202e" in table
    assert not {"\x1b", "\x9b"} & set(table + text)
    assert json.loads(text)[0]["user_agent"] == "\x1b[2J\x9b31m\u202e"


@pytest.mark.parametrize("words", [("users", "list"), ("sessions", "list", "klient0", "--all")])
def test_a_list_costs_the_same_queries_however_long_it_is(
    flask: CommandLine, app: Flask, people: People, words: tuple[str, ...]
) -> None:
    first = people.client("klient0")
    short = flask.queries(*words)
    for number in range(1, 12):
        people.client(f"klient{number}")
        sign_in(app, first, "MarketApp/2.1")

    assert len(flask.json(*words)) == 12
    assert flask.queries(*words) == short


def test_no_command_takes_a_password_as_an_argument(app: Flask) -> None:
    named = {
        (path, parameter.name): parameter
        for path, command in _commands(app.cli, "flask")
        for parameter in command.params
        if "pass" in f"{parameter.name} {' '.join(parameter.opts)}"
    }

    assert set(named) == {
        ("flask users create", "password_stdin"),
        ("flask users set-password", "password_stdin"),
    }
    assert all(isinstance(each, click.Option) and each.is_flag for each in named.values())


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def test_two_passwords_that_differ_make_nothing(flask: CommandLine) -> None:
    words = ("users", "create", "anna", "--role", "client", "--email", "a@example.com")

    result = flask.run(*words, stdin=f"{PASSWORD}\n{PASSWORD}!\n")

    assert result.exit_code == 1
    assert "do not match" in result.stderr
    assert usernames(flask) == []
