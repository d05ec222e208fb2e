"""Codes to one's e-mail and phone, and changing to other ones."""

from __future__ import annotations

import pytest
from actors import Actor, People, assert_problem
from auth.contacts import (
    CONTACTS,
    EMAIL,
    NEW_EMAIL,
    account,
    ask,
    change,
    confirm,
    signed_in_again,
)
from auth.support import (
    in_parallel,
    later,
    newest_code,
    notices,
    other_than,
)
from flask import Flask


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
