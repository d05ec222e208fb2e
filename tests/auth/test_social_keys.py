"""A provider's keys: fetched once, kept for as long as it says, rolled over; one that is down."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from actors import Actor, assert_problem
from auth.provider import VK_CODE, Provider, public_jwk
from auth.social import enter
from auth.support import at, in_parallel
from flask import Flask

from marketplace.auth.social_keys import LONGEST, PAUSE, SHORTEST, STALE
from marketplace.core.clock import utc_now
from marketplace.settings_social import SocialSettings

CERTS = "/google/certs"


def status(caller: Actor, provider: Provider, **headers: Any) -> int:
    token = provider.sign(provider.google_claims(), **headers)
    return enter(caller, "google", {"id_token": token}).status_code


def test_keys_are_fetched_once_for_many(social_app: Flask, provider: Provider) -> None:
    """At once and one after another."""
    tokens = [provider.google_body(sub=str(number), email=None) for number in range(8)]

    answers = in_parallel(
        8, lambda n: enter(Actor(social_app.test_client()), "google", tokens[n]).status_code
    )

    assert answers == [201] * 8
    assert status(Actor(social_app.test_client()), provider) == 201
    assert provider.asked == [CERTS]


@pytest.mark.parametrize(
    ("cache_control", "kept"),
    [
        ("public, max-age=3600, must-revalidate", timedelta(hours=1)),
        ("max-age=1", SHORTEST),
        ("no-store", SHORTEST),
        ("max-age=999999999", LONGEST),
        ("max-age=99999999999999", SHORTEST),
        ("s-maxage=9999,max-age=600", timedelta(minutes=10)),
    ],
)
def test_keys_are_kept_as_long_as_the_provider_says(
    stranger: Actor, provider: Provider, cache_control: str, kept: timedelta
) -> None:
    provider.cache_control = cache_control
    start = utc_now()

    def asked_after(span: timedelta) -> int:
        with at(start + span):
            assert status(stranger, provider) in (200, 201)
        return len(provider.asked)

    assert asked_after(timedelta()) == 1
    assert asked_after(kept - timedelta(seconds=1)) == 1
    assert asked_after(kept) == 2


def test_a_new_key_is_known_as_soon_as_it_signs(stranger: Actor, provider: Provider) -> None:
    start = utc_now()
    with at(start):
        assert status(stranger, provider) == 201
    provider.keys = ["key-2", "key-1"]

    with at(start + PAUSE):
        assert status(stranger, provider) == 200
        assert status(stranger, provider, key="key-1") == 200
    assert len(provider.asked) == 2


def test_a_key_taken_back_signs_nothing_any_more(stranger: Actor, provider: Provider) -> None:
    start = utc_now()
    with at(start):
        assert status(stranger, provider) == 201
    provider.keys = ["key-2"]

    with at(start + timedelta(hours=2)):
        assert status(stranger, provider, key="key-1") == 401
        assert status(stranger, provider) == 200


def test_invented_keys_do_not_make_us_hammer_the_provider(
    stranger: Actor, provider: Provider
) -> None:
    start = utc_now()
    with at(start):
        assert status(stranger, provider) == 201
        for number in range(5):
            assert status(stranger, provider, key="thief", kid=f"no-{number}") == 401
    assert len(provider.asked) == 1

    with at(start + PAUSE):
        for number in range(5):
            assert status(stranger, provider, key="thief", kid=f"no-{number}") == 401
        assert status(stranger, provider) == 200
    assert len(provider.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"keys": []}),
        (503, b""),
        (404, b"not here"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[" * 50_000),
        (200, []),
        (200, {"keys": "key-1"}),
        (200, {"keys": []}),
        (200, {"keys": [1, None, {}]}),
        (200, b" " * 100_000),
        (200, {"keys": [public_jwk("key-1", n="!")]}),
        (200, {"keys": [public_jwk("key-1", e=None)]}),
        (200, {"keys": [public_jwk("key-1", kty="oct", k="c2VjcmV0")]}),
        (200, {"keys": [public_jwk("key-1", use="enc")]}),
        (200, {"keys": [public_jwk("key-1", alg="RS512")]}),
        (200, {"keys": [public_jwk("key-1", kid=7)]}),
        (200, {"keys": [public_jwk("short", 1024, kid="key-1")]}),
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_a_provider_out_of_order_is_503(
    stranger: Actor, provider: Provider, answer: tuple[int, Any]
) -> None:
    provider.jwks = lambda: answer

    refused = enter(stranger, "google", provider.google_body())

    assert_problem(refused, 503, "provider_unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert provider.asked == [CERTS]  # a redirect is not followed


def test_known_keys_serve_while_the_provider_is_down(stranger: Actor, provider: Provider) -> None:
    provider.cache_control = "max-age=3600"
    start = utc_now()
    with at(start):
        assert status(stranger, provider) == 201
    provider.jwks = lambda: (500, b"")

    with at(start + timedelta(hours=2)):
        assert status(stranger, provider) == 200
        assert status(stranger, provider, key="thief", kid="no-such") == 503
    last_moment = start + timedelta(hours=1) + STALE
    with at(last_moment - timedelta(seconds=1)):
        assert status(stranger, provider) == 200
    with at(last_moment + PAUSE):
        assert status(stranger, provider) == 503


def test_a_provider_that_is_back_is_asked_again(stranger: Actor, provider: Provider) -> None:
    working, start = provider.jwks, utc_now()
    provider.jwks = lambda: (500, b"")
    with at(start):
        assert [status(stranger, provider) for _ in range(3)] == [503] * 3
    assert len(provider.asked) == 1  # nor is it hammered while it is down
    provider.jwks = working

    with at(start + PAUSE):
        assert status(stranger, provider) == 201


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The address of a socket that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def drip() -> Iterator[str]:
    """The address of a server that sends a byte of its headers now and then, and never ends."""
    done = threading.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not done.wait(0.3):
                    connection.sendall(b"x")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        done.set()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["black_hole", "drip"])
def test_a_provider_that_keeps_us_waiting_is_given_up(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], provider: Provider, kind: str
) -> None:
    """All who wait are told within the five seconds, and those who come later at once."""
    address = request.getfixturevalue(kind)
    app = make_app(
        social=SocialSettings(
            google_client_ids=provider.settings.google_client_ids, google_jwks_url=address
        )
    )
    body = provider.google_body()
    start = time.monotonic()

    answers = in_parallel(3, lambda _: enter(Actor(app.test_client()), "google", body))

    assert [answer.status_code for answer in answers] == [503] * 3
    assert time.monotonic() - start < 8  # five, and room for a busy machine
    later = time.monotonic()
    assert enter(Actor(app.test_client()), "google", body).status_code == 503
    assert time.monotonic() - later < 3


@pytest.mark.parametrize("name", ["google", "apple", "vk"])
def test_slow_providers_leave_a_thread_to_everybody_else(
    make_app: Callable[..., Flask], provider: Provider, name: str
) -> None:
    """Whoever finds all but one thread waiting, for whichever provider, is sent away at once."""
    app = make_app(social=provider.settings, threads=2)
    asked, go_on = threading.Event(), threading.Event()

    def slowly(*_: Any) -> tuple[int, Any]:
        asked.set()
        assert go_on.wait(10)
        return 500, b""

    provider.vk_token = provider.jwks = slowly
    bodies = {"google": provider.google_body(), "apple": provider.apple_body(), "vk": VK_CODE}
    waiting = threading.Thread(
        target=lambda: enter(Actor(app.test_client()), "vk", VK_CODE), daemon=True
    )
    waiting.start()
    assert asked.wait(10)
    try:
        refused = enter(Actor(app.test_client()), name, bodies[name])
    finally:
        go_on.set()
        waiting.join()

    assert_problem(refused, 503, "provider_unavailable")
    assert len(provider.asked) == 1


def test_a_provider_that_is_not_there_is_503(
    make_app: Callable[..., Flask], provider: Provider
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        app = make_app(
            social=SocialSettings(
                google_client_ids=provider.settings.google_client_ids, google_jwks_url=address
            )
        )

        refused = enter(Actor(app.test_client()), "google", provider.google_body())

    assert_problem(refused, 503, "provider_unavailable")
