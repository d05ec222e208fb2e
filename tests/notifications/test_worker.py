"""Workers at once, killed, stopped, without a database: nothing is lost and little sent twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor
from databases import SECRET, TestDatabase
from flask import Flask
from notifications import posting
from notifications.posting import (
    Inbox,
    Recorder,
    deliver,
    enqueue_many,
    mail_server,
    notice,
    rows,
    states,
)

from marketplace.core.clock import utc_now
from marketplace.extensions import db
from marketplace.notifications import leases
from marketplace.notifications import worker as worker_module
from marketplace.notifications.senders import Message
from marketplace.notifications.worker import BATCH, LEASE, Worker
from marketplace.settings import PROJECT_ROOT
from marketplace.settings_delivery import SmtpServer


@pytest.fixture(autouse=True)
def verified(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)


def fill(app: Flask, client: Actor, count: int) -> None:
    enqueue_many(app, [notice(client.user_id) for _ in range(count)])


def start(database: TestDatabase, smtp: SmtpServer, *options: str) -> subprocess.Popen[str]:
    """`flask notifications deliver` in a process of its own."""
    variables = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": database.url,
        "INSTANCE_PATH": str(database.folder),
        "SECRET_KEY": SECRET,
        "SMTP_URL": f"smtp://{smtp.host}:{smtp.port}",
        "MAIL_FROM": posting.MAIL_FROM,
        "DAILY_CAP": "10000",
    }
    named = {f"MARKETPLACE_{name}": value for name, value in variables.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi:app", "notifications", "deliver", *options],
        cwd=PROJECT_ROOT,
        env={**os.environ, **named},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Deadly(Inbox):
    """Takes a message and kills the worker before it can hear of that."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.victim: subprocess.Popen[str] | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer: str = await super().handle_DATA(server, session, envelope)
        if self.victim is not None and len(self.mails) == self.after:
            self.victim.kill()
            self.victim.wait()
            self.victim = None
        return answer


def test_a_worker_killed_between_sending_and_marking_loses_nothing(
    app: Flask, client: Actor, migrated: TestDatabase
) -> None:
    fill(app, client, 10)
    inbox = Deadly(after=4)
    with mail_server(inbox) as smtp:
        inbox.victim = process = start(migrated, smtp)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        killed = states(app)

        assert deliver(app, smtp=smtp, daily_cap=10_000) == {}, "still leased"
        with time_machine.travel(utc_now() + LEASE + timedelta(seconds=1), tick=False):
            again = deliver(app, smtp=smtp, daily_cap=10_000)

    assert killed == ["pending"] * 10
    assert again == {"sent": 10}
    times = Counter(mail["Message-ID"] for mail in inbox.mails)
    assert len(times) == 10
    assert sorted(times.values()) == [1] * 6 + [2] * 4
    assert states(app) == ["sent"] * 10


def test_several_workers_send_each_row_once(
    app: Flask, client: Actor, migrated: TestDatabase
) -> None:
    fill(app, client, 3 * BATCH)
    inbox = Inbox()
    with mail_server(inbox) as smtp:
        workers = [start(migrated, smtp) for _ in range(2)]
        told = [process.communicate(timeout=60)[0] for process in workers]

    assert [process.returncode for process in workers] == [0, 0], told
    ids = [mail["Message-ID"] for mail in inbox.mails]
    assert len(ids) == len(set(ids)) == 3 * BATCH
    assert states(app) == ["sent"] * 3 * BATCH


def test_a_row_in_one_worker_s_hand_is_not_given_to_another(app: Flask, client: Actor) -> None:
    fill(app, client, 3)
    now = utc_now()
    with app.app_context():
        first = leases.claim(now, now + LEASE, 2)
        second = leases.claim(now, now + LEASE, 2)
        third = leases.claim(now, now + LEASE, 2)
        later = leases.claim(now + LEASE, now + 2 * LEASE, 5)

    assert [len(each) for each in (first, second, third, later)] == [2, 1, 0, 3]
    assert not {row.id for row in first} & {row.id for row in second}


def test_workers_on_postgresql_do_not_wait_for_each_other(
    app: Flask, client: Actor, migrated: TestDatabase
) -> None:
    if migrated.name != "postgresql":
        pytest.skip("SQLite has one writer")
    fill(app, client, 4)
    with app.app_context(), db.engine.begin() as other:
        table = posting.Notification.__table__
        other.execute(sa.select(table.c.id).where(table.c.id <= 2).with_for_update())
        now = utc_now()
        taken = leases.claim(now, now + LEASE, 10)

    assert [row.id for row in taken] == [3, 4]


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_watching_worker_sends_what_becomes_due_and_ends_when_asked(
    app: Flask, client: Actor, migrated: TestDatabase, which: signal.Signals
) -> None:
    inbox = Inbox()
    with mail_server(inbox) as smtp:
        process = start(migrated, smtp, "--watch")
        fill(app, client, 2)
        wait_until(lambda: states(app) == ["sent", "sent"])
        process.send_signal(which)
        said, _ = process.communicate(timeout=30)

    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert len(inbox.mails) == 2
    assert "klient@" not in said


def wait_until(reached: Any) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def worker(app: Flask, sender: Any, stop: threading.Event) -> Worker:
    settings = posting.settings_of(app)
    return Worker(settings.delivery, {"email": sender}, brand="Market", clock=utc_now, stop=stop)


class Stopping(Recorder):
    """Is asked to stop while it sends."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.stop = stop

    def send(self, message: Message) -> None:
        super().send(message)
        self.stop.set()


def test_a_stop_finishes_the_message_in_hand_and_gives_the_rest_back(
    app: Flask, client: Actor
) -> None:
    fill(app, client, 3)
    stop = threading.Event()
    with app.app_context():
        worker(app, Stopping(stop), stop).watch()

    assert states(app) == ["sent", "pending", "pending"]
    assert [row.leased_until for row in rows(app)] == [None] * 3
    assert [row.attempts for row in rows(app)] == [1, 0, 0]


def test_a_batch_that_takes_too_long_is_given_back_within_its_lease(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "BATCH_SECONDS", -1.0)
    fill(app, client, 2)
    with app.app_context():
        counts = worker(app, Recorder(), threading.Event()).run_once()

    assert counts == {"waiting": 2}
    assert [(row.state, row.attempts, row.leased_until) for row in rows(app)] == [
        ("pending", 0, None)
    ] * 2


def test_a_database_that_is_away_is_waited_for(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, client, 1)
    stop = threading.Event()
    pauses: list[float] = []
    monkeypatch.setattr(stop, "wait", pauses.append)
    asked: list[int] = []
    is_any_due = leases.is_any_due

    def away(now: Any) -> bool:
        asked.append(1)
        if len(asked) <= 9:
            raise sa.exc.OperationalError("SELECT", {}, Exception("server closed"))
        return is_any_due(now)

    monkeypatch.setattr(leases, "is_any_due", away)
    with app.app_context():
        worker(app, Stopping(stop), stop).watch()

    assert states(app) == ["sent"]
    assert pauses[:3] == [1.0, 2.0, 4.0]
    assert max(pauses) == 30.0
