"""Request limits: whom they count as one, where they are kept, and that they never vanish."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from actors import Actor, assert_problem
from auth.support import at_address, in_parallel, later
from flask import Flask

from marketplace.core import limits
from marketplace.core.clock import utc_now
from marketplace.core.limits import address_key
from marketplace.settings import RateLimitSettings

PATH = "/api/categories/"


EVERY_FORWARDING_HEADER = (
    "X-Forwarded-For",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Forwarded",
    "X-Forwarded",
    "X-Forwarded-Host",
    "X-Original-Forwarded-For",
)


def statuses(caller: Actor, count: int, **kwargs: Any) -> list[int]:
    return [caller.get(PATH, **kwargs).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.8", "203.0.113.8"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, key: str) -> None:
    assert address_key(address) == key


def test_a_stranger_is_refused_when_the_limit_is_used_up(limited: Callable[..., Actor]) -> None:
    caller = limited()

    assert statuses(caller, 5) == [200] * 5
    refused = caller.get(PATH)

    assert_problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_the_general_limit_of_strangers_is_six_hundred_a_minute() -> None:
    assert RateLimitSettings().anonymous == "600/minute"


def test_waiting_as_long_as_told_is_enough_and_less_is_not(limited: Callable[..., Actor]) -> None:
    caller = limited()
    start = utc_now()

    with time_machine.travel(start, tick=False) as clock:
        statuses(caller, 5)
        clock.shift(20)
        wait = int(caller.get(PATH).headers["Retry-After"])
        clock.shift(wait - 2)
        too_soon = caller.get(PATH)
        clock.shift(3)
        in_time = caller.get(PATH)

    assert wait == 40
    assert too_soon.status_code == 429
    assert too_soon.headers["Retry-After"] == "2"
    assert in_time.status_code == 200


def test_another_address_has_a_limit_of_its_own(limited: Callable[..., Actor]) -> None:
    caller = limited()
    statuses(caller, 6, **at_address("203.0.113.7"))

    assert statuses(caller, 5, **at_address("203.0.113.8")) == [200] * 5


def test_addresses_of_one_ipv6_customer_share_a_limit(limited: Callable[..., Actor]) -> None:
    caller = limited()

    answers = [
        caller.get(PATH, **at_address(f"2001:db8:1:2::{host:x}")).status_code for host in range(7)
    ]
    neighbour = caller.get(PATH, **at_address("2001:db8:1:3::1"))

    assert answers == [200] * 5 + [429] * 2
    assert neighbour.status_code == 200


def test_ipv4_callers_of_a_socket_of_both_kinds_do_not_share_a_limit(
    limited: Callable[..., Actor],
) -> None:
    caller = limited()
    statuses(caller, 6, **at_address("::ffff:203.0.113.7"))

    assert caller.get(PATH, **at_address("::ffff:203.0.113.8")).status_code == 200
    assert caller.get(PATH, **at_address("203.0.113.7")).status_code == 429


def test_no_header_of_the_caller_changes_whom_it_counts_as(limited: Callable[..., Actor]) -> None:
    caller = limited()

    answers = [
        caller.get(PATH, headers=dict.fromkeys(EVERY_FORWARDING_HEADER, f"198.51.100.{number}"))
        for number in range(8)
    ]

    assert [response.status_code for response in answers] == [200] * 5 + [429] * 3


def test_a_person_is_counted_by_account_wherever_they_call_from(
    limited: Callable[..., Actor], client: Actor, specialist: Actor
) -> None:
    stranger = limited()
    person = Actor(stranger.client, access=client.access)
    other = Actor(stranger.client, access=specialist.access)
    statuses(stranger, 6)

    answers = [person.get(PATH, **at_address(f"203.0.113.{host}")).status_code for host in range(8)]

    assert answers == [200] * 7 + [429]
    assert other.get(PATH).status_code == 200


def test_bad_tokens_and_wrong_bodies_are_counted_too(limited: Callable[..., Actor]) -> None:
    bad_token = limited()
    bad_token.access = "nonsense"
    bad_body = limited()

    with_token = [bad_token.get(PATH).status_code for _ in range(6)]
    with_body = [bad_body.post("/api/auth/login/", {}).status_code for _ in range(6)]

    assert with_token == [401] * 5 + [429]
    assert with_body == [422] * 5 + [429]


def test_unknown_paths_and_methods_are_counted_by_address(
    limited: Callable[..., Actor], client: Actor
) -> None:
    nowhere, wrong_method = limited(), limited()
    signed_in = Actor(nowhere.client, access=client.access)

    unknown = [nowhere.get("/api/nowhere/").status_code for _ in range(6)]
    refused = [wrong_method.delete(PATH).status_code for _ in range(6)]

    assert unknown == [404] * 5 + [429]
    assert refused == [405] * 5 + [429]
    assert signed_in.get("/api/nowhere/").status_code == 429
    assert signed_in.get(PATH).status_code == 200


def test_asking_for_the_methods_is_never_refused(limited: Callable[..., Actor]) -> None:
    caller = limited()

    assert {caller.call("OPTIONS", "/api/nowhere/").status_code for _ in range(8)} == {404}
    assert 429 not in {caller.call("OPTIONS", PATH).status_code for _ in range(8)}


def test_health_checks_are_never_refused(limited: Callable[..., Actor]) -> None:
    caller = limited()
    statuses(caller, 6)

    assert {caller.get("/health/").status_code for _ in range(10)} == {200}


def test_parallel_calls_do_not_slip_past_a_limit(limited: Callable[..., Actor]) -> None:
    app = limited(threads=20).client.application

    answers = in_parallel(20, lambda _: Actor(app.test_client()).get(PATH).status_code)

    assert sorted(answers) == [200] * 5 + [429] * 15


def test_limits_switched_off_refuse_nobody(limited: Callable[..., Actor]) -> None:
    assert statuses(limited(rate_limits=False), 12) == [200] * 12


def test_callers_of_long_ago_are_forgotten(make_app: Callable[..., Flask]) -> None:
    app = make_app(rate_limits=True)
    kept = app.extensions["marketplace_limits"]._limiter.storage.events

    with app.app_context():
        for number in range(1_500):
            limits.hit(("anonymous", f"address:{number}"))
        with later(minutes=2):
            for number in range(1_000):
                limits.hit(("anonymous", f"address:later-{number % 10}"))
            time.sleep(0.1)  # the library cleans up in a thread of its own, 10 ms later
            for number in range(1_000):
                limits.hit(("anonymous", f"address:later-{number % 10}"))

    assert len(kept) <= 20
