"""Live servers on databases of their own, which the doctor looks at after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from actors import Actor, People
from bookings.races.shared import (
    CROWD,
    THREADS,
)
from bookings.racing import (
    KINDS,
    Offer,
    faults,
    new_offer,
    own_database,
)
from databases import TestDatabase
from flask import Flask
from live_server import live_server

from marketplace import create_app
from marketplace.extensions import db


@pytest.fixture(autouse=True)
def clock() -> None:
    """The real one: servers in processes of their own have no other."""


@pytest.fixture(scope="module", params=KINDS)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("races")
    with own_database(request.param, folder, f"{worker}_races") as made:
        yield made


@pytest.fixture(scope="module")
def local_app(database: TestDatabase) -> Iterator[Flask]:
    """An application on the servers' database: makes people, looks at what was stored."""
    app = create_app(database.settings(threads=12))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def server(database: TestDatabase, local_app: Flask) -> Iterator[str]:
    with live_server(database, THREADS=THREADS) as address:
        yield address


@pytest.fixture(scope="module")
def second_server(
    database: TestDatabase, server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    elsewhere = replace(database, folder=tmp_path_factory.mktemp("second"))
    with live_server(elsewhere, THREADS=THREADS) as address:
        assert address != server
        yield address


@pytest.fixture(scope="module")
def clients(local_app: Flask) -> list[Actor]:
    people = People(local_app)
    return [people.client(f"klient{number}") for number in range(CROWD)]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def offer(local_app: Flask, numbers: Iterator[int]) -> Callable[..., Offer]:
    def make(**settings: Any) -> Offer:
        return new_offer(People(local_app), f"master{next(numbers)}", **settings)

    return make


@pytest.fixture(autouse=True)
def doctor(request: pytest.FixtureRequest) -> Iterator[None]:
    """None of these, whatever it was, leaves a fault in the data."""
    if not {"database", "server"} & set(request.fixturenames):
        yield
        return
    app = request.getfixturevalue("local_app")
    before = set(faults(app))
    yield
    assert set(faults(app)) - before == set()
