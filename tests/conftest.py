"""Fixtures: both databases, an application on each, people who use it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import canaries
import pytest
from actors import Actor, People
from databases import TestDatabase, empty, make_postgresql, make_sqlite, postgres_server
from flask import Flask

from marketplace import create_app
from marketplace.extensions import db

_watch = canaries.Watch()


def pytest_configure() -> None:
    canaries.remember_codes()


@pytest.fixture(autouse=True)
def no_secret_in_a_log() -> Iterator[None]:
    """After every test: no line that was logged meanwhile holds a secret."""
    _watch.caught.clear()
    loggers = [logging.getLogger(), logging.getLogger("marketplace")]
    for each in loggers:
        each.addHandler(_watch)
    yield
    for each in loggers:
        each.removeHandler(_watch)
    assert _watch.caught == []


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    yield from make_sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Iterator[TestDatabase]:
    yield from make_postgresql(tmp_path_factory.mktemp("postgresql"), worker)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest) -> TestDatabase:
    """Each of the two databases in turn, migrated to head."""
    database: TestDatabase = request.getfixturevalue(request.param)
    return database


@pytest.fixture(scope="session")
def shared_app(migrated: TestDatabase) -> Iterator[Flask]:
    app = create_app(migrated.settings())
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """The application, request limits off, on an empty database."""
    empty(shared_app)
    return shared_app


@pytest.fixture
def make_app(migrated: TestDatabase, app: Flask) -> Iterator[Callable[..., Flask]]:
    """Further applications on the same emptied database, with other settings."""
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        made.append(create_app(migrated.settings(**changes)))
        return made[-1]

    yield make
    for other in made:
        with other.app_context():
            db.engine.dispose()


@pytest.fixture
def people(app: Flask) -> People:
    return People(app)


@pytest.fixture
def anonymous(people: People) -> Actor:
    return people.anonymous()


@pytest.fixture
def client(people: People) -> Actor:
    return people.client()


@pytest.fixture
def specialist(people: People) -> Actor:
    return people.specialist()


@pytest.fixture
def rival(people: People) -> Actor:
    """Another specialist."""
    return people.specialist("rival")


@pytest.fixture
def people_on_sqlite(sqlite: TestDatabase) -> Iterator[People]:
    """People of an application on SQLite alone, for what only its locks can show."""
    app = create_app(sqlite.settings())
    empty(app)
    yield People(app)
    with app.app_context():
        db.engine.dispose()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if postgres_server() is None:
        terminalreporter.section("PostgreSQL")
        terminalreporter.line("No PostgreSQL could be reached: its half of the suite was skipped.")
