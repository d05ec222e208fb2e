"""kill -9 of the server in the middle of a booking storm: what was answered is there, whole."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from actors import Actor, People
from bookings.racing import (
    KINDS,
    Answer,
    Call,
    KillableServer,
    Offer,
    faults,
    new_offer,
    own_database,
    rows,
)
from command_line import CommandLine
from databases import TestDatabase
from flask import Flask

from marketplace import create_app
from marketplace.extensions import db

pytestmark = pytest.mark.slow

CLIENTS, SPECIALISTS, ROUNDS, BEFORE_THE_KILL = 16, 3, 4, 40
BOOKINGS, HOLDS = "/api/bookings/", "/api/holds/"


@pytest.fixture(autouse=True)
def clock() -> None:
    """The real one: servers in processes of their own have no other."""


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, worker: str) -> Iterator[TestDatabase]:
    folder = tmp_path / "database"
    folder.mkdir()
    with own_database(request.param, folder, f"{worker}_storm") as made:
        yield made


@pytest.fixture
def storm_app(database: TestDatabase) -> Iterator[Flask]:
    app = create_app(database.settings())
    yield app
    with app.app_context():
        db.engine.dispose()


@dataclass
class Log:
    """What one client was answered, and what it had asked for when the server was gone."""

    booked: list[tuple[Call, Answer]] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    asked: list[Call] = field(default_factory=list)
    others: Counter[tuple[int, str]] = field(default_factory=Counter)


def storm(
    address: str, who: Actor, offers: list[Offer], *, run: int, number: int, log: Log
) -> None:
    """Book one start after another, every third through a hold, until nobody answers."""
    connection = Call(address, who, "GET", BOOKINGS).connection()
    try:
        for step in range(10_000):
            offer = offers[(step + number) % len(offers)]
            # Pairs of clients want the same, others what overlaps it.
            body: Any = offer.wanted(30 * (run * 300 + step * 5 + number // 2))
            if step % 3 == 2:
                held = Call(address, who, "POST", HOLDS, body).send(connection)
                if held.status != 201:
                    log.others[held.status, held.code] += 1
                    continue
                log.held.append(held.body["id"])
                body = {"hold": held.body["id"]}
            key = {"Idempotency-Key": f"{run}-{number}-{step}"}
            call = Call(address, who, "POST", BOOKINGS, body, key)
            log.asked.append(call)
            answer = call.send(connection)
            log.asked.pop()
            if answer.status == 201:
                log.booked.append((call, answer))
            else:
                log.others[answer.status, answer.code] += 1
    except (OSError, HTTPException):
        pass
    finally:
        connection.close()


def test_what_was_answered_before_a_kill_is_there_and_whole(
    database: TestDatabase, storm_app: Flask, tmp_path: Path
) -> None:
    people = People(storm_app)
    offers = [
        new_offer(people, f"master{n}", horizon_days=365, buffer_after_minutes=15 * (n % 2))
        for n in range(SPECIALISTS)
    ]
    clients = [people.client(f"klient{n}") for n in range(CLIENTS)]
    everything: list[Answer] = []
    unanswered: list[Call] = []
    for run in range(ROUNDS):
        server = KillableServer(
            database, tmp_path / f"server{run}.log", THREADS="8", PROCESSES=str(1 + run % 2)
        )
        try:
            if run:
                continue_after(server.address, everything, unanswered)
            logs = [Log() for _ in clients]
            with ThreadPoolExecutor(CLIENTS) as pool:
                done = [
                    pool.submit(storm, server.address, who, offers, run=run, number=n, log=log)
                    for n, (who, log) in enumerate(zip(clients, logs, strict=True))
                ]
                wait_for(logs, BEFORE_THE_KILL)
                server.kill()
                for one in done:
                    one.result(60)
        finally:
            server.kill()
        assert "Traceback" not in server.said()
        others = sum((log.others for log in logs), Counter())
        # A hold taken by one client ends in a booking of that client, whatever the others do.
        assert set(others) <= {(409, "slot_taken"), (409, "too_many_holds")}, others
        answered = [pair for log in logs for pair in log.booked]
        assert len(answered) >= BEFORE_THE_KILL
        everything.extend(answer for _, answer in answered)
        unanswered = [call for log in logs for call in log.asked]
        assert unanswered, "the kill came in nobody's way"
        assert_all_there(storm_app, everything)
        assert faults(storm_app) == []
    server = KillableServer(database, tmp_path / "last.log", THREADS="8")
    try:
        continue_after(server.address, everything, unanswered)
        for _, answer, who in sample(everything, clients):
            shown = Call(server.address, who, "GET", f"{BOOKINGS}{answer.body['id']}/").answer()
            assert (shown.status, shown.body) == (200, answer.body)
        late = Call(server.address, clients[0], "POST", BOOKINGS, offers[0].wanted(60 * 24 * 200))
        late = replace(late, headers={"Idempotency-Key": "late"})
        assert late.answer().status == 201
    finally:
        server.kill()
    assert "Traceback" not in server.said()
    assert_all_there(storm_app, everything)
    assert CommandLine(storm_app).do("doctor") == "No faults found.\n"


def wait_for(logs: list[Log], count: int) -> None:
    deadline = time.monotonic() + 60
    while sum(len(log.booked) for log in logs) < count:
        assert time.monotonic() < deadline, [log.others for log in logs]
        Event().wait(0.01)


def continue_after(address: str, everything: list[Answer], unanswered: list[Call]) -> None:
    """Who got no answer sends the same again: the booking is made once, by then or now."""
    for call in unanswered:
        again = Call(address, call.caller, "POST", call.path, call.body, call.headers)
        first, second = again.answer(), again.answer()
        if first.status == 201:
            assert (second.status, second.body) == (201, first.body)
            assert second.headers["idempotency-replayed"] == "true"
            everything.append(first)
        else:
            assert (first.status, first.code) == (409, "slot_taken")


def sample(everything: list[Answer], clients: list[Actor]) -> Iterator[tuple[int, Answer, Actor]]:
    by_id = {who.user_id: who for who in clients}
    for number, answer in enumerate(everything):
        if number % 5 == 0:
            yield number, answer, by_id[answer.body["client"]]


def assert_all_there(app: Flask, everything: list[Answer]) -> None:
    """Each with one claim and one event; nothing that is a part of something else's whole."""
    ids = [answer.body["id"] for answer in everything]
    assert len(set(ids)) == len(ids)
    stored = Counter(
        {
            row.id: row.claims
            for row in rows(
                app,
                "SELECT b.id, (SELECT count(*) FROM time_claims c WHERE c.booking_id = b.id)"
                " AS claims FROM bookings b",
            )
        }
    )
    assert {stored[one] for one in ids} == {1}
    assert set(stored.values()) == {1}
    events = rows(
        app, "SELECT booking_id, count(*) AS events FROM booking_events GROUP BY booking_id"
    )
    assert {row.booking_id: row.events for row in events} == dict.fromkeys(stored, 1)
    assert rows(app, "SELECT 1 FROM idempotency_keys WHERE status IS NULL OR body = ''") == []
    # Every booking of these was made with a key, in one transaction with it.
    keys = rows(app, "SELECT count(*) AS keys FROM idempotency_keys WHERE status = 201")
    assert keys[0].keys == len(stored)
