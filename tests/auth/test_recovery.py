"""The way back to a forgotten password, which tells nobody who has an account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from actors import PASSWORD, Actor, assert_problem
from auth.support import (
    in_parallel,
    later,
    log_in,
    logged_in,
    newest_code,
    notices,
    other_than,
    works,
)
from command_line import CommandLine
from flask import Flask
from test_query_counts import statements

EMAIL = "maria.sokolova@example.com"
PHONE = "+79161234567"
NEW = "лунный-берег-58"
NOBODY = "nobody@example.com"


def forget(caller: Actor, login: str = EMAIL):
    return caller.post("/api/auth/password/forgot/", {"login": login})


def reset(caller: Actor, code: str, login: str = EMAIL, password: str = NEW):
    body = {"login": login, "code": code, "new_password": password}
    return caller.post("/api/auth/password/reset/", body)


def code_notices(app: Flask) -> list[tuple[object, ...]]:
    rows = notices(app, "kind", "state", "channel", "destination")
    return [row[1:] for row in rows if row[0] == "code_password"]


def test_a_code_sets_a_new_password_and_ends_every_session(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    phone = logged_in(anonymous, "maria.sokolova")

    assert forget(anonymous).status_code == 202
    answer = reset(anonymous, newest_code(app, EMAIL))

    assert answer.status_code == 204, answer.text
    assert not works(maria)
    assert not works(phone)
    assert log_in(anonymous, EMAIL).status_code == 401
    assert log_in(anonymous, EMAIL, NEW).status_code == 200
    assert ("password_reset",) in notices(app)


@pytest.mark.parametrize(
    ("login", "channel", "destination"),
    [
        (EMAIL, "email", EMAIL),
        ("MARIA.Sokolova@example.com", "email", EMAIL),
        (PHONE, "sms", PHONE),
        ("8 (916) 123-45-67", "sms", PHONE),
        ("maria.sokolova", "email", EMAIL),
    ],
)
@pytest.mark.usefixtures("maria")
def test_the_code_goes_where_the_person_says(
    app: Flask, anonymous: Actor, login: str, channel: str, destination: str
) -> None:
    forget(anonymous, login)

    assert code_notices(app) == [("pending", channel, destination)]
    assert reset(anonymous, newest_code(app), login).status_code == 204


def test_by_user_name_a_verified_phone_comes_before_an_unverified_address(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    maria.post("/api/auth/verify/phone/")
    maria.post("/api/auth/verify/phone/confirm/", {"code": newest_code(app)})

    forget(anonymous, "maria.sokolova")

    assert code_notices(app) == [("pending", "sms", PHONE)]


def test_whoever_reads_the_code_has_verified_the_contact(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    forget(anonymous)
    reset(anonymous, newest_code(app))

    again = logged_in(anonymous, EMAIL, password=NEW)
    shown = again.get("/api/auth/me/").get_json()

    assert (shown["email_verified"], shown["phone_verified"]) == (True, False)


def answer_of(response) -> tuple[object, ...]:
    headers = {name: value for name, value in response.headers if name != "X-Request-ID"}
    return response.status_code, response.data, headers


def test_an_account_that_exists_is_answered_as_one_that_does_not(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    for login in (EMAIL, PHONE, "maria.sokolova"):
        with later(hours=2):
            assert answer_of(forget(anonymous, login)) == answer_of(forget(anonymous, NOBODY))
    known = reset(anonymous, other_than(newest_code(app)))
    unknown = reset(anonymous, "123456", NOBODY)
    assert answer_of(known) == answer_of(unknown)
    assert known.status_code == 422


def test_both_cost_the_same_statements(app: Flask, anonymous: Actor, maria: Actor) -> None:
    def shape(act: Callable[[], object]) -> list[str]:
        with statements(app) as sent:
            act()
        return [" ".join(each.split()[:3]) for each in sent]

    for act in (forget, forget, lambda caller, login: reset(caller, "000000", login)):
        known = shape(lambda: act(anonymous, EMAIL))  # noqa: B023
        unknown = shape(lambda: act(anonymous, NOBODY))  # noqa: B023

        assert known == unknown


def test_a_second_code_within_a_minute_is_not_sent_and_not_said(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    first, second = forget(anonymous), forget(anonymous)

    assert answer_of(first) == answer_of(second)
    assert [state for state, *_ in code_notices(app)] == ["pending"]
    assert reset(anonymous, newest_code(app, EMAIL)).status_code == 204


def test_five_wrong_tries_end_the_code(app: Flask, anonymous: Actor, maria: Actor) -> None:
    forget(anonymous)
    code = newest_code(app)

    for _ in range(5):
        assert_problem(reset(anonymous, other_than(code)), 422, "code_invalid")

    assert_problem(reset(anonymous, code), 422, "code_invalid")
    assert log_in(anonymous, EMAIL).status_code == 200


def test_a_code_used_twice_at_once_works_once(app: Flask, anonymous: Actor, maria: Actor) -> None:
    forget(anonymous)
    code = newest_code(app)
    callers = [Actor(app.test_client()) for _ in range(4)]

    answers = in_parallel(
        4, lambda number: reset(callers[number], code, password=f"{NEW}-{number}").status_code
    )

    assert sorted(answers) == [204, 422, 422, 422]
    winner = answers.index(204)
    assert log_in(anonymous, EMAIL, f"{NEW}-{winner}").status_code == 200


@pytest.mark.parametrize("weak", ["12345678", "password123", "maria.sokolova", "коротк"])
def test_a_weak_password_is_refused_and_the_code_stays(
    app: Flask, anonymous: Actor, maria: Actor, weak: str
) -> None:
    forget(anonymous)
    code = newest_code(app)

    refused = reset(anonymous, code, password=weak)

    assert_problem(refused, 422, "invalid_fields", "new_password")
    assert reset(anonymous, code).status_code == 204


def test_a_blocked_account_gets_no_code(app: Flask, anonymous: Actor, maria: Actor) -> None:
    CommandLine(app).do("users", "block", maria.user_id, "--reason", "Жалобы", "--yes")

    assert forget(anonymous).status_code == 202

    assert [state for state, *_ in code_notices(app)] == ["cancelled"]


def test_a_failing_log_in_limit_leaves_the_way_back_open(
    make_app: Callable[..., Flask], app: Flask, maria: Actor
) -> None:
    limited = make_app(rate_limits=True)
    caller = Actor(limited.test_client())
    for _ in range(11):
        last = log_in(caller, EMAIL, "не-тот-пароль")
    assert last.status_code == 429

    assert forget(caller).status_code == 202
    assert reset(caller, newest_code(app)).status_code == 204


def test_codes_asked_for_from_one_address_are_limited(make_app: Callable[..., Flask]) -> None:
    caller = Actor(make_app(rate_limits=True).test_client())

    statuses = [forget(caller, f"nobody{number}@example.com").status_code for number in range(21)]

    assert statuses == [202] * 20 + [429]


def test_an_admin_sends_a_code_and_sets_nothing(app: Flask, anonymous: Actor, maria: Actor) -> None:
    told = CommandLine(app).do("users", "reset-password", "maria.sokolova", "--yes")

    assert "e-mail" in told
    assert newest_code(app) not in told
    assert works(maria)
    assert log_in(anonymous, EMAIL, PASSWORD).status_code == 200
    assert reset(anonymous, newest_code(app)).status_code == 204
    again = CommandLine(app).run("users", "reset-password", "maria.sokolova", "--yes")
    assert again.exit_code == 1
    assert "just now" in again.stderr


def test_a_change_of_password_and_a_new_device_are_told(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    assert notices(app) == []
    pixel = {"User-Agent": "BeautyGo/3.1 (Android 15; Pixel 8)"}

    log_in(anonymous, EMAIL, headers=pixel)
    log_in(anonymous, EMAIL, headers=pixel)
    body = {"old_password": PASSWORD, "new_password": NEW}
    assert maria.post("/api/auth/password/change/", body).status_code == 204

    assert notices(app) == [("new_device",), ("password_changed",)]


def test_a_spent_refresh_token_that_comes_again_is_told(
    app: Flask, anonymous: Actor, maria: Actor
) -> None:
    from auth.support import refresh, refreshed  # noqa: PLC0415

    second = refreshed(maria, maria.refresh)
    refreshed(second, second.refresh)

    assert refresh(anonymous, maria.refresh).status_code == 401

    assert notices(app) == [("session_replayed",)]
