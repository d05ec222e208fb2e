"""Registration: what it answers, what it makes, and that it never touches an existing account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from actors import PASSWORD, Actor, People, assert_problem
from auth.support import (
    REGISTRATION,
    in_parallel,
    log_in,
    refreshed,
    register,
    registered,
    row_of,
    works,
)
from flask import Flask

OTHERS = {
    "username": "other.person",
    "email": "other.person@example.com",
    "phone": "+79169999999",
    "password": "другой-пароль-9",
}


@pytest.mark.parametrize("role", ["client", "specialist"])
def test_registration_answers_the_account_and_its_tokens(anonymous: Actor, role: str) -> None:
    response = register(anonymous, role=role)

    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert set(body) == {"message", "user", "access", "refresh"}
    assert body["message"] == "Регистрация прошла успешно"
    assert body["user"] == {
        "id": body["user"]["id"],
        "username": "maria.sokolova",
        "email": "maria.sokolova@example.com",
        "email_verified": False,
        "phone": "+79161234567",
        "phone_verified": False,
        "role": role,
        "language": "ru",
    }


def test_both_tokens_of_a_registration_work(anonymous: Actor) -> None:
    maria = registered(anonymous)

    again = refreshed(maria, maria.refresh)

    assert works(maria)
    assert works(again)


def test_a_profile_exists_at_once(anonymous: Actor) -> None:
    maria = registered(anonymous)

    profile = maria.get("/api/auth/profile/me/")

    assert profile.status_code == 200
    assert profile.get_json()["id"] == maria.user_id


def test_one_who_reads_english_is_answered_in_english_and_remembered_so(anonymous: Actor) -> None:
    anonymous.headers["Accept-Language"] = "en-GB,en;q=0.9"

    response = register(anonymous)

    assert response.get_json()["message"] == "Registration succeeded"
    assert response.get_json()["user"]["language"] == "en"


@pytest.mark.parametrize("missing", ["email", "phone"])
def test_one_of_the_two_contacts_is_enough(anonymous: Actor, missing: str) -> None:
    body = {name: value for name, value in REGISTRATION.items() if name != missing}

    response = anonymous.post("/api/auth/register/", body)

    assert response.status_code == 201
    assert response.get_json()["user"][missing] is None


def test_the_path_without_its_last_slash_registers_too(anonymous: Actor) -> None:
    assert anonymous.post("/api/auth/register", REGISTRATION).status_code == 201


def test_contacts_and_name_are_kept_in_their_normal_form(anonymous: Actor) -> None:
    changes = {"username": " ｍaria ", "phone": "8 (916) 123-45-67", "email": "Maria@EXAMPLE.com"}

    user = register(anonymous, **changes).get_json()["user"]

    assert user["username"] == "maria"
    assert user["phone"] == "+79161234567"
    assert user["email"] == "Maria@example.com"


@pytest.mark.parametrize(
    ("taken", "code"),
    [
        ({"username": "MARIA.Sokolova"}, "username_taken"),
        ({"username": "ｍaria.sokolova"}, "username_taken"),
        ({"email": "Maria.SOKOLOVA@Example.COM"}, "email_taken"),
        ({"phone": "8 (916) 123-45-67"}, "phone_taken"),
    ],
)
def test_a_taken_name_or_contact_is_a_conflict_in_any_writing(
    anonymous: Actor, taken: dict[str, str], code: str
) -> None:
    registered(anonymous)

    response = register(anonymous, **(OTHERS | taken))

    assert_problem(response, 409, code, *taken)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("username", "email", "phone"), "username_taken"),
        (("username", "phone"), "username_taken"),
        (("email", "phone"), "email_taken"),
    ],
)
def test_all_that_is_taken_is_named_and_the_first_gives_the_code(
    people: People, anonymous: Actor, names: tuple[str, ...], code: str
) -> None:
    registered(anonymous)
    people.client("stranger")

    response = register(anonymous, **(OTHERS | {name: REGISTRATION[name] for name in names}))

    assert_problem(response, 409, code, *names)
    errors = response.get_json()["errors"]
    assert errors == {name: ["Уже занято другим пользователем."] for name in names}


def test_what_different_people_hold_is_named_together(anonymous: Actor) -> None:
    registered(anonymous)
    registered(anonymous, **OTHERS)

    response = register(anonymous, username="third", email=OTHERS["email"])

    assert_problem(response, 409, "email_taken", "email", "phone")


def test_a_cyrillic_name_is_taken_regardless_of_case(anonymous: Actor) -> None:
    registered(anonymous, username="Ёлка")

    response = register(anonymous, **OTHERS | {"username": "ёЛКА"})

    assert_problem(response, 409, "username_taken", "username")


@pytest.mark.parametrize("taken", ["username", "email", "phone"])
def test_a_refused_registration_leaves_the_existing_account_as_it_was(
    app: Flask, anonymous: Actor, taken: str
) -> None:
    maria = registered(anonymous)
    before = row_of(app, "users", maria.user_id)

    register(anonymous, **(OTHERS | {taken: REGISTRATION[taken], "role": "specialist"}))

    assert row_of(app, "users", maria.user_id) == before
    assert works(maria)
    assert log_in(anonymous, "maria.sokolova", PASSWORD).status_code == 200
    assert_problem(
        log_in(anonymous, "maria.sokolova", OTHERS["password"]), 401, "wrong_credentials"
    )


def test_a_refused_registration_leaves_nothing_behind(anonymous: Actor) -> None:
    registered(anonymous)
    register(anonymous, **(OTHERS | {"phone": REGISTRATION["phone"]}))

    assert registered(anonymous, **OTHERS).user_id > 0


def test_of_parallel_registrations_of_one_name_exactly_one_succeeds(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(threads=50)

    def act(number: int) -> tuple[int, str]:
        name = "Maria.Sokolova" if number % 2 else "maria.sokolova"
        contacts = {"email": f"maria{number}@example.com", "phone": f"+7916{number:07}"}
        response = register(Actor(app.test_client()), username=name, **contacts)
        return response.status_code, response.get_json().get("code", "")

    answers = Counter(in_parallel(50, act))

    assert answers == {(201, ""): 1, (409, "username_taken"): 49}


def test_parallel_registrations_of_one_contact_make_one_account(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(threads=16)

    def act(number: int) -> str:
        response = register(Actor(app.test_client()), username=f"maria{number}")
        return str(response.get_json().get("code", "made"))

    answers = Counter(in_parallel(16, act))

    assert answers.pop("made") == 1
    assert set(answers) <= {"email_taken", "phone_taken"}


def test_a_new_account_is_nobody_elses(people: People, anonymous: Actor) -> None:
    stranger = people.client("stranger")
    maria = registered(anonymous)

    assert stranger.get("/api/auth/me/").get_json()["username"] == "stranger"
    assert maria.get("/api/auth/me/").get_json()["username"] == "maria.sokolova"
