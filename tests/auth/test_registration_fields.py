"""What a registration may hold, and that everything wrong with it is named."""

from __future__ import annotations

from typing import Any

import pytest
from actors import Actor, assert_problem
from auth.support import (
    REGISTRATION,
    log_in,
    register,
    registered,
)


@pytest.mark.parametrize("name", ["username", "password", "role"])
def test_a_missing_field_is_named(visitor: Actor, name: str) -> None:
    body = {field: value for field, value in REGISTRATION.items() if field != name}

    assert_problem(visitor.post("/api/auth/register/", body), 422, "invalid_fields", name)


@pytest.mark.parametrize("name", list(REGISTRATION))
@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], {}, ["maria"], ""])
def test_a_null_or_wrongly_typed_field_is_named(visitor: Actor, name: str, value: Any) -> None:
    assert_problem(register(visitor, **{name: value}), 422, "invalid_fields", name)


def test_everything_that_is_missing_is_named_at_once(visitor: Actor) -> None:
    assert_problem(visitor.post("/api/auth/register/", {}), 422, "invalid_fields", *REGISTRATION)


def test_everything_that_is_wrong_is_named_at_once(visitor: Actor) -> None:
    body = {
        "username": "x",
        "password": "12345678",
        "email": "not an address",
        "phone": "not a phone",
        "role": "admin",
    }

    problem = assert_problem(
        visitor.post("/api/auth/register/", body), 422, "invalid_fields", *REGISTRATION
    )

    assert problem["errors"]["email"] == ["Это не адрес электронной почты."]


@pytest.mark.parametrize("body", ["[]", '"maria"', "5", "null", "[{}]"])
def test_a_body_that_is_no_object_is_refused(visitor: Actor, body: str) -> None:
    response = visitor.call(
        "POST", "/api/auth/register/", data=body, content_type="application/json"
    )

    assert_problem(response, 422, "invalid_fields", "body")


def test_without_any_contact_both_are_named(visitor: Actor) -> None:
    body = {name: REGISTRATION[name] for name in ("username", "password", "role")}

    response = visitor.post("/api/auth/register/", body)

    problem = assert_problem(response, 422, "invalid_fields", "email", "phone")
    assert problem["errors"]["phone"] == ["Укажите почту или телефон."]


@pytest.mark.parametrize("role", ["admin", "Client", "CLIENT", "moderator", "client "])
def test_no_other_role_can_be_registered(visitor: Actor, role: str) -> None:
    assert_problem(register(visitor, role=role), 422, "invalid_fields", "role")


@pytest.mark.parametrize(
    "name",
    ["id", "is_admin", "is_demo", "email_verified", "language", "blocked_at", "password_hash"],
)
def test_an_unknown_field_is_refused(visitor: Actor, name: str) -> None:
    assert_problem(register(visitor, **{name: 1}), 422, "invalid_fields", name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "аdmin"),
        ("username", "maria@example.com"),
        ("username", "89161234567"),
        ("username", "maria\u0000"),
        ("username", "maria\nFAKE"),
        ("email", "maria@example"),
        ("email", "a" * 250 + "@example.com"),
        ("phone", "112"),
        ("phone", "+7 916 123-45-6"),
    ],
)
def test_a_name_or_contact_that_breaks_a_rule_is_named(
    visitor: Actor, field: str, value: str
) -> None:
    assert_problem(register(visitor, **{field: value}), 422, "invalid_fields", field)


def test_a_lone_surrogate_is_refused(visitor: Actor) -> None:
    raw = '{"username": "mar\\ud800ia", "password": "тихий-ве\\udfffчер", "role": "client"}'

    response = visitor.call(
        "POST", "/api/auth/register/", data=raw.encode(), content_type="application/json"
    )

    assert_problem(response, 422, "invalid_fields", "username", "password", "email", "phone")


@pytest.mark.parametrize(
    "password",
    [
        "корот-7",
        "x7" * 64 + "y",
        "тихий-вечер-7\u0000",
        "9318457120",
        "password123",
        "beautygo2026",
        "maria.sokolova",
        "Maria.Sokolova@example.com",
        "+79161234567",
    ],
)
def test_a_weak_or_unfit_password_is_named(visitor: Actor, password: str) -> None:
    assert_problem(register(visitor, password=password), 422, "invalid_fields", "password")


@pytest.mark.parametrize(
    "password",
    ["тихий-7!", "x7-" * 21 + "y", "  два пробела по краям  ", "🐈‍⬛ и 🐕, Ё\u0308!", "x7" * 64],
)
def test_a_password_is_kept_to_its_last_character(anonymous: Actor, password: str) -> None:
    registered(anonymous, password=password)

    right = log_in(anonymous, "maria.sokolova", password)
    wrong = [
        log_in(anonymous, "maria.sokolova", other) for other in (password[:-1], password + "x")
    ]

    assert right.status_code == 200
    assert {response.status_code for response in wrong} <= {401, 422}


def test_a_megabyte_of_password_never_reaches_the_hash(visitor: Actor) -> None:
    assert_problem(register(visitor, password="x" * 10_000), 422, "invalid_fields", "password")
    assert_problem(register(visitor, password="x" * 1_000_000), 413, "payload_too_large")


def test_texts_of_refusals_follow_the_language_but_codes_do_not(visitor: Actor) -> None:
    russian = register(visitor, role="admin")
    english = visitor.post(
        "/api/auth/register/", REGISTRATION | {"role": "admin"}, headers={"Accept-Language": "en"}
    )

    assert russian.get_json()["code"] == english.get_json()["code"]
    assert russian.get_json()["title"] == "Проверьте данные"
    assert english.get_json()["title"] == "Invalid fields"
