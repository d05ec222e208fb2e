"""A new e-mail or phone: it waits for its code, and the old one is told."""

from __future__ import annotations

import pytest
from actors import PASSWORD, Actor, People, assert_problem
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
from auth.support import later, log_in, newest_code, notices, works
from flask import Flask

from marketplace.auth import code_filling


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


def test_giving_the_present_contact_withdraws_the_new_one(app: Flask, maria: Actor) -> None:
    change(maria, "email", NEW_EMAIL)
    code = newest_code(app)

    assert change(maria, "email", EMAIL).get_json()["pending_email"] is None

    assert_problem(confirm(maria, code), 422, "code_invalid")
    assert account(maria)["email"] == EMAIL


def test_a_notice_in_hand_never_carries_the_code_of_another_address(
    app: Flask, maria: Actor
) -> None:
    change(maria, "email", NEW_EMAIL)
    ((in_hand,),) = notices(app, "payload")
    with later(seconds=61):
        change(maria, "email", "third@example.org")
        with app.app_context():
            assert code_filling.fill([in_hand]) == [None]
        assert newest_code(app, "third@example.org")


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
