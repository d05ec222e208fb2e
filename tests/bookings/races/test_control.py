"""The control: what happens when a guard is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from threading import Barrier, local

import pytest
from actors import Actor, People
from auth.support import in_parallel
from bookings.races.shared import (
    overlaps,
    spans_of,
)
from bookings.racing import (
    KINDS,
    Offer,
    drop_the_guard,
    faults,
    moment,
    new_offer,
    own_database,
)
from flask import Flask
from sqlalchemy.exc import OperationalError

from marketplace import create_app
from marketplace.bookings import free_time, free_time_jobs, operations, slots
from marketplace.core.clock import utc_now
from marketplace.core.database import release
from marketplace.core.errors import Code, DomainError
from marketplace.extensions import db
from marketplace.schedule import queries as schedules

NAIVE = 8


@pytest.fixture(params=KINDS)
def spare_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[Flask]:
    """An application on a database to be spoilt."""
    folder = tmp_path_factory.mktemp("spare")
    with own_database(request.param, folder, f"{worker}_spare") as database:
        app = create_app(database.settings(threads=NAIVE))
        yield app
        with app.app_context():
            db.engine.dispose()


def without_the_lock(
    monkeypatch: pytest.MonkeyPatch, app: Flask, wanted: Offer, clients: list[Actor]
) -> Counter[str]:
    """All look whether the start is free, as anybody would who takes no lock, then all book it."""
    looked, mind, judge = Barrier(len(clients)), local(), slots.judge
    monkeypatch.setattr(operations, "lock_for_service", lambda *_ids: None)
    # Which rests on that lock, and would refuse some of them by its own key.
    monkeypatch.setattr(free_time, "refresh", lambda *_arguments, **_more: None)
    monkeypatch.setattr(slots, "judge", lambda *_arguments, **_more: mind.judgement)
    start, now = moment(wanted.start()), utc_now()

    def book(number: int) -> str:
        with app.app_context():
            settings = schedules.settings_of(wanted.specialist.user_id)
            mind.judgement = judge(wanted.specialist.user_id, settings, 60, start, now=now)
            release()
            looked.wait(30)
            try:
                operations.book(clients[number].user_id, wanted.service, start, "", now)
            except DomainError as error:
                return str(error.code)
            except OperationalError:
                return "deadlock"  # those who insert at once wait for each other's claims
            return "booked"

    return Counter(in_parallel(len(clients), book))


def test_control_without_lock_and_constraint_one_slot_is_sold_many_times_and_either_suffices(
    monkeypatch: pytest.MonkeyPatch, spare_app: Flask
) -> None:
    people = People(spare_app)
    offers = [new_offer(people, f"master{number}") for number in range(3)]
    clients = [people.client(f"klient{number}") for number in range(NAIVE)]

    with monkeypatch.context() as patched:
        outcomes = without_the_lock(patched, spare_app, offers[0], clients)

    assert outcomes["booked"] == 1
    assert set(outcomes) <= {"booked", str(Code.SLOT_TAKEN), "deadlock"}
    assert len(spans_of(spare_app, offers[0])) == 1
    with spare_app.app_context():
        free_time_jobs.rebuild_all(utc_now())

    drop_the_guard(spare_app)
    start, now = moment(offers[1].start()), utc_now()

    def book(number: int) -> str:
        with spare_app.app_context():
            try:
                operations.book(clients[number].user_id, offers[1].service, start, "", now)
            except DomainError as error:
                return str(error.code)
            return "booked"

    assert Counter(in_parallel(NAIVE, book)) == {"booked": 1, "slot_taken": NAIVE - 1}
    assert len(spans_of(spare_app, offers[1])) == 1
    assert faults(spare_app) == []

    with monkeypatch.context() as patched:
        outcomes = without_the_lock(patched, spare_app, offers[2], clients)

    assert outcomes == {"booked": NAIVE}
    assert overlaps(spans_of(spare_app, offers[2])) == NAIVE - 1
    found = faults(spare_app)
    assert len(found) == NAIVE * (NAIVE - 1) // 2  # every pair of them
    assert all(fault.endswith("of one specialist overlap") for fault in found)
