"""`Idempotency-Key`: done once, answered the same again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import NEW_SERVICE, Actor, assert_problem
from auth.support import in_parallel, logged_in
from flask import Flask
from services.support import OWN
from werkzeug.test import TestResponse

from marketplace.core.clock import utc_now
from marketplace.core.idempotency import IdempotencyKey
from marketplace.extensions import db

EXCEPTIONS = "/api/schedule/exceptions/"
DAY_OFF = {"date_from": "2030-05-01", "date_to": "2030-05-01", "intervals": [], "reason": "Отпуск"}
ROUTES = {OWN: NEW_SERVICE, EXCEPTIONS: DAY_OFF}
OTHER = {OWN: {"price": 1}, EXCEPTIONS: {"date_to": "2030-05-02"}}
KEY = "7f1d7a52-4c0f-4a43-9d1e-0b1f5a2c9e11"
THREADS = 8


def keyed(caller: Actor, path: str, body: Any = None, key: str = KEY, **more: Any) -> TestResponse:
    """The creating request with a key."""
    body = ROUTES[path] if body is None else body
    return caller.post(path, body, headers={"Idempotency-Key": key}, **more)


def kept(app: Flask) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(IdempotencyKey)) or 0


def made(caller: Actor, path: str) -> int:
    return len(caller.get(path).get_json())


def told(answer: TestResponse) -> dict[str, str]:
    """The headers that speak of what was made."""
    names = ("Location", "ETag", "Cache-Control", "Vary", "Content-Type", "Content-Length")
    return {name: answer.headers[name] for name in names if name in answer.headers}


@pytest.mark.parametrize("path", ROUTES)
def test_a_repeated_request_gets_the_same_answer_and_makes_nothing(
    specialist: Actor, path: str
) -> None:
    first = keyed(specialist, path)
    again = [keyed(specialist, path) for _ in range(3)]

    assert first.status_code == 201, first.text
    assert "Idempotency-Replayed" not in first.headers
    for answer in again:
        assert (answer.status_code, answer.data) == (201, first.data)
        assert told(answer) == told(first)
        assert answer.headers["Idempotency-Replayed"] == "true"
    assert made(specialist, path) == 1


def test_without_a_key_every_request_is_another(app: Flask, specialist: Actor) -> None:
    for _ in range(2):
        assert specialist.post(OWN, NEW_SERVICE).status_code == 201

    assert made(specialist, OWN) == 2
    assert kept(app) == 0


@pytest.mark.parametrize("path", ROUTES)
def test_a_key_with_another_body_is_refused(specialist: Actor, path: str) -> None:
    first = keyed(specialist, path)

    answer = keyed(specialist, path, ROUTES[path] | OTHER[path])

    assert_problem(answer, 422, "idempotency_key_reused")
    assert made(specialist, path) == 1
    assert keyed(specialist, path).data == first.data


def test_the_same_document_written_differently_is_the_same(specialist: Actor) -> None:
    first = keyed(specialist, EXCEPTIONS)
    backwards = dict(reversed(DAY_OFF.items()))
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}

    for text in (
        json.dumps(backwards, indent=2),
        json.dumps(backwards, ensure_ascii=False, separators=(",", ":")),
    ):
        answer = specialist.call("POST", EXCEPTIONS, data=text.encode(), headers=headers)
        assert (answer.status_code, answer.data) == (201, first.data)
        assert answer.headers["Idempotency-Replayed"] == "true"


def test_the_answer_stays_when_what_it_speaks_of_is_gone(specialist: Actor) -> None:
    first = keyed(specialist, OWN)
    specialist.delete(f"{OWN}{first.get_json()['id']}/")

    assert keyed(specialist, OWN).data == first.data
    assert made(specialist, OWN) == 0


def test_a_conflict_is_not_kept(app: Flask, specialist: Actor) -> None:
    in_the_way = specialist.post(EXCEPTIONS, DAY_OFF).get_json()["id"]

    for _ in range(2):
        assert_problem(keyed(specialist, EXCEPTIONS), 409, "exception_overlaps")
    assert kept(app) == 0
    specialist.delete(f"{EXCEPTIONS}{in_the_way}/")

    answer = keyed(specialist, EXCEPTIONS)
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers


@pytest.mark.parametrize("path", ROUTES)
def test_a_refused_body_does_not_spend_the_key(app: Flask, specialist: Actor, path: str) -> None:
    assert_problem(
        keyed(specialist, path, ROUTES[path] | {"nonsense": 1}),
        *(422, "invalid_fields", "nonsense"),
    )
    assert kept(app) == 0

    assert keyed(specialist, path).status_code == 201


def test_a_rehearsal_does_not_spend_the_key(app: Flask, specialist: Actor) -> None:
    headers = {"Idempotency-Key": KEY}
    told_only = specialist.post(f"{EXCEPTIONS}?dry_run=1", DAY_OFF, headers=headers)

    assert (told_only.status_code, kept(app)) == (200, 0)
    assert keyed(specialist, EXCEPTIONS).status_code == 201


def test_keys_are_everybodys_own(specialist: Actor, rival: Actor) -> None:
    mine, theirs = keyed(specialist, OWN), keyed(rival, OWN, NEW_SERVICE | {"price": 1})

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.get_json()["id"] != theirs.get_json()["id"]
    assert "Idempotency-Replayed" not in theirs.headers


def test_keys_are_each_routes_own(app: Flask, specialist: Actor) -> None:
    assert [keyed(specialist, path).status_code for path in ROUTES] == [201, 201]
    assert kept(app) == 2


def test_keys_are_told_apart_by_case(specialist: Actor) -> None:
    answers = [keyed(specialist, OWN, key=key) for key in ("key", "KEY")]

    assert answers[0].get_json()["id"] != answers[1].get_json()["id"]


def test_a_key_lives_a_day(app: Flask, specialist: Actor) -> None:
    start = utc_now()
    with time_machine.travel(start, tick=False):
        first = keyed(specialist, OWN)
        keyed(specialist, OWN, key="another")

    with time_machine.travel(start + timedelta(hours=24, seconds=-1), tick=False):
        caller = logged_in(Actor(app.test_client()), "master")
        assert keyed(caller, OWN).data == first.data
    with time_machine.travel(start + timedelta(hours=24), tick=False):
        later = keyed(
            logged_in(Actor(app.test_client()), "master"), OWN, NEW_SERVICE | {"price": 1}
        )

    assert later.status_code == 201
    assert "Idempotency-Replayed" not in later.headers
    assert later.get_json()["id"] != first.get_json()["id"]
    assert kept(app) == 1  # what had expired went with it


@pytest.mark.parametrize("key", ["", " ", "a b", " a", "a\t", "\x7f", "é", "a" * 256])
@pytest.mark.parametrize("path", ROUTES)
def test_a_bad_key_is_refused(app: Flask, specialist: Actor, path: str, key: str) -> None:
    problem = assert_problem(
        keyed(specialist, path, key=key), 422, "invalid_fields", "Idempotency-Key"
    )

    assert problem["error_codes"] == {"Idempotency-Key": ["visible_ascii"]}
    assert made(specialist, path) == kept(app) == 0


@pytest.mark.parametrize("key", ["0", "~" * 255, '"quoted"', "a,b;c=%20'"])
def test_any_visible_ascii_is_a_key(specialist: Actor, key: str) -> None:
    answers = [keyed(specialist, OWN, key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize("path", ROUTES)
def test_of_parallel_requests_one_is_performed_and_all_are_answered_alike(
    app: Flask, specialist: Actor, path: str
) -> None:
    def send(_number: int) -> TestResponse:
        return keyed(Actor(app.test_client(), access=specialist.access), path)

    answers = in_parallel(THREADS, send)

    assert [answer.status_code for answer in answers] == [201] * THREADS
    assert len({answer.data for answer in answers}) == 1
    replayed = [answer for answer in answers if "Idempotency-Replayed" in answer.headers]
    assert len(replayed) == THREADS - 1
    assert made(specialist, path) == kept(app) == 1


def test_parallel_requests_without_a_key_are_all_performed(app: Flask, specialist: Actor) -> None:
    """The control: nothing but the key keeps them apart."""

    def send(_number: int) -> int:
        return Actor(app.test_client(), access=specialist.access).post(OWN, NEW_SERVICE).status_code

    assert in_parallel(THREADS, send) == [201] * THREADS
    assert made(specialist, OWN) == THREADS


@contextmanager
def in_flight(app: Flask, caller: Actor, route: str) -> Iterator[None]:
    """The same request in another process, not yet answered."""
    with app.app_context():
        engine = db.engine
    row = {
        "user_id": caller.user_id,
        "route": route,
        "key": KEY,
        "fingerprint": "-",
        "expires_at": utc_now() + timedelta(hours=24),
    }
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.execute(sa.insert(IdempotencyKey), row)
        yield
        connection.rollback()


@pytest.mark.parametrize(
    ("path", "route"),
    [(OWN, "services.create_service"), (EXCEPTIONS, "schedule.create_exception")],
)
def test_a_request_whose_twin_stays_in_flight_is_told_to_repeat_itself(
    app: Flask, impatient: Flask, specialist: Actor, path: str, route: str
) -> None:
    caller = Actor(impatient.test_client(), specialist.user_id, access=specialist.access)

    with in_flight(app, specialist, route):
        answer = keyed(caller, path)

    assert_problem(answer, 409, "idempotency_in_flight")
    assert int(answer.headers["Retry-After"]) >= 1
    assert made(specialist, path) == kept(app) == 0
    assert keyed(caller, path).status_code == 201


def test_a_request_that_waited_for_a_refused_twin_is_performed(
    app: Flask, specialist: Actor
) -> None:
    waiting = Actor(app.test_client(), specialist.user_id, access=specialist.access)

    with ThreadPoolExecutor(1) as pool:
        with in_flight(app, specialist, "services.create_service"):
            answer = pool.submit(keyed, waiting, OWN)
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.3)
        performed = answer.result(timeout=5)

    assert performed.status_code == 201
    assert "Idempotency-Replayed" not in performed.headers


def test_a_key_goes_with_its_account(app: Flask, specialist: Actor) -> None:
    keyed(specialist, EXCEPTIONS)

    with app.app_context(), db.engine.begin() as connection:
        for table, column in (("sessions", "user_id"), ("profiles", "user_id"), ("users", "id")):
            connection.execute(
                sa.text(f"DELETE FROM {table} WHERE {column} = :id"), {"id": specialist.user_id}
            )

    assert kept(app) == 0
