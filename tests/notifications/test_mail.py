"""E-mail through a real mail server: taken, refused for now, refused for good, away."""

from __future__ import annotations

import socket
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from actors import Actor
from flask import Flask
from notifications import posting
from notifications.posting import Inbox, deliver, enqueue, mail_server, only_row, rows, states

from marketplace.core.clock import utc_now
from marketplace.notifications.routing import MAX_ATTEMPTS
from marketplace.settings_delivery import SmtpServer


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(autouse=True)
def verified(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)


def test_a_notification_arrives_whole(app: Flask, client: Actor, inbox: Inbox) -> None:
    enqueue(app, client.user_id, dedup_key="booking:1:1:booking_created:1")

    with mail_server(inbox) as smtp:
        assert deliver(app, smtp=smtp) == {"sent": 1}

    [mail] = inbox.mails
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert mail["To"] == "klient@example.com"
    assert mail["From"] == posting.MAIL_FROM
    assert mail["Subject"] == "Новая запись"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Новая запись: Стрижка, 1 января, 12:00." in plain.get_content()
    assert "Новая запись: Стрижка, 1 января, 12:00." in html.get_content()
    row = only_row(app)
    assert (row.state, row.channel, row.destination) == ("sent", "email", "klient@example.com")
    assert (row.attempts, row.last_error, row.leased_until) == (1, "", None)


def test_the_same_key_is_the_same_message_id(app: Flask, client: Actor, inbox: Inbox) -> None:
    enqueue(app, client.user_id)
    enqueue(app, client.user_id)
    with mail_server(inbox) as smtp:
        deliver(app, smtp=smtp)
        with app.app_context(), posting.db.engine.begin() as connection:
            connection.execute(
                posting.sa.update(posting.Notification.__table__).values(
                    state="pending", ended_at=None
                )
            )
        deliver(app, smtp=smtp)

    ids = [mail["Message-ID"] for mail in inbox.mails]
    assert len(ids) == 4
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_a_refusal_for_now_is_tried_again_later(app: Flask, client: Actor, inbox: Inbox) -> None:
    inbox.refusals = ["451 4.3.0 mailbox klient@example.com busy"]
    with time_machine.travel(utc_now(), tick=False) as clock, mail_server(inbox) as smtp:
        enqueue(app, client.user_id)
        assert deliver(app, smtp=smtp) == {"waiting": 1}
        row = only_row(app)
        waited = row.due_at - utc_now()
        assert deliver(app, smtp=smtp) == {}

        clock.shift(timedelta(seconds=11))
        assert deliver(app, smtp=smtp) == {"sent": 1}

    assert (row.state, row.attempts) == ("pending", 1)
    assert row.last_error == "SMTP 451 to the message"
    assert timedelta(seconds=7) < waited <= timedelta(seconds=10)
    assert len(inbox.mails) == 1
    assert only_row(app).attempts == 2


@pytest.mark.parametrize("place", ["refusals", "rcpt_refusals"])
def test_a_refusal_for_good_is_a_dead_letter_and_stops_nobody_else(
    app: Flask, client: Actor, inbox: Inbox, place: str
) -> None:
    setattr(inbox, place, ["550 5.1.1 no such user klient@example.com"])
    enqueue(app, client.user_id)
    enqueue(app, client.user_id)

    with mail_server(inbox) as smtp:
        assert deliver(app, smtp=smtp) == {"dead": 1, "sent": 1}

    assert states(app) == ["dead", "sent"]
    assert rows(app)[0].last_error.startswith("SMTP 550 to the ")
    assert "klient" not in rows(app)[0].last_error


def test_a_server_that_is_away_costs_a_batch_one_attempt_to_connect(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    connect = socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection", lambda *args, **kw: tried.append(args) or connect(*args, **kw)
    )
    for _ in range(5):
        enqueue(app, client.user_id)

    assert deliver(app, smtp=SmtpServer("127.0.0.1", 1, "none")) == {"waiting": 5}

    assert len(tried) == 1
    assert {row.last_error for row in rows(app)} == {
        "the mail server cannot be reached (ConnectionRefusedError)"
    }
    assert {row.attempts for row in rows(app)} == {1}


def test_delays_grow_to_an_hour_and_then_it_is_dead(app: Flask, client: Actor) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        enqueue(app, client.user_id)
        waits = []
        while only_row(app).state == "pending":
            deliver(app, smtp=SmtpServer("127.0.0.1", 1, "none"))
            wait = only_row(app).due_at - utc_now()
            waits.append(wait)
            clock.shift(wait)

    assert len(waits) == MAX_ATTEMPTS
    assert all(before < after for before, after in pairwise(waits[:9]))
    assert max(waits) <= timedelta(hours=1)
    row = only_row(app)
    assert (row.state, row.attempts) == ("dead", MAX_ATTEMPTS)
    assert row.ended_at is not None


def test_a_server_that_closed_an_idle_connection_is_asked_anew(
    app: Flask, client: Actor, inbox: Inbox
) -> None:
    settings = posting.settings_of(app)
    with mail_server(inbox) as first:
        sender = posting.open_senders(posting.settings_of(app, smtp=first))["email"]
        enqueue(app, client.user_id)
        deliver_with = {"email": sender}
        with app.app_context():
            worker = posting.Worker(
                settings.delivery,
                deliver_with,
                brand="B",
                clock=utc_now,
                stop=posting.Event(),
            )
            assert worker.drain() == {"sent": 1}
            sender._connection.sock.shutdown(socket.SHUT_RDWR)
            enqueue(app, client.user_id)
            assert worker.drain() == {"sent": 1}
            worker.close()

    assert len(inbox.mails) == 2


def test_an_address_that_is_none_is_a_dead_letter(app: Flask, client: Actor, inbox: Inbox) -> None:
    for destination in ("a@b@c.example", "x\r\nBcc: all@example.com", "", "@"):
        enqueue(app, client.user_id, channel="email", destination=destination or " ")

    with mail_server(inbox) as smtp:
        assert deliver(app, smtp=smtp) == {"dead": 4}

    assert inbox.mails == []
