"""`flask users` and `flask sessions`: what they change, what they refuse, what they ask first."""

import pytest
from actors import PASSWORD, Actor, People, assert_problem
from command_line import CommandLine, refusal
from flask import Flask

NEW_PASSWORD = "утренний-чай-8"


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def log_in(actor: Actor, username: str, password: str = PASSWORD) -> int:
    body = {"username": username, "password": password}
    return actor.post("/api/auth/login/", body).status_code


def create(flask: CommandLine, *args: object, password: str = PASSWORD) -> None:
    flask.do("users", "create", *args, "--password-stdin", stdin=f"{password}\n")


def usernames(flask: CommandLine, *filters: object) -> list[str]:
    return [row["username"] for row in flask.json("users", "list", *filters)]


@pytest.mark.parametrize("role", ["client", "specialist", "admin"])
def test_a_created_account_signs_in_with_the_password_that_was_asked_for(
    flask: CommandLine, anonymous: Actor, role: str
) -> None:
    words = ("users", "create", "Мария", "--role", role, "--phone", "8 (916) 123-45-67")
    result = flask.run(*words, stdin=f"{PASSWORD}\n{PASSWORD}\n")

    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert log_in(anonymous, "мария") == 200
    assert log_in(anonymous, "+79161234567") == 200
    user = flask.json("users", "show", "мария")
    assert (user["role"], user["language"], user["email"]) == (role, "ru", None)
    assert flask.acts("--user", user["id"]) == [("user.create", {"role": role})]


def test_a_password_from_standard_input_loses_its_line_break_and_nothing_else(
    flask: CommandLine, anonymous: Actor
) -> None:
    create(flask, "anna", "--role", "admin", "--email", "a@example.com", password=" a b c d ")

    assert log_in(anonymous, "anna", " a b c d ") == 200
    assert log_in(anonymous, "anna", "a b c d") != 200


def test_no_account_is_there_before_somebody_makes_one(flask: CommandLine) -> None:
    assert flask.json("users", "list") == []
    assert flask.do("users", "list").strip() == "Nothing found."


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("anna", "--role", "client"), "Give --email or --phone, or both."),
        (("anna", "--role", "client", "--email", "anna"), "'--email': This is not an e-mail"),
        (("anna", "--role", "client", "--phone", "12345"), "'--phone': This is not a phone"),
        (("anna", "--role", "boss", "--email", "a@example.com"), "'--role'"),
        (("anna", "--email", "a@example.com"), "'--role'"),
        (("an", "--role", "client", "--email", "a@example.com"), "At least 3 characters."),
        (("аnna", "--role", "client", "--email", "a@example.com"), "of one alphabet"),
        (("a@b.cc", "--role", "client", "--email", "a@example.com"), "must not look like"),
        (("a\udcffb", "--role", "client", "--email", "a@example.com"), "not allowed"),
    ],
)
def test_values_that_registration_refuses_are_usage_errors_before_a_password_is_asked_for(
    flask: CommandLine, words: tuple[str, ...], told: str
) -> None:
    result = flask.run("users", "create", *words, stdin=f"{PASSWORD}\n{PASSWORD}\n")

    assert result.exit_code == 2
    assert told in result.stderr
    assert "Password" not in result.output
    assert usernames(flask) == []


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("", "required"),
        ("short-7", "At least 8 characters."),
        ("д" * 129, "At most 128 characters."),
        ("8291736450", "all digits"),
        ("password1", "too common"),
        ("Masha-Petrova", "must not repeat"),
        ("BeautyGo2026", "too common"),
        ("tihiy\x07vecher", "control characters"),
    ],
)
@pytest.mark.parametrize("command", ["create", "set-password"])
def test_a_password_that_registration_refuses_is_refused(
    flask: CommandLine, anonymous: Actor, command: str, password: str, told: str
) -> None:
    contact = ("--role", "client", "--email", "petrova@example.com")
    if command == "set-password":
        create(flask, "masha-petrova", *contact)
    words = ("masha-petrova", *(contact if command == "create" else ()))

    result = flask.run("users", command, *words, "--password-stdin", stdin=f"{password}\n")

    assert told in refusal(result)
    assert log_in(anonymous, "masha-petrova") == (401 if command == "create" else 200)


def test_a_password_that_is_not_utf_8_is_refused(flask: CommandLine, client: Actor) -> None:
    result = flask.run("users", "set-password", "klient", "--password-stdin", stdin=b"\xffabcdefgh")

    assert "UTF-8" in refusal(result)
    assert client.get("/api/auth/me/").status_code == 200


@pytest.mark.usefixtures("client")
def test_a_taken_name_is_refused_with_a_sentence(flask: CommandLine) -> None:
    words = ("--role", "admin", "--email", "other@example.com", "--password-stdin")

    result = flask.run("users", "create", "KLIENT", *words, stdin=PASSWORD)

    assert refusal(result) == "There is already a user of this name."
    assert usernames(flask) == ["klient"]


def test_a_blocked_person_is_out_at_once_and_an_unblocked_one_comes_back(
    flask: CommandLine, specialist: Actor, anonymous: Actor
) -> None:
    service = f"/api/auth/services/{specialist.new_service()['id']}/"

    said = flask.do("users", "block", "master", "--reason", "Жалобы", "--yes")

    assert "Sessions ended: 1." in said
    assert_problem(specialist.get("/api/auth/me/"), 401, "token_revoked")
    body = {"username": "master", "password": PASSWORD}
    assert_problem(anonymous.post("/api/auth/login/", body), 403, "account_blocked")
    wrong = body | {"password": NEW_PASSWORD}
    assert_problem(anonymous.post("/api/auth/login/", wrong), 401, "wrong_credentials")
    assert anonymous.get("/api/services/").get_json() == []
    assert_problem(anonymous.get(service), 404, "not_found")
    assert usernames(flask, "--blocked") == ["master"]
    assert flask.json("users", "show", "master")["blocked_reason"] == "Жалобы"

    flask.do("users", "unblock", "master")

    assert_problem(specialist.get("/api/auth/me/"), 401, "token_revoked")
    assert log_in(anonymous, "master") == 200
    assert anonymous.get(service).status_code == 200
    assert len(anonymous.get("/api/services/").get_json()) == 1
    assert flask.acts("--user", specialist.user_id) == [
        ("user.block", {"reason": "Жалобы"}),
        ("user.unblock", {}),
    ]


def test_a_new_role_ends_sessions_and_hides_the_services_of_one_no_specialist_any_more(
    flask: CommandLine, specialist: Actor, anonymous: Actor
) -> None:
    specialist.new_service()

    flask.do("users", "set-role", "master", "client", "--yes")

    assert_problem(specialist.get("/api/auth/me/"), 401, "token_revoked")
    assert anonymous.get("/api/services/").get_json() == []
    assert flask.json("users", "show", "master")["role"] == "client"
    changes = {"before": "specialist", "after": "client"}
    assert flask.acts("--user", specialist.user_id) == [("user.role", changes)]


def test_a_set_password_replaces_the_old_one_and_ends_sessions(
    flask: CommandLine, client: Actor, anonymous: Actor
) -> None:
    words = ("users", "set-password", "klient@example.com", "--password-stdin")
    flask.do(*words, stdin=NEW_PASSWORD)

    assert_problem(client.get("/api/auth/me/"), 401, "token_revoked")
    assert log_in(anonymous, "klient") == 401
    assert log_in(anonymous, "klient", NEW_PASSWORD) == 200
    assert flask.acts("--user", client.user_id) == [("user.password", {})]


def test_an_erased_person_is_gone_but_for_the_audit(
    flask: CommandLine, specialist: Actor, anonymous: Actor
) -> None:
    service = specialist.new_service()

    flask.do("users", "delete", "master", "--yes")

    assert specialist.get("/api/auth/me/").status_code == 401
    assert log_in(anonymous, "master") == 401
    assert anonymous.get(f"/api/services/{service['id']}/").status_code == 404
    assert flask.json("users", "list") == []
    for name in ("master", specialist.user_id, f"erased:{specialist.user_id}"):
        told = f"There is no user {name}."
        assert told in refusal(flask.run("users", "show", name))
        assert told in refusal(flask.run("users", "unblock", name))
        assert told in refusal(flask.run("users", "set-role", name, "admin", "--yes"))
        assert told in refusal(flask.run("users", "verify", name, "--email"))
    assert flask.acts("--user", specialist.user_id) == [("user.erase", {})]


@pytest.mark.parametrize(
    "words",
    [
        ("users", "block", "klient", "--reason", "Жалобы"),
        ("users", "set-role", "klient", "admin"),
        ("users", "delete", "klient"),
        ("sessions", "end", "1"),
        ("sessions", "end", "--user", "klient"),
    ],
)
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_harm_is_asked_about_first_and_anything_but_yes_leaves_everything(
    flask: CommandLine, client: Actor, words: tuple[str, ...], answer: str
) -> None:
    before = flask.json("users", "show", "klient")

    result = flask.run(*words, stdin=answer)

    assert result.exit_code == 1
    assert "[y/N]" in result.stderr
    assert client.get("/api/auth/me/").status_code == 200
    assert flask.json("users", "show", "klient") == before
    assert flask.acts() == []


def test_a_yes_to_the_question_is_enough(flask: CommandLine, client: Actor) -> None:
    result = flask.run("users", "block", "klient", "--reason", "Жалобы", stdin="y\n")

    assert result.exit_code == 0
    assert f"Block user {client.user_id} (klient)" in result.stderr
    assert client.get("/api/auth/me/").status_code == 401


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("users", "block", "2", "--reason", "Ещё", "--yes"), "User 2 is blocked already."),
        (("users", "unblock", "1"), "User 1 is not blocked."),
        (("users", "set-role", "1", "client", "--yes"), "User 1 is client already."),
        (("users", "show", "никто"), "There is no user никто."),
        (("users", "show", "99"), "There is no user 99."),
        (("users", "delete", "2147483648", "--yes"), "There is no user 2147483648."),
        (("sessions", "list", "nobody@example.com"), "There is no user nobody@example.com."),
        (("sessions", "end", "2", "--yes"), "There is no session 2, or it has ended already."),
        (("sessions", "end", "99", "--yes"), "There is no session 99, or it has ended already."),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence_and_changes_nothing(
    flask: CommandLine, people: People, words: tuple[str, ...], told: str
) -> None:
    people.client()
    people.client("blocked")
    flask.do("users", "block", "blocked", "--reason", "Жалобы", "--yes")
    before = (flask.json("users", "list"), flask.acts())

    assert refusal(flask.run(*words)) == told

    assert (flask.json("users", "list"), flask.acts()) == before


@pytest.mark.parametrize(
    "words",
    [
        ("users", "block", "klient", "--yes"),
        ("users", "block", "klient", "--reason", " ", "--yes"),
        ("users", "block", "klient", "--reason", "а" * 501, "--yes"),
        ("users", "block", "klient", "--reason", "a\x1b[2J", "--yes"),
        ("users", "show", "a\udcff"),
        ("users", "list", "--limit", "0"),
        ("users", "list", "--limit", "1001"),
        ("users", "list", "--after", "2147483648"),
        ("sessions", "end", "--yes"),
        ("sessions", "end", "1", "--user", "klient", "--yes"),
        ("sessions", "end", "one", "--yes"),
    ],
)
def test_a_command_that_is_used_wrongly_says_so_with_exit_code_2(
    flask: CommandLine, client: Actor, words: tuple[str, ...]
) -> None:
    result = flask.run(*words)

    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert client.get("/api/auth/me/").status_code == 200
