"""E-mails a second from the outbox into a mail server on this machine.

`python -m benchmarks.delivery`. One worker, as `flask notifications deliver` runs it; the server is
a process of its own that takes everything. Both databases, unless `--database` names one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from marketplace import create_app
from marketplace.auth import operations
from marketplace.auth.models import User
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.extensions import db
from marketplace.notifications import outbox
from marketplace.notifications.gateways import open_senders
from marketplace.notifications.outbox import Notice
from marketplace.notifications.worker import Worker
from marketplace.settings import Settings
from marketplace.settings_delivery import DeliverySettings, SmtpServer

GOAL = 200
READERS = 200
SERVER = os.environ.get(
    "MARKETPLACE_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


class _Sink:
    async def handle_DATA(self, *_arguments: Any) -> str:  # noqa: N802 - the library's name
        return "250 OK"


def _serve(port: int, ready: Any, over: Any) -> None:
    controller = Controller(_Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    ready.set()
    over.wait()
    controller.stop()


@contextmanager
def _sink() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    process = context.Process(target=_serve, args=(port, ready, over))
    process.start()
    ready.wait(30)
    try:
        yield port
    finally:
        over.set()
        process.join(10)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'delivery.sqlite3'}"
        return
    server = make_url(SERVER)
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    name = f"marketplace_bench_delivery_{os.getpid()}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@transactional
def _fill(count: int) -> None:
    now = utc_now()
    readers = []
    for number in range(READERS):
        mail = f"reader{number}@example.com"
        new = operations.NewUser(f"reader{number}", mail, None, "client", "ru", "-")
        readers.append(operations.create_user(new, now).id)
    session().execute(sa.update(User.__table__).values(email_verified_at=now))
    payload = {"service": "Классический массаж спины", "starts_at": "2099-01-01T12:00:00+03:00"}
    notices = [
        Notice(
            readers[each % READERS],
            "booking_created",
            "booking",
            each,
            payload,
            now,
            f"bench:{each}",
        )
        for each in range(count)
    ]
    outbox.enqueue(notices, now)


def measure(kind: str, count: int) -> float:
    """E-mails a second on that database."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _sink() as port,
        _database(kind, Path(folder)) as url,
    ):
        delivery = DeliverySettings(
            smtp=SmtpServer("127.0.0.1", port, "none"),
            mail_from="Market <noreply@example.org>",
            daily_cap=10_000,
        )
        settings = Settings(
            instance_path=Path(folder),
            database_url=url,
            secret_key="a-key-for-benchmarks-of-forty-bytes-or-so",  # noqa: S106 - signs nothing
            demo_data=False,
            log_level="WARNING",
            delivery=delivery,
        )
        app = create_app(settings)
        with app.app_context():
            upgrade()
            _fill(count)
            worker = Worker(
                delivery,
                open_senders(settings),
                brand=settings.brand,
                clock=utc_now,
                stop=Event(),
            )
            began = time.perf_counter()
            counts = worker.drain()
            seconds = time.perf_counter() - began
            worker.close()
            db.session.remove()
            db.engine.dispose()
        if counts != {"sent": count}:
            raise SystemExit(f"not all were sent: {dict(counts)}")
        return count / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--count", type=int, default=3_000)
    given = parser.parse_args()
    kinds = [given.database] if given.database else ["sqlite", "postgresql"]
    for kind in kinds:
        rate = measure(kind, given.count)
        told = "reached" if rate >= GOAL else "missed"
        print(f"{kind}: {rate:.0f} e-mails a second (goal {GOAL}: {told})")


if __name__ == "__main__":
    main()
