"""A real server in a process of its own, and requests spelled out byte by byte."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from databases import SECRET, TestDatabase, empty
from flask import Flask

from marketplace import create_app
from marketplace.core.database import Base
from marketplace.extensions import db
from marketplace.settings import PROJECT_ROOT

SPECIALIST = (
    '{"username": "анна.мастер", "password": "тихий-вечер-7",'
    ' "email": "anna@example.com", "phone": "+79161234567", "role": "specialist"}'
)
RIVAL = (
    '{"username": "rival", "password": "тихий-вечер-7", "email": "r@example.com",'
    ' "role": "specialist"}'
)
CLIENT = (
    '{"username": "boris", "password": "тихий-вечер-7", "email": "b@example.com", "role": "client"}'
)
PREFIX = "MARKETPLACE_"
START_SECONDS = 40
ANSWER_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`python -m marketplace run` on one of the two databases."""

    def __init__(self, database: TestDatabase, log: Path) -> None:
        self.log = log
        self.app: Flask = create_app(database.settings())
        self.port = _free_port()
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("MARKETPLACE_")
        }
        environ |= {
            "MARKETPLACE_LISTEN": f"127.0.0.1:{self.port}",
            "MARKETPLACE_INSTANCE_PATH": str(database.folder),
            "MARKETPLACE_DATABASE_URL": database.url,
            "MARKETPLACE_RATE_LIMITS": "off",
            "MARKETPLACE_DEMO_DATA": "off",
            "MARKETPLACE_SECRET_KEY": SECRET,
        }
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "marketplace", "run"],
                cwd=PROJECT_ROOT,
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.call("GET", "/ready/").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"not ready in {START_SECONDS} s: {self.log.read_text()}")

    def stop(self) -> int:
        """Stop as an administrator does; the exit code."""
        with self.app.app_context():
            db.engine.dispose()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()

    def call(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        *,
        token: str = "",
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own; `If_Match` is the header If-Match."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["Authorization"] = f"Bearer {token}"
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            raw = body.encode() if isinstance(body, str) else body
            connection.request(method, path, raw, given)
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def send(self, raw: bytes) -> Answer | None:
        """Bytes as they are, then the end of the stream; None when there is no answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS) as wire:
            try:
                wire.sendall(raw)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before all of it was read
            response = HTTPResponse(wire)
            try:
                response.begin()
                return _answer(response)
            except (HTTPException, ConnectionError):
                return None
            finally:
                response.close()

    def register(self, body: str, end: str = "/") -> dict[str, str]:
        """A new account's tokens."""
        answer = self.call("POST", f"/api/auth/register{end}", body)
        assert answer.status == 201, answer.text
        found: dict[str, str] = answer.json
        return found

    def empty(self) -> None:
        empty(self.app)

    def stored(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        with self.app.app_context(), db.engine.connect() as connection:
            return {
                table.name: sorted(map(str, connection.execute(sa.select(table))))
                for table in Base.metadata.sorted_tables
            }


def assert_problem(answer: Answer | None, status: int, code: str, *fields: str) -> None:
    """The answer is a problem of this status and code, naming these fields."""
    assert answer is not None
    assert (answer.status, answer.json["status"], answer.json["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(fields) <= set(answer.json.get("errors", {}))


def _answer(response: HTTPResponse) -> Answer:
    return Answer(response.status, response.headers, response.read())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
