"""What happens to a batch's rows meanwhile: withdrawn, strange, many."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor
from flask import Flask
from notifications import posting
from notifications.posting import Recorder, deliver, enqueue_many, notice, rows, states

from marketplace.core.clock import utc_now
from marketplace.extensions import db
from marketplace.notifications import leases, worker
from marketplace.notifications.outbox import withdraw
from marketplace.notifications.senders import Message, Temporary


@pytest.fixture(autouse=True)
def verified(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)


def fill(app: Flask, client: Actor, count: int) -> None:
    enqueue_many(app, [notice(client.user_id) for _ in range(count)])


class Withdrawing(Recorder):
    """The row is withdrawn while it is on its way."""

    def __init__(self, arrives: bool) -> None:
        super().__init__()
        self.arrives = arrives

    def send(self, message: Message) -> None:
        posting.transactional(withdraw)("booking", [1], ["booking_created"], utc_now())
        if not self.arrives:
            raise Temporary("busy")


@pytest.mark.parametrize(("arrives", "state"), [(True, "sent"), (False, "cancelled")])
def test_what_is_withdrawn_on_its_way_is_sent_only_if_it_arrived(
    app: Flask, client: Actor, arrives: bool, state: str
) -> None:
    fill(app, client, 1)

    deliver(app, {"email": Withdrawing(arrives)})

    assert states(app) == [state]


def test_what_was_withdrawn_before_is_never_sent(app: Flask, client: Actor) -> None:
    fill(app, client, 1)
    with app.app_context():
        posting.transactional(withdraw)("booking", [1], ["booking_created"], utc_now())
    sender = Recorder()

    assert deliver(app, {"email": sender}) == {}
    assert sender.sent == []


def test_a_strange_failure_stops_nobody_else_and_tells_no_address(
    app: Flask, client: Actor, capfd: pytest.CaptureFixture[str]
) -> None:
    posting.enqueue(app, client.user_id, channel="email", destination="odd@example.com")
    fill(app, client, 1)
    sender = Recorder(trouble={"odd@example.com": KeyError("odd@example.com")})

    assert deliver(app, {"email": sender}) == {"waiting": 1, "sent": 1}

    assert rows(app)[0].last_error == "failed unexpectedly (KeyError)"
    assert "odd@" not in capfd.readouterr().out


def test_statements_do_not_grow_with_the_batch(app: Flask, client: Actor) -> None:
    def statements(count: int) -> int:
        sent: list[str] = []
        fill(app, client, count)

        def note(*args: Any) -> None:
            sent.append(args[2])

        with app.app_context():
            engine = db.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            assert deliver(app, {"email": Recorder()}, daily_cap=1000) == {"sent": count}
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return len(sent)

    assert statements(2) == statements(40)


def test_what_is_sent_is_written_as_soon_as_the_database_is_back(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(app, client, 1)
    monkeypatch.setattr(worker, "SETTLE_PAUSES", (0.0, 0.0))
    settle, failures = leases.settle, [1, 2]

    def away(*args: Any) -> None:
        if failures:
            failures.pop()
            raise sa.exc.OperationalError("UPDATE", {}, Exception("server closed"))
        settle(*args)

    monkeypatch.setattr(leases, "settle", away)
    sender = Recorder()

    assert deliver(app, {"email": sender}) == {"sent": 1}

    assert states(app) == ["sent"]
    assert len(sender.sent) == 1
