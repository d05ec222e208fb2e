"""What a code for a new password must never open: the account of somebody else."""

from __future__ import annotations

import pytest
from actors import PASSWORD, Actor, assert_problem
from auth.social import identities_of, linked, rows_of, verify_email
from auth.support import logged_in, newest_code, notices, works
from auth.test_recovery import EMAIL, NEW, PHONE, code_notices, forget, reset
from flask import Flask

from marketplace.notifications.models import PushDevice


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_a_contact_nobody_verified_gets_no_code_of_a_verified_account(
    app: Flask, anonymous: Actor, maria: Actor, kind: str
) -> None:
    own, login, channel = (EMAIL, PHONE, "email") if kind == "email" else (PHONE, EMAIL, "sms")
    maria.post(f"/api/auth/verify/{kind}/")
    maria.post(f"/api/auth/verify/{kind}/confirm/", {"code": newest_code(app)})

    assert forget(anonymous, login).status_code == 202

    assert code_notices(app) == [("pending", channel, own)]


def test_a_code_sent_to_an_address_that_was_given_up_is_void(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    forget(anonymous)
    code = newest_code(app, EMAIL)
    maria.patch("/api/auth/me/", {"email": "new@example.com", "current_password": PASSWORD})
    confirmed = {"code": newest_code(app, "new@example.com")}
    assert maria.post("/api/auth/verify/email/confirm/", confirmed).status_code == 204

    assert_problem(reset(anonymous, code, "maria.sokolova"), 422, "code_invalid")

    assert works(maria)


def test_a_change_of_password_ends_the_code_for_a_new_one(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    forget(anonymous)
    code = newest_code(app)
    body = {"old_password": PASSWORD, "new_password": NEW}
    assert maria.post("/api/auth/password/change/", body).status_code == 204

    assert_problem(reset(anonymous, code, password=PASSWORD), 422, "code_invalid")


def test_whoever_waits_in_another_s_account_is_shut_out_of_it(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    linked(maria)
    maria.post("/api/auth/devices/", {"token": "waiting", "platform": "android"})
    thief = {"phone": "+79161112233", "current_password": PASSWORD}
    assert maria.patch("/api/auth/me/", thief).status_code == 200
    forget(anonymous)

    assert reset(anonymous, newest_code(app, EMAIL)).status_code == 204

    assert identities_of(app, maria.user_id) == []
    assert rows_of(app, PushDevice, user_id=maria.user_id) == []
    owner = logged_in(anonymous, EMAIL, password=NEW)
    assert owner.get("/api/auth/me/").get_json()["pending_phone"] is None


def test_a_verified_person_keeps_the_other_ways_in(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    linked(maria)
    verify_email(app, maria.user_id)
    forget(anonymous)

    reset(anonymous, newest_code(app))

    assert identities_of(app, maria.user_id) == [("vk", "1001")]


def test_a_first_phone_is_told_to_the_verified_e_mail(app: Flask, client: Actor) -> None:
    verify_email(app, client.user_id)
    email = client.get("/api/auth/me/").get_json()["email"]
    client.patch("/api/auth/me/", {"phone": PHONE, "current_password": PASSWORD})

    confirmed = client.post("/api/auth/verify/phone/confirm/", {"code": newest_code(app)})

    assert confirmed.status_code == 204
    assert ("phone_changed", "email", email) in notices(app, "kind", "channel", "destination")
