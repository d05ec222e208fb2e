"""`flask users import`: all accounts of a file or none, and their passwords go on working."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from actors import PASSWORD, Actor
from auth.support import log_in, register, row_of
from auth.test_foreign_hashes import FOREIGN, bcrypt_sha256, django_argon2, pbkdf2
from command_line import CommandLine
from flask import Flask

from marketplace.auth.models import User
from marketplace.core.clock import utc_now
from marketplace.core.database import session

ANNA: dict[str, Any] = {
    "username": "anna.petrova",
    "email": "Anna.Petrova@Example.com",
    "phone": "8 916 123-45-67",
    "role": "specialist",
    "language": "en",
    "full_name": "Анна Петрова",
    "city": "Казань",
    "bio": "Стригу.\nКрашу.",
    "experience_years": 7,
    "timezone": "Asia/Yekaterinburg",
    "password_hash": pbkdf2(PASSWORD),
    "email_verified": True,
    "created_at": "2019-05-01T10:00:00+03:00",
}
BORIS = {"username": "boris", "phone": "+79161234568", "role": "client"}


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def lines(folder: Path, *rows: Any) -> Path:
    path = folder / "people.jsonl"
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def refused(flask: CommandLine, path: Path, *options: object) -> list[str]:
    """What is said of a file that is refused as a whole: nothing of it is stored."""
    before = people(flask)
    result = flask.run("users", "import", path, *options)

    assert result.exit_code == 1, result.output
    assert "Nothing is stored." in result.stderr
    assert people(flask) == before
    return [line for line in result.stderr.splitlines() if line.startswith("line ")]


def people(flask: CommandLine) -> list[str]:
    return [row["username"] for row in flask.json("users", "list", "--limit", 1000)]


def test_a_person_moves_in_with_everything(
    flask: CommandLine, anonymous: Actor, tmp_path: Path
) -> None:
    said = flask.do("users", "import", lines(tmp_path, ANNA, BORIS))

    assert said.splitlines()[-1] == "Accounts made: 2."
    shown = flask.json("users", "show", "anna.petrova")
    assert shown["email"] == "Anna.Petrova@example.com"
    assert shown["phone"] == "+79161234567"
    assert shown["created_at"] == "2019-05-01T07:00:00Z"
    assert (shown["role"], shown["language"]) == ("specialist", "en")
    assert shown["email_verified_at"] is not None
    assert shown["phone_verified_at"] is None
    profile = anonymous.get(f"/api/auth/profile/{shown['id']}/").get_json()
    wanted = ("full_name", "city", "bio", "experience_years", "timezone")
    assert {name: profile[name] for name in wanted} == {name: ANNA[name] for name in wanted}
    assert flask.acts() == [("user.import", {"accounts": 2})]


def test_whoever_moved_in_can_work_like_everybody(
    flask: CommandLine, anonymous: Actor, tmp_path: Path
) -> None:
    flask.do("users", "import", lines(tmp_path, ANNA))
    body = log_in(anonymous, "anna.petrova").get_json()
    anna = Actor(anonymous.client, access=body["access"])

    service = anna.new_service()
    hours = [{"weekday": 1, "start": "10:00", "end": "14:00"}]
    assert anna.put("/api/schedule/hours/", {"hours": hours}).status_code == 200
    assert anonymous.get(f"/api/services/{service['id']}/").status_code == 200
    assert flask.do("doctor") == "No faults found.\n"


@pytest.mark.parametrize("make", [*FOREIGN, django_argon2])
def test_an_old_password_works_and_is_hashed_anew_at_the_first_log_in(
    app: Flask, flask: CommandLine, anonymous: Actor, tmp_path: Path, make: Any
) -> None:
    flask.do("users", "import", lines(tmp_path, ANNA | {"password_hash": make(PASSWORD)}))
    user_id = flask.json("users", "show", "anna.petrova")["id"]
    before = row_of(app, "users", user_id)["password_hash"]

    assert log_in(anonymous, "anna.petrova", "не тот пароль").status_code == 401
    assert row_of(app, "users", user_id)["password_hash"] == before
    assert log_in(anonymous, "anna.petrova").status_code == 200

    after = row_of(app, "users", user_id)["password_hash"]
    assert after != before
    assert after.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert log_in(anonymous, "anna.petrova").status_code == 200
    assert log_in(anonymous, "anna.petrova", "не тот пароль").status_code == 401
    assert row_of(app, "users", user_id)["password_hash"] == after


@pytest.mark.parametrize("given", [{}, {"password_hash": "!unusable"}])
def test_without_a_password_nobody_signs_in_by_one(
    flask: CommandLine, anonymous: Actor, tmp_path: Path, given: dict[str, str]
) -> None:
    flask.do("users", "import", lines(tmp_path, BORIS | given))

    assert log_in(anonymous, "boris", "!unusable").status_code == 401
    assert log_in(anonymous, "boris", PASSWORD).status_code == 401


def test_csv_says_the_same_as_json_lines(flask: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(ANNA))
        writer.writeheader()
        writer.writerow(ANNA | {"email_verified": "true"})
        writer.writerow(BORIS)

    assert flask.do("users", "import", path).splitlines()[-1] == "Accounts made: 2."

    anna, boris = (flask.json("users", "show", name) for name in ("anna.petrova", "boris"))
    assert anna["email_verified_at"] is not None
    assert anna["created_at"] == "2019-05-01T07:00:00Z"
    assert (boris["phone"], boris["email"], boris["language"]) == ("+79161234568", None, "ru")


FAULTS = [
    ({"username": "ab"}, "line 2: username: At least 3 characters."),
    ({"username": "анna"}, "line 2: username: All letters must be of one alphabet."),
    ({"username": "erased:7"}, "line 2: username: Letters, digits and @ . + - _ are allowed."),
    ({"username": None}, "line 2: username: This field is required."),
    ({"email": "nobody"}, "line 2: email: This is not an e-mail address."),
    ({"email": None}, "line 2: email_verified: There is no e-mail in this row."),
    ({"email": None, "phone": None}, "line 2: email: Give an e-mail or a phone."),
    ({"phone": "12"}, "line 2: phone: At least 5 characters."),
    ({"role": "admin"}, "line 2: role: Allowed values: client, specialist."),
    ({"role": None}, "line 2: role: This field is required."),
    ({"language": "de"}, "line 2: language: Allowed values: ru, en."),
    ({"bio": "x" * 5_001}, "line 2: bio: At most 5000 characters."),
    ({"city": 5}, "line 2: city: A string is expected."),
    ({"experience_years": 81}, "line 2: experience_years: Allowed from 0 to 80."),
    ({"timezone": "Mars/Base"}, "line 2: timezone: Unknown time zone"),
    ({"password_hash": "md5$x$y"}, "line 2: password_hash: This hash cannot be taken"),
    ({"password_hash": 5}, "line 2: password_hash: A string is expected."),
    ({"email_verified": "yes"}, "line 2: email_verified: true or false is expected."),
    ({"created_at": "yesterday"}, "line 2: created_at: A moment as in RFC 3339"),
    ({"created_at": "2090-01-01T00:00:00Z"}, "line 2: created_at: This is in the future."),
    ({"is_admin": True}, "line 2: is_admin: Unknown field."),
]


@pytest.mark.parametrize(("change", "told"), FAULTS, ids=[told for _, told in FAULTS])
def test_one_refused_row_refuses_the_file(
    flask: CommandLine, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    [said] = refused(flask, lines(tmp_path, BORIS, ANNA | change))

    assert said.startswith(told)
    assert flask.acts() == []


@pytest.mark.parametrize(
    "line", ["{", "[]", '"text"', '{"username": "a", "username": "b"}', "[" * 5_000, "x" * 70_000]
)
def test_a_line_that_is_no_object_is_named(flask: CommandLine, tmp_path: Path, line: str) -> None:
    [said] = refused(flask, lines(tmp_path, BORIS, line, ANNA))

    assert said.startswith("line 2: ")


def test_names_taken_are_told_those_of_the_file_and_those_of_the_database(
    flask: CommandLine, anonymous: Actor, tmp_path: Path
) -> None:
    assert register(anonymous, username="boris", phone="+79161234567").status_code == 201
    other = {"username": "Boris", "email": "ANNA.petrova@example.com", "role": "client"}

    said = refused(flask, lines(tmp_path, ANNA | {"phone": None}, other, BORIS))
    taken = refused(flask, lines(tmp_path, ANNA))

    assert said == [
        "line 2: username: Already taken by an account that is here.",
        "line 2: email: Given to an earlier row of the file.",
        "line 3: username: Already taken by an account that is here.",
    ]
    assert taken == ["line 1: phone: Already taken by an account that is here."]


def test_a_name_given_twice_far_apart_in_the_file_is_found(
    flask: CommandLine, tmp_path: Path
) -> None:
    many = [
        {"username": f"person{n}", "email": f"p{n}@example.com", "role": "client"}
        for n in range(1_203)
    ]
    many[1_202]["username"] = "PERSON7"

    said = refused(flask, lines(tmp_path, *many))

    assert said == ["line 1203: username: Given to an earlier row of the file."]


def test_a_rehearsal_tells_and_stores_nothing(flask: CommandLine, tmp_path: Path) -> None:
    said = flask.do("users", "import", lines(tmp_path, ANNA, BORIS), "--dry-run")

    assert said.splitlines()[-1] == "Accounts that could be made: 2."
    assert people(flask) == []
    assert flask.acts() == []


def test_the_report_holds_every_refusal_and_no_hash(flask: CommandLine, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    bad = [{"username": "x", "role": "king", "password_hash": "secret-hash"}] * 40

    shown = refused(flask, lines(tmp_path, *bad), "--report", report)

    with report.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(shown) == 20
    assert {row["line"] for row in rows} == {str(number) for number in range(1, 41)}
    assert {row["field"] for row in rows} == {"username", "role", "email", "password_hash"}
    assert "secret-hash" not in report.read_text(encoding="utf-8")


def test_the_queries_of_an_import_grow_by_the_batch(flask: CommandLine, tmp_path: Path) -> None:
    def cost(first: int, count: int) -> int:
        rows = [
            {"username": f"person{n}", "email": f"p{n}@example.com", "role": "client"}
            for n in range(first, first + count)
        ]
        return flask.queries("users", "import", lines(tmp_path, *rows))

    assert cost(0, 400) == cost(400, 20)
    assert cost(1_000, 1_000) <= 2 * cost(5_000, 400)


def test_everybody_gets_a_profile_and_a_schedule(
    app: Flask, flask: CommandLine, tmp_path: Path
) -> None:
    rows = [
        {
            "username": f"person{n}",
            "email": f"p{n}@example.com",
            "role": "client",
            "full_name": f"Человек {n}",
        }
        for n in range(1_100)
    ]
    flask.do("users", "import", lines(tmp_path, *rows))

    with app.app_context():
        found = session().execute(
            sa.text(
                "SELECT u.username, p.full_name FROM users u JOIN profiles p ON p.user_id = u.id"
                " JOIN schedules s ON s.user_id = p.user_id"
            )
        )
        assert {tuple(row) for row in found} == {
            (f"person{n}", f"Человек {n}") for n in range(1_100)
        }
        assert session().scalars(sa.select(sa.func.max(User.created_at))).one() <= utc_now()


def test_a_hash_too_dear_to_check_is_refused(flask: CommandLine, tmp_path: Path) -> None:
    dear = pbkdf2(PASSWORD).replace("$1000$", "$500000000$")
    costly = bcrypt_sha256(PASSWORD).replace("$04$", "$31$")

    said = refused(
        flask,
        lines(tmp_path, ANNA | {"password_hash": dear}, BORIS | {"password_hash": costly}),
    )

    assert [line.split(": ")[1] for line in said] == ["password_hash", "password_hash"]
