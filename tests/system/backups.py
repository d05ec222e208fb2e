"""What tests of backups share: an application with a database and folders of its own."""

from __future__ import annotations

import json
import logging
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import photos
import psycopg
import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, People
from avatar_files import uploaded
from bookings.racing import Offer, new_offer
from command_line import CommandLine
from databases import TestDatabase, empty
from flask import Flask
from sqlalchemy.engine import make_url

from marketplace import create_app
from marketplace.core.clock import utc_now
from marketplace.core.database import Base
from marketplace.extensions import db
from marketplace.settings_backup import BackupSettings

PATIENCE_SECONDS = 60
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


@dataclass
class House:
    """An application and its commands; backups are made at `NOW` and a minute later each."""

    database: TestDatabase
    folder: Path
    app: Flask
    made: int = field(default=0)

    @property
    def flask(self) -> CommandLine:
        return CommandLine(self.app)

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def is_sqlite(self) -> bool:
        return self.database.name == "sqlite"

    def backup(self) -> str:
        """Make one; its name."""
        self.made += 1
        with time_machine.travel(NOW + timedelta(minutes=self.made), tick=True):
            told = self.flask.do("backup", "create")
        return told.split()[0]

    def again(self, **backup: Any) -> House:
        """The same with other settings of backups; it is the one that uses the database now."""
        self.close()
        return House(self.database, self.folder, new_app(self.database, self.folder, **backup))

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()

    def execute(self, statement: str) -> None:
        with self.app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def revision(self) -> str:
        with self.app.app_context(), db.engine.connect() as connection:
            query = "SELECT version_num FROM alembic_version"
            return str(connection.exec_driver_sql(query).scalar_one())

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Somebody is connected, and does nothing."""
        engine = sa.create_engine(self.database.url)
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM users")
            connection.rollback()
            yield
        engine.dispose()

    def remove_database(self) -> None:
        """As on a new machine."""
        self.close()
        if self.is_sqlite:
            Path(str(make_url(self.database.url).database)).unlink()
            return
        with server(self.database) as connection:
            connection.execute(f'DROP DATABASE "{make_url(self.database.url).database}"')

    def contents_of(self, kept: str) -> dict[str, list[tuple[Any, ...]]]:
        """What is in a database that was put aside."""
        former = make_url(self.database.url).set(database=kept)
        url = former.render_as_string(hide_password=False)
        app = create_app(self.database.settings(instance_path=self.folder, database_url=url))
        found = contents(app)
        with app.app_context():
            db.engine.dispose()
        return found

    def leave_behind(self, *, days: int) -> list[str]:
        """What a kill would have left so many days ago."""
        moment = utc_now() - timedelta(days=days)
        work = self.backups / f".work-{days}"
        work.mkdir()
        files = [work]
        if self.is_sqlite:
            database = Path(str(make_url(self.database.url).database))
            files.append(database.with_name(f"{database.name}.scratch-{days}"))
            files[-1].touch()
        for file in files:
            os.utime(file, (moment.timestamp(), moment.timestamp()))
        names = [str(file) for file in files]
        if not self.is_sqlite:
            name = f"{make_url(self.database.url).database}_scratch_{moment:%Y%m%d%H%M%S}_ab"
            with server(self.database) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            names.append(name)
        return names

    def clear_away(self, left: list[str]) -> None:
        for name in left:
            if not name.startswith("/"):
                with server(self.database) as connection:
                    connection.execute(f'DROP DATABASE "{name}"')
            elif Path(name).is_file():
                Path(name).unlink()

    def left_behind(self) -> list[str]:
        """Files of work and databases that should have been cleaned up."""
        files = [*self.folder.rglob(".work-*"), *self.database.folder.rglob("*.scratch-*")]
        return [str(path) for path in files] + self.databases("scratch")

    def databases(self, kind: str) -> list[str]:
        """Other databases of the server that began as this one."""
        if self.is_sqlite:
            return []
        name = make_url(self.database.url).database
        with server(self.database) as connection:
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            return [row[0] for row in connection.execute(query, [f"{name}_{kind}_"])]


def new_app(database: TestDatabase, folder: Path, **backup: Any) -> Flask:
    return create_app(database.settings(instance_path=folder, backup=BackupSettings(**backup)))


@contextmanager
def new_house(database: TestDatabase, folder: Path, **backup: Any) -> Iterator[House]:
    """On the emptied database."""
    house = House(database, folder, new_app(database, folder, **backup))
    empty(house.app)
    yield house
    house.close()
    for name in house.databases("before"):
        with server(database) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    for former in database.folder.glob("*.before-*"):
        former.unlink()


@contextmanager
def server(database: TestDatabase, name: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
    url = make_url(database.url).set(drivername="postgresql", database=name)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@dataclass(frozen=True)
class World:
    """A specialist with a photo, a client and a booking."""

    offer: Offer
    client: Actor
    photo: str


def furnish(house: House) -> World:
    people = People(house.app)
    offer = new_offer(people, "master")
    photo = uploaded(offer.specialist)["avatar"].partition("/media/")[2]
    client = people.client()
    assert client.post("/api/bookings/", offer.wanted()).status_code == 201
    return World(offer, client, photo)


def contents(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; of the audit only what is not of backups."""
    with app.app_context(), db.engine.connect() as connection:
        found = {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in Base.metadata.sorted_tables
        }
    found["audit"] = [row for row in found["audit"] if "backup.restore" not in row]
    return found


def rewritten(path: Path, **changes: Any) -> None:
    """The archive again, sealed well, with another manifest."""
    from marketplace.system.backup import archive  # noqa: PLC0415 - next to what it imitates

    with tarfile.open(path) as tar:
        members = [(each, tar.extractfile(each).read()) for each in tar]
    with path.open("wb") as file:
        hashed = archive._Hashed(file)
        tar = tarfile.TarFile(fileobj=hashed, mode="w")
        for member, data in members[:-1]:
            told = data
            if member.name == "manifest.json":
                told = json.dumps(json.loads(data) | changes).encode()
                member.size = len(told)
            tar.addfile(member, archive._Bytes(told))
        file.write(archive._seal(hashed.digest.hexdigest()))


def photo_again(person: Actor) -> str:
    """The name of another photo in the place of the present one."""
    return uploaded(person, color=photos.BLUE)["avatar"].partition("/media/")[2]


def manifest_of(path: Path) -> bytes:
    with tarfile.open(path) as tar:
        return tar.extractfile("manifest.json").read()


def last_words(flask: CommandLine, *args: object) -> str:
    """What a command that failed says last; it wrote nothing to standard output."""
    result = flask.run(*args)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return str(result.stderr.splitlines()[-1])


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Have our log lines seen, which go no further than our own handler."""
    logger = logging.getLogger("marketplace")
    logger.addHandler(caplog.handler)
    caplog.clear()
    try:
        yield
    finally:
        logger.removeHandler(caplog.handler)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
