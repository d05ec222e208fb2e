"""Guessing passwords and registering in bulk: counted by address and by account."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
import time_machine
from actors import PASSWORD, Actor, assert_problem
from auth.support import (
    at_address,
    in_parallel,
    later,
    log_in,
    logged_in,
    register,
    works,
)
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.auth import passwords
from marketplace.core import limits
from marketplace.core.clock import utc_now
from marketplace.settings import RateLimitSettings

WRONG = "не-тот-пароль"
HERE = "203.0.113.7"


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Flask:
    return make_app(rate_limits=True, threads=40)


@pytest.fixture
def caller(limited: Flask) -> Actor:
    return Actor(limited.test_client())


@pytest.fixture
def strict(make_app: Callable[..., Flask]) -> Actor:
    """A caller where three wrong passwords are enough: hashing takes its time."""
    few = RateLimitSettings(login_address="3/minute", login_account="3/minute")
    return Actor(make_app(rate_limits=True, limits=few).test_client())


def guess(
    caller: Actor, times: int, login: str = "maria.sokolova", address: str = HERE
) -> list[int]:
    return [log_in(caller, login, WRONG, **at_address(address)).status_code for _ in range(times)]


def from_everywhere(caller: Actor, times: int, login: str = "maria.sokolova") -> list[int]:
    """Guesses that come each from another address."""
    return [guess(caller, 1, login, f"198.51.100.{host}")[0] for host in range(times)]


def refused(response: TestResponse) -> int:
    """The answer is a 429; how many seconds it says to wait."""
    assert_problem(response, 429, "too_many_requests")
    seconds = int(response.headers["Retry-After"])
    assert 1 <= seconds <= 60
    return seconds


@pytest.mark.usefixtures("maria")
def test_ten_wrong_passwords_from_one_address_are_enough(caller: Actor) -> None:
    answers = guess(caller, 12)

    assert answers == [401] * 10 + [429] * 2
    refused(log_in(caller, "somebody.else", WRONG, **at_address(HERE)))
    refused(log_in(caller, "maria.sokolova", PASSWORD, **at_address(HERE)))


def test_guesses_at_many_accounts_from_one_address_add_up(strict: Actor) -> None:
    answers = [guess(strict, 1, f"person{number}")[0] for number in range(5)]

    assert answers == [401] * 3 + [429] * 2


@pytest.mark.usefixtures("maria")
def test_ten_wrong_passwords_of_one_account_are_enough_wherever_they_come_from(
    caller: Actor,
) -> None:
    answers = from_everywhere(caller, 12)

    assert answers == [401] * 10 + [429] * 2
    refused(log_in(caller, "maria.sokolova", PASSWORD, **at_address(HERE)))


@pytest.mark.usefixtures("maria")
def test_a_missing_account_is_limited_like_one_that_exists(strict: Actor) -> None:
    existing = from_everywhere(strict, 5)
    missing = from_everywhere(strict, 5, "nobody.at.all")

    refusals = [
        log_in(strict, login, WRONG, **at_address("192.0.2.1"))
        for login in ("maria.sokolova", "nobody.at.all")
    ]

    assert existing[:3] == [401] * 3
    assert missing == [401] * 3 + [429] * 2
    assert refusals[0].data == refusals[1].data


@pytest.mark.usefixtures("maria")
def test_all_names_of_an_account_share_one_limit(strict: Actor) -> None:
    names = (
        "maria.sokolova",
        "MARIA.Sokolova",
        "maria.sokolova@example.com",
        "Maria.Sokolova@Example.COM",
        "+79161234567",
        "8 (916) 123-45-67",
    )

    answers = [guess(strict, 1, names[number], f"198.51.100.{number}")[0] for number in range(6)]

    assert answers == [401] * 3 + [429] * 3


@pytest.mark.usefixtures("maria")
def test_one_account_is_not_locked_by_guesses_at_another(strict: Actor) -> None:
    from_everywhere(strict, 4, "somebody.else")

    assert log_in(strict, "maria.sokolova", PASSWORD, **at_address(HERE)).status_code == 200


@pytest.mark.usefixtures("maria")
def test_signing_in_rightly_is_not_counted(caller: Actor) -> None:
    right = [log_in(caller, "maria.sokolova", PASSWORD).status_code for _ in range(12)]
    wrong = guess(caller, 11, address="127.0.0.1")

    assert right == [200] * 12
    assert wrong == [401] * 10 + [429]


@pytest.mark.usefixtures("maria")
def test_after_a_minute_one_may_try_again(strict: Actor) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        guess(strict, 3)
        clock.shift(45)
        wait = refused(log_in(strict, "maria.sokolova", PASSWORD, **at_address(HERE)))
        clock.shift(wait + 1)

        assert wait == 15
        assert log_in(strict, "maria.sokolova", PASSWORD, **at_address(HERE)).status_code == 200


def test_the_owner_stays_signed_in_while_others_guess(strict: Actor, maria: Actor) -> None:
    from_everywhere(strict, 4)
    device = Actor(strict.client, access=maria.access)

    assert works(device)
    assert strict.post("/api/auth/refresh/", {"refresh": maria.refresh}).status_code == 200


@pytest.mark.usefixtures("maria")
def test_parallel_guesses_are_no_way_around(limited: Flask) -> None:
    def act(_number: int) -> int:
        return log_in(Actor(limited.test_client()), "maria.sokolova", WRONG).status_code

    answers = Counter(in_parallel(40, act))

    assert set(answers) == {401, 429}
    assert answers[401] <= 10


@pytest.mark.usefixtures("maria")
def test_parallel_guesses_from_many_addresses_are_no_way_around(limited: Flask) -> None:
    def act(number: int) -> int:
        stranger = Actor(limited.test_client())
        return guess(stranger, 1, address=f"198.51.100.{number}")[0]

    answers = Counter(in_parallel(40, act))

    assert set(answers) == {401, 429}
    assert answers[401] <= 10


def test_a_right_guess_that_is_still_checked_when_the_limit_is_reached_is_not_told(
    limited: Flask, maria: Actor
) -> None:
    slots = passwords._slots
    with ThreadPoolExecutor(1) as pool, ExitStack() as busy:
        for _ in range(slots._initial_value):
            busy.enter_context(slots)
        right = pool.submit(log_in, Actor(limited.test_client()), "maria.sokolova", PASSWORD)
        while not slots._cond._waiters:
            assert not right.done()
            time.sleep(0.01)

        with limited.app_context():
            for _ in range(10):
                limits.hit(("login_account", str(maria.user_id)))
        busy.close()

        refused(right.result(timeout=10))


@pytest.mark.usefixtures("maria")
def test_a_right_guess_after_the_tenth_wrong_one_is_not_told(limited: Flask, caller: Actor) -> None:
    guess(caller, 10, address="127.0.0.1")

    def act(number: int) -> int:
        password = PASSWORD if number % 4 == 0 else WRONG
        return log_in(Actor(limited.test_client()), "maria.sokolova", password).status_code

    assert in_parallel(12, act) == [429] * 12


def test_no_header_gives_a_guesser_another_address(strict: Actor) -> None:
    names = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "True-Client-IP")

    answers = [
        log_in(strict, f"person{n}", WRONG, headers=dict.fromkeys(names, f"198.51.100.{n}"))
        for n in range(4)
    ]

    assert [response.status_code for response in answers] == [401] * 3 + [429]


def test_guesses_from_one_ipv6_network_add_up(strict: Actor) -> None:
    answers = [
        guess(strict, 1, f"person{number}", f"2001:db8:1:2::{number:x}")[0] for number in range(4)
    ]

    assert answers == [401] * 3 + [429]


def change_password(caller: Actor, old: str) -> TestResponse:
    body: dict[str, Any] = {"old_password": old, "new_password": "лунный-берег-58"}
    return caller.post("/api/auth/password/change/", body)


def test_the_old_password_cannot_be_guessed_with_a_stolen_token(
    strict: Actor, maria: Actor
) -> None:
    thief = Actor(strict.client, access=maria.access)

    answers = [change_password(thief, WRONG).status_code for _ in range(4)]

    assert answers == [422] * 3 + [429]
    refused(change_password(thief, PASSWORD))
    # Counted apart, so neither stops the other's rightful use.
    assert log_in(strict, "maria.sokolova", PASSWORD).status_code == 200
    with later(seconds=61):
        assert change_password(thief, PASSWORD).status_code == 204


def test_parallel_guesses_at_the_old_password_are_no_way_around(
    limited: Flask, maria: Actor
) -> None:
    def act(_number: int) -> int:
        return change_password(Actor(limited.test_client(), access=maria.access), WRONG).status_code

    answers = Counter(in_parallel(30, act))

    assert set(answers) == {422, 429}
    assert answers[422] <= 10


def test_an_address_may_register_twenty_people_an_hour(caller: Actor) -> None:
    def new(number: int, address: str) -> TestResponse:
        contacts = {"email": f"person{number}@example.com", "phone": f"+7916{number:07}"}
        return register(caller, username=f"person{number}", **contacts, **at_address(address))

    answers = [new(number, HERE).status_code for number in range(20)]
    too_many = new(20, HERE)
    elsewhere = new(20, "203.0.113.8")
    with later(minutes=61):
        afterwards = new(21, HERE)

    assert answers == [201] * 20
    assert_problem(too_many, 429, "too_many_requests")
    assert 3_000 < int(too_many.headers["Retry-After"]) <= 3_600
    assert elsewhere.status_code == 201
    assert afterwards.status_code == 201


def test_those_who_registered_sign_in_all_the_same(caller: Actor, maria: Actor) -> None:
    for number in range(21):
        register(caller, username=f"person{number}")

    assert logged_in(caller, "maria.sokolova").user_id == maria.user_id
