"""Request limits in Redis: shared by all processes, and never gone with it."""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from actors import Actor, assert_problem
from auth.support import in_parallel, later
from filelock import FileLock
from redis_server import REQUIRED, connected, redis_url

from marketplace.core import limits

REDIS = redis_url()
PATH = "/api/categories/"


def statuses(caller: Actor, count: int, **kwargs: Any) -> list[int]:
    return [caller.get(PATH, **kwargs).status_code for _ in range(count)]


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """The empty database 15 of the suite's Redis, for one test at a time."""
    server = connected(REDIS)
    with FileLock(Path(tmp_path_factory.getbasetemp()).parent / "redis.lock"):
        server.flushdb()
        yield server
        server.flushdb()
    server.close()


def test_the_server_is_the_one_that_is_named_and_its_first_database_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MARKETPLACE_TEST_REDIS_URL", "redis://:pw@cache.invalid:7000/0")

    assert redis_url() == "redis://:pw@cache.invalid:7000/15"


@pytest.mark.parametrize(("required", "outcome"), [("1", "Failed"), ("", "Skipped")])
def test_a_redis_that_is_required_and_not_there_fails_the_test(
    monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    monkeypatch.setenv(REQUIRED, required)

    with no_server() as url, pytest.raises(BaseException, match="be reached") as ended:
        connected(url)

    assert type(ended.value).__name__ == outcome


def test_processes_that_share_redis_share_the_limits(
    redis_server: redis.Redis, limited: Callable[..., Actor]
) -> None:
    one, other = limited(redis_url=REDIS), limited(redis_url=REDIS)

    answers = [caller.get(PATH).status_code for _ in range(4) for caller in (one, other)]

    assert answers == [200] * 5 + [429] * 3
    assert redis_server.dbsize() > 0


@pytest.mark.usefixtures("redis_server")
def test_limits_in_redis_end_as_those_in_memory_do(limited: Callable[..., Actor]) -> None:
    caller = limited(redis_url=REDIS)
    statuses(caller, 5)

    refused = caller.get(PATH)
    with later(seconds=61):
        after = caller.get(PATH)

    assert_problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert after.status_code == 200


@pytest.mark.usefixtures("redis_server")
def test_parallel_calls_do_not_slip_past_a_limit_in_redis(limited: Callable[..., Actor]) -> None:
    apps = [limited(redis_url=REDIS, threads=10).client.application for _ in range(2)]

    answers = in_parallel(20, lambda n: Actor(apps[n % 2].test_client()).get(PATH).status_code)

    assert sorted(answers) == [200] * 5 + [429] * 15


@contextmanager
def no_server() -> Iterator[str]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{reserved.getsockname()[1]}/15"


@contextmanager
def silent_server() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/15"


@pytest.mark.parametrize("server", [no_server, silent_server])
def test_without_redis_limits_hold_in_memory_at_once_and_the_log_says_so(
    limited: Callable[..., Actor], server: Callable[[], Any]
) -> None:
    with server() as url:
        caller = limited(redis_url=url)
        lines = io.StringIO()
        logging.getLogger("marketplace").handlers[0].setStream(lines)
        started = time.monotonic()

        answers = statuses(caller, 7)

        spent = time.monotonic() - started
    assert answers == [200] * 5 + [429] * 2
    assert spent < 2
    assert lines.getvalue().count("limits fall back to memory") == 1


def test_limits_go_back_to_redis_when_it_answers_again(
    redis_server: redis.Redis,
    limited: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "_STORAGE_REST_SECONDS", 0.05)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        caller = limited(redis_url=through(listening))
        statuses(caller, 2)
        counted_before = redis_server.dbsize()
        with forwarding(listening):
            time.sleep(0.06)
            answers = statuses(caller, 6)
        counted_after = redis_server.dbsize()

    assert counted_before == 0
    assert answers == [200] * 5 + [429]
    assert counted_after > 0


def through(listening: socket.socket) -> str:
    """The real Redis's address with another host: name and password stay."""
    server = urlsplit(REDIS)
    secrets, at, _ = server.netloc.rpartition("@")
    netloc = f"{secrets}{at}127.0.0.1:{listening.getsockname()[1]}"
    return server._replace(netloc=netloc).geturl()


@contextmanager
def forwarding(listening: socket.socket) -> Iterator[None]:
    """Lead the next connection to the real Redis."""
    listening.listen(1)
    server = urlsplit(REDIS)
    real = (server.hostname or "127.0.0.1", server.port or 6379)

    def pump(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        near, _ = listening.accept()
        with near, socket.create_connection(real) as far:
            back = threading.Thread(target=pump, args=(far, near))
            back.start()
            near.settimeout(0.15)
            try:
                pump(near, far)
            except TimeoutError:
                far.shutdown(socket.SHUT_RDWR)
            back.join()

    thread = threading.Thread(target=serve)
    thread.start()
    yield
    thread.join(timeout=10)
