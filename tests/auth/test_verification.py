"""Codes to one's e-mail and phone, and changing to other ones."""

from __future__ import annotations

import pytest
from actors import PASSWORD, Actor, People, assert_problem
from auth.support import (
    in_parallel,
    later,
    log_in,
    logged_in,
    newest_code,
    notices,
    other_than,
    registered,
    works,
)
from flask import Flask

EMAIL = "maria.sokolova@example.com"
NEW_EMAIL = "maria@example.org"
PHONE = "+79161234567"
NEW_PHONE = "+79167654321"
CONTACTS = {"email": (EMAIL, NEW_EMAIL), "phone": (PHONE, NEW_PHONE)}


@pytest.fixture
def maria(anonymous: Actor) -> Actor:
    return registered(anonymous)


def signed_in_again(person: Actor) -> Actor:
    """The person, whose access token has run out meanwhile."""
    return logged_in(Actor(person.client), "maria.sokolova")


def account(person: Actor) -> dict[str, object]:
    shown: dict[str, object] = person.get("/api/auth/me/").get_json()
    return shown


def ask(person: Actor, contact: str = "email") -> None:
    answer = person.post(f"/api/auth/verify/{contact}/")
    assert answer.status_code == 202, answer.text
    assert answer.data == b""


def confirm(person: Actor, code: str, contact: str = "email"):
    return person.post(f"/api/auth/verify/{contact}/confirm/", {"code": code})


def change(person: Actor, contact: str, value: str, password: str = PASSWORD):
    return person.patch("/api/auth/me/", {contact: value, "current_password": password})


@pytest.mark.parametrize("contact", CONTACTS)
def test_the_code_that_was_sent_verifies_the_contact(
    app: Flask, maria: Actor, contact: str
) -> None:
    assert account(maria)[f"{contact}_verified"] is False

    ask(maria, contact)
    answer = confirm(maria, newest_code(app, CONTACTS[contact][0]), contact)

    assert answer.status_code == 204, answer.text
    assert account(maria)[f"{contact}_verified"] is True


def test_a_code_works_once_and_for_ten_minutes(app: Flask, maria: Actor) -> None:
    ask(maria)
    code = newest_code(app)
    with later(minutes=10, seconds=1):
        assert_problem(confirm(maria, code), 422, "code_invalid")
    assert confirm(maria, code).status_code == 204
    assert_problem(confirm(maria, code), 422, "code_invalid")


def test_five_wrong_tries_end_a_code(app: Flask, maria: Actor) -> None:
    ask(maria)
    code = newest_code(app)

    for _ in range(5):
        assert_problem(confirm(maria, other_than(code)), 422, "code_invalid")

    assert_problem(confirm(maria, code), 422, "code_invalid")
    assert account(maria)["email_verified"] is False


def test_the_fourth_try_may_still_be_wrong_and_the_fifth_right(app: Flask, maria: Actor) -> None:
    ask(maria)
    code = newest_code(app)
    for _ in range(4):
        confirm(maria, other_than(code))

    assert confirm(maria, code).status_code == 204


def test_of_parallel_right_codes_one_works(app: Flask, maria: Actor) -> None:
    ask(maria)
    code = newest_code(app)
    people = [Actor(app.test_client(), access=maria.access) for _ in range(5)]

    answers = in_parallel(5, lambda number: confirm(people[number], code).status_code)

    assert sorted(answers) == [204, 422, 422, 422, 422]


def test_of_parallel_wrong_codes_five_are_compared(
    app: Flask, maria: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketplace.auth import codes  # noqa: PLC0415 - what is watched

    ask(maria)
    code = newest_code(app)
    compared = []
    compare = codes.is_code
    monkeypatch.setattr(
        codes, "is_code", lambda *args, **more: compared.append(1) or compare(*args, **more)
    )
    people = [Actor(app.test_client(), access=maria.access) for _ in range(20)]

    in_parallel(20, lambda number: confirm(people[number], other_than(code)).status_code)

    assert len(compared) == 5
    assert_problem(confirm(maria, code), 422, "code_invalid")


def test_the_next_code_is_sent_after_a_minute_and_replaces_the_first(
    app: Flask, maria: Actor
) -> None:
    ask(maria)
    first = newest_code(app)

    refused = maria.post("/api/auth/verify/email/")
    assert_problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    with later(seconds=61):
        ask(maria)
        second = newest_code(app)
        if first != second:
            assert_problem(confirm(maria, first), 422, "code_invalid")
        assert confirm(maria, second).status_code == 204
    # What was not sent yet of the first code is not sent any more.
    states = [state for kind, state in notices(app, "kind", "state") if kind == "code_email"]
    assert states == ["cancelled", "pending"]


def test_after_a_code_was_used_a_new_address_need_not_wait(app: Flask, maria: Actor) -> None:
    ask(maria)
    confirm(maria, newest_code(app))

    assert change(maria, "email", NEW_EMAIL).status_code == 200
    assert_problem(change(maria, "email", "third@example.org"), 429, "too_many_requests")


def test_one_destination_gets_five_codes_an_hour(app: Flask, maria: Actor) -> None:
    for minute in range(0, 50, 10):
        with later(minutes=minute):
            ask(signed_in_again(maria))
    with later(minutes=50):
        refused = signed_in_again(maria).post("/api/auth/verify/email/")
    assert_problem(refused, 429, "too_many_requests")
    assert 500 < int(refused.headers["Retry-After"]) <= 600


def test_a_code_for_one_purpose_is_none_for_another(app: Flask, maria: Actor) -> None:
    ask(maria, "email")
    code = newest_code(app)

    assert_problem(confirm(maria, code, "phone"), 422, "code_invalid")
    reset = {"login": EMAIL, "code": code, "new_password": "лунный-берег-58"}
    assert_problem(maria.post("/api/auth/password/reset/", reset), 422, "code_invalid")


def test_somebody_elses_code_is_none(app: Flask, maria: Actor, people: People) -> None:
    ask(maria)
    code = newest_code(app)

    assert_problem(confirm(people.client("other"), code), 422, "code_invalid")
    assert confirm(maria, code).status_code == 204


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "１２３４５６", 123456, None, ""])
def test_what_is_no_code_is_named(maria: Actor, code: object) -> None:
    answer = maria.post("/api/auth/verify/email/confirm/", {"code": code})

    assert_problem(answer, 422, "invalid_fields", "code")


def test_there_is_nothing_to_verify_without_a_phone(people: People) -> None:
    answer = people.client().post("/api/auth/verify/phone/")

    assert_problem(answer, 409, "contact_missing")


@pytest.mark.parametrize("contact", CONTACTS)
def test_a_new_contact_takes_effect_when_confirmed_and_the_old_is_told(
    app: Flask, maria: Actor, contact: str
) -> None:
    old, new = CONTACTS[contact]

    answer = change(maria, contact, new)

    assert answer.status_code == 200, answer.text
    assert answer.get_json()[contact] == old
    assert answer.get_json()[f"pending_{contact}"] == new
    assert account(maria)[f"pending_{contact}"] == new
    assert log_in(maria, new).status_code == 401
    assert confirm(maria, newest_code(app, new), contact).status_code == 204
    shown = account(maria)
    assert (shown[contact], shown[f"{contact}_verified"]) == (new, True)
    assert shown[f"pending_{contact}"] is None
    assert log_in(maria, new).status_code == 200
    assert log_in(maria, old).status_code == 401
    assert works(maria)
    told = [row[1:] for row in notices(app, "kind", "destination", "user_id")]
    assert (old, maria.user_id) in told


def test_a_new_contact_can_be_asked_for_again_when_its_code_ran_out(
    app: Flask, maria: Actor
) -> None:
    change(maria, "email", NEW_EMAIL)
    with later(minutes=30):
        maria = signed_in_again(maria)
        ask(maria)
        assert confirm(maria, newest_code(app, NEW_EMAIL)).status_code == 204
        assert account(maria)["email"] == NEW_EMAIL


def test_a_new_contact_that_was_never_confirmed_is_forgotten(app: Flask, maria: Actor) -> None:
    change(maria, "email", NEW_EMAIL)
    with later(hours=25):
        maria = signed_in_again(maria)
        assert account(maria)["pending_email"] is None


def test_changing_a_contact_takes_the_right_password(app: Flask, maria: Actor) -> None:
    missing = maria.patch("/api/auth/me/", {"email": NEW_EMAIL})
    assert_problem(missing, 422, "invalid_fields", "current_password")
    wrong = change(maria, "email", NEW_EMAIL, "не-тот-пароль")
    assert_problem(wrong, 422, "wrong_password", "current_password")
    assert account(maria)["pending_email"] is None
    assert "code_email" not in {kind for (kind,) in notices(app)}


def test_a_contact_of_somebody_else_is_refused(maria: Actor, people: People) -> None:
    people.client("olga")

    answer = change(maria, "email", "OLGA@example.com")

    assert_problem(answer, 409, "email_taken", "email")
    assert account(maria)["pending_email"] is None


def test_of_two_who_want_one_address_the_first_to_confirm_gets_it(
    app: Flask, maria: Actor, people: People
) -> None:
    olga = people.client("olga")
    change(maria, "email", NEW_EMAIL)
    code = newest_code(app, NEW_EMAIL)
    with later(seconds=61):
        assert change(olga, "email", NEW_EMAIL).status_code == 200
        assert confirm(olga, newest_code(app, NEW_EMAIL)).status_code == 204

        assert_problem(confirm(maria, code), 409, "email_taken", "email")
    assert account(maria)["email"] == EMAIL


def test_a_stale_condition_changes_nothing(app: Flask, maria: Actor) -> None:
    body = {"email": NEW_EMAIL, "current_password": PASSWORD}

    answer = maria.patch("/api/auth/me/", body, headers={"If-Match": '"old"'})

    assert_problem(answer, 412, "precondition_failed")
    assert account(maria)["pending_email"] is None
    assert "code_email" not in {kind for (kind,) in notices(app)}


def test_no_answer_and_no_row_holds_the_code(app: Flask, maria: Actor) -> None:
    import sqlalchemy as sa  # noqa: PLC0415

    from marketplace.core.database import Base  # noqa: PLC0415
    from marketplace.extensions import db  # noqa: PLC0415

    ask(maria)
    code = newest_code(app)

    with app.app_context(), db.engine.connect() as connection:
        stored = [
            str(value)
            for table in Base.metadata.sorted_tables
            for row in connection.execute(sa.select(table))
            for name, value in row._mapping.items()
            if name not in {"nonce", "dedup_key"} and not isinstance(value, int)
        ]
    assert [value for value in stored if value == code or f'"{code}"' in value] == []
