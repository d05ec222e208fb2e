"""Signing in: by any of three names, telling nothing to those who guess."""

from __future__ import annotations

import statistics
import time

import pytest
import sqlalchemy as sa
from actors import PASSWORD, Actor, People, assert_problem
from argon2 import PasswordHasher, extract_parameters
from auth.support import claims_of, log_in, logged_in, registered, row_of, works
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.auth import administration
from marketplace.auth.models import User
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional

NAMES_OF_MARIA = (
    "maria.sokolova",
    "MARIA.Sokolova",
    "ｍaria.sokolova",
    " maria.sokolova ",
    "maria.sokolova@example.com",
    "Maria.Sokolova@EXAMPLE.COM",
    "+79161234567",
    "89161234567",
    "8 (916) 123-45-67",
    "+7 916 123\u201145\u201167",
)


def test_one_signs_in_by_name_address_or_number_in_any_writing(anonymous: Actor) -> None:
    maria = registered(anonymous)

    signed_in_as = [logged_in(anonymous, name).user_id for name in NAMES_OF_MARIA]

    assert signed_in_as == [maria.user_id] * len(NAMES_OF_MARIA)


@pytest.mark.usefixtures("client")
def test_a_sign_in_answers_two_tokens_that_no_cache_may_keep(anonymous: Actor) -> None:
    response = log_in(anonymous)

    assert response.status_code == 200
    assert set(response.get_json()) == {"access", "refresh"}
    assert response.headers["Cache-Control"] == "no-store"


def test_a_cyrillic_name_signs_in_in_any_case(anonymous: Actor) -> None:
    registered(anonymous, username="ЁлкаИгоревна")

    assert log_in(anonymous, "ёлкаигоревна").status_code == 200


def test_an_address_in_a_cyrillic_domain_signs_in_in_punycode_too(anonymous: Actor) -> None:
    registered(anonymous, email="maria@пример.рф")

    assert log_in(anonymous, "maria@пример.рф").status_code == 200
    assert log_in(anonymous, "maria@xn--e1afmkfd.xn--p1ai").status_code == 200


def test_each_sign_in_is_a_session_of_its_own(client: Actor, anonymous: Actor) -> None:
    first = logged_in(anonymous)
    second = logged_in(anonymous)

    assert len({client.session_id, first.session_id, second.session_id}) == 3
    assert works(first)
    assert works(second)


@pytest.mark.usefixtures("client")
def test_a_missing_account_and_a_wrong_password_cannot_be_told_apart(anonymous: Actor) -> None:
    wrong = log_in(anonymous, "klient", "не-тот-пароль")

    for login in ("nobody.at.all", "nobody@example.com", "+79160000000", "никто", "x" * 254):
        missing = log_in(anonymous, login, "не-тот-пароль")

        assert missing.data == wrong.data
        assert told(missing) == told(wrong)
    assert_problem(wrong, 401, "wrong_credentials")


def told(response: TestResponse) -> dict[str, str]:
    """The headers, without those that differ between any two answers."""
    changing = ("X-Request-ID", "Date")
    return {name: value for name, value in response.headers.items() if name not in changing}


@pytest.mark.usefixtures("client")
def test_a_missing_account_costs_as_much_as_a_wrong_password(anonymous: Actor) -> None:
    spent: dict[str, list[float]] = {"klient": [], "nobody.at.all": []}

    for _ in range(12):
        for login, times in spent.items():
            started = time.process_time()
            log_in(anonymous, login, "не-тот-пароль")
            times.append(time.process_time() - started)

    known, missing = (statistics.median(times) for times in spent.values())
    assert 0.6 < missing / known < 1.6


def test_a_blocked_account_is_named_only_to_one_who_knows_the_password(
    app: Flask, client: Actor, anonymous: Actor
) -> None:
    with app.app_context():
        administration.block(client.user_id, "fraud", actor="admin", now=utc_now())

    assert_problem(log_in(anonymous, "klient", "не-тот-пароль"), 401, "wrong_credentials")
    assert_problem(log_in(anonymous, "klient", PASSWORD), 403, "account_blocked")


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("value", [None, 5, [], {}, True, ""])
def test_a_wrong_field_is_named(visitor: Actor, field: str, value: object) -> None:
    body = {"username": "klient", "password": PASSWORD} | {field: value}

    response = visitor.post("/api/auth/login/", body)

    assert_problem(response, 422, "invalid_fields", field)


def test_missing_and_unknown_fields_are_named(visitor: Actor) -> None:
    empty = visitor.post("/api/auth/login/", {})
    more = visitor.post(
        "/api/auth/login/", {"username": "klient", "password": PASSWORD, "role": "specialist"}
    )

    assert_problem(empty, 422, "invalid_fields", "username", "password")
    assert_problem(more, 422, "invalid_fields", "role")


@pytest.mark.usefixtures("client")
def test_a_long_password_is_refused_before_the_hash(anonymous: Actor) -> None:
    response = log_in(anonymous, "klient", "x" * 10_000)

    assert_problem(response, 422, "invalid_fields", "password")


def test_a_stored_password_is_an_argon2id_hash_of_todays_cost(app: Flask, anonymous: Actor) -> None:
    maria = registered(anonymous)

    stored = row_of(app, "users", maria.user_id)["password_hash"]

    cost = extract_parameters(stored)
    assert stored.startswith("$argon2id$v=19$")
    assert (cost.memory_cost, cost.time_cost, cost.parallelism) >= (19_456, 2, 1)


def test_a_weaker_hash_is_renewed_by_the_right_password_only(
    app: Flask, client: Actor, anonymous: Actor
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    store_hash(app, client.user_id, weak)

    log_in(anonymous, "klient", "не-тот-пароль")
    after_wrong = row_of(app, "users", client.user_id)["password_hash"]
    logged_in(anonymous)
    after_right = row_of(app, "users", client.user_id)["password_hash"]

    assert after_wrong == weak
    assert extract_parameters(after_right).memory_cost >= 19_456
    assert log_in(anonymous).status_code == 200
    assert works(client)


def store_hash(app: Flask, user_id: int, password_hash: str) -> None:
    @transactional
    def store() -> None:
        session().execute(
            sa.update(User).where(User.id == user_id).values(password_hash=password_hash)
        )

    with app.app_context():
        store()


def test_the_tokens_of_a_sign_in_name_the_session_and_nothing_personal(
    people: People, anonymous: Actor
) -> None:
    people.specialist()

    master = logged_in(anonymous, "master")

    for token, kind in ((master.access, "access"), (master.refresh, "refresh")):
        claims = claims_of(token)
        assert claims["type"] == kind
        assert claims["sub"] == str(master.user_id)
        personal = {"username", "email", "phone", "role"}
        assert not personal & set(claims)
