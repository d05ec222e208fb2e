"""Servers that can be killed, and requests that start all at once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from actors import Actor, People
from databases import SECRET, TestDatabase, make_postgresql, make_sqlite
from flask import Flask

from marketplace.bookings import free_time_integrity, integrity
from marketplace.core.clock import utc_now
from marketplace.extensions import db
from marketplace.settings import PROJECT_ROOT

MOSCOW = ZoneInfo("Europe/Moscow")
PATIENCE_SECONDS = 60
KINDS = ("sqlite", "postgresql")


@contextmanager
def own_database(kind: str, folder: Path, name: str) -> Iterator[TestDatabase]:
    """A migrated database that nobody else uses."""
    making = make_sqlite(folder) if kind == "sqlite" else make_postgresql(folder, name)
    yield next(making)
    next(making, None)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


@dataclass(frozen=True)
class Call:
    """One request of one person, to be sent to a server."""

    address: str
    caller: Actor
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def connection(self) -> HTTPConnection:
        host = self.address.removeprefix("http://")
        return HTTPConnection(host, timeout=PATIENCE_SECONDS)

    def send(self, connection: HTTPConnection) -> Answer:
        headers = {"Authorization": f"Bearer {self.caller.access}", **self.headers}
        raw = None
        if self.body is not None:
            raw, headers["Content-Type"] = json.dumps(self.body), "application/json"
        connection.request(self.method, self.path, raw, headers)
        response = connection.getresponse()
        text = response.read()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, json.loads(text) if text else {}, found)

    def answer(self) -> Answer:
        """The answer on a connection of its own."""
        connection = self.connection()
        try:
            return self.send(connection)
        finally:
            connection.close()


def at_once(calls: Sequence[Call]) -> list[Answer]:
    """The answers, in the order of the calls, which all start at the same moment."""
    barrier = Barrier(len(calls))

    def start(call: Call) -> Answer:
        connection = call.connection()
        try:
            connection.connect()
            barrier.wait(PATIENCE_SECONDS)
            return call.send(connection)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


@dataclass(frozen=True)
class Offer:
    """A specialist who works around the clock, and the service of 60 minutes to be fought for."""

    specialist: Actor
    service: int

    def start(self, minutes: int = 0) -> str:
        """A start some days ahead, `minutes` past noon of the specialist's zone."""
        noon = (utc_now() + timedelta(days=5)).astimezone(MOSCOW)
        noon = noon.replace(hour=12, minute=0, second=0, microsecond=0)
        return (noon + timedelta(minutes=minutes)).isoformat()

    def wanted(self, minutes: int = 0) -> dict[str, Any]:
        return {"service": self.service, "starts_at": self.start(minutes)}


def new_offer(people: People, name: str, **settings: Any) -> Offer:
    specialist = people.specialist(name)
    hours = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)]
    answer = specialist.put("/api/schedule/hours/", {"hours": hours})
    assert answer.status_code == 200, answer.text
    if settings:
        answer = specialist.patch("/api/schedule/settings/", settings)
        assert answer.status_code == 200, answer.text
    return Offer(specialist, specialist.new_service()["id"])


def rows(app: Flask, statement: str, **values: Any) -> list[Any]:
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.execute(sa.text(statement), values))


def faults(app: Flask) -> list[str]:
    with app.app_context():
        return list(integrity.faults(utc_now())) or list(free_time_integrity.faults(utc_now()))


def drop_the_guard(app: Flask) -> None:
    """Take away what makes the database itself refuse overlapping claims."""
    with app.app_context(), db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "ALTER TABLE time_claims DROP CONSTRAINT ex_time_claims_overlap"
            )
        else:
            for event in ("insert", "update"):
                connection.exec_driver_sql(f"DROP TRIGGER ex_time_claims_overlap_{event}")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class KillableServer:
    """`python -m marketplace run` in a process group of its own."""

    def __init__(self, database: TestDatabase, log: Path, **variables: str) -> None:
        settings = {
            "ENVIRONMENT": "development",
            "LISTEN": "127.0.0.1:0",
            "PUBLIC_URL": "http://127.0.0.1:0",
            "DATABASE_URL": database.url,
            "INSTANCE_PATH": str(database.folder),
            "SECRET_KEY": SECRET,
            "REDIS_URL": "",
            "RATE_LIMITS": "off",
            "DEMO_DATA": "off",
            "LOG_LEVEL": "WARNING",
        } | variables
        named = {f"MARKETPLACE_{name}": value for name, value in settings.items()}
        self._log = log
        with log.open("w", encoding="utf-8") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-m", "marketplace", "run"],
                cwd=PROJECT_ROOT,
                env={**os.environ, **named},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.address = self._wait()
        except BaseException:
            self.kill()
            raise

    def _wait(self) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            said = self.said()
            told = re.search(r"^Documentation: (http://[^/]+)/api/docs/$", said, re.MULTILINE)
            if told and "Ctrl-C" in said:
                return told[1]
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start: {said}")
            time.sleep(0.05)

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def kill(self) -> None:
        """Kill -9 of all its processes, if it lives."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE_SECONDS)
