"""A database that falls silent in the middle of a conversation, as one on a machine that hangs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from databases import SECRET, TestDatabase
from sqlalchemy.engine import make_url

from marketplace import create_app
from marketplace.extensions import db
from marketplace.settings import Settings

# It says nothing for as long as the test lasts; only the bound ends a question.
PATIENCE_SECONDS = 10


class Relay:
    """Stands between application and server, and can stop passing on what is said."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.speaking = Event()
        self.speaking.set()
        self._sockets: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                for one, other in ((client, server), (server, client)):
                    Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                self.speaking.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.speaking.set()


@pytest.fixture
def relay(postgresql: TestDatabase) -> Iterator[Relay]:
    url = make_url(postgresql.url)
    made = Relay(url.host or "127.0.0.1", url.port or 5432)
    yield made
    made.close()


def test_ready_does_not_wait_for_it(postgresql: TestDatabase, relay: Relay, tmp_path: Path) -> None:
    url = make_url(postgresql.url).set(host="127.0.0.1", port=relay.port)
    app = create_app(
        Settings(
            instance_path=tmp_path,
            database_url=url.render_as_string(hide_password=False),
            secret_key=SECRET,
        )
    )
    client = app.test_client()
    assert client.get("/ready/").status_code == 200
    relay.speaking.clear()
    started = time.monotonic()

    first, second = client.get("/ready/"), client.get("/ready/")
    told = client.get("/metrics")

    assert time.monotonic() - started < PATIENCE_SECONDS
    for answer in (first, second):
        assert answer.status_code == 503
        assert answer.get_json()["parts"]["database"] == "down"
        assert answer.get_json()["parts"]["outbox"] == "unknown"
    assert 'marketplace_part_ok{part="database"} 0.0' in told.text
    relay.speaking.set()
    while client.get("/ready/").status_code == 503:
        assert time.monotonic() - started < 6 * PATIENCE_SECONDS
    with app.app_context():
        db.engine.dispose()
