"""Rows in the outbox, workers in the test's own process, and a real mail server."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from threading import Event
from typing import Any

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask import Flask

from marketplace.auth.models import User
from marketplace.core.clock import utc_now
from marketplace.core.database import transactional
from marketplace.extensions import db
from marketplace.notifications import outbox
from marketplace.notifications.gateways import open_senders
from marketplace.notifications.models import Notification, PushDevice
from marketplace.notifications.outbox import Notice
from marketplace.notifications.senders import Sender
from marketplace.notifications.worker import Worker
from marketplace.settings import Settings
from marketplace.settings_delivery import DeliverySettings, SmtpServer

_numbers = count(1)
MAIL_FROM = "Market <noreply@market.example>"
PAYLOAD = {"service": "Стрижка", "starts_at": "2030-01-01T12:00:00+03:00"}


@transactional
def _enqueue(notices: list[Notice]) -> None:
    outbox.enqueue(notices, utc_now())


def enqueue(app: Flask, user_id: int | None, kind: str = "booking_created", **changes: Any) -> None:
    """Add a row, due now, under a key of its own."""
    enqueue_many(app, [notice(user_id, kind, **changes)])


def enqueue_many(app: Flask, notices: list[Notice]) -> None:
    with app.app_context():
        _enqueue(notices)


def notice(user_id: int | None, kind: str = "booking_created", **changes: Any) -> Notice:
    key = changes.pop("dedup_key", f"{kind}:{user_id}:{next(_numbers)}")
    values: dict[str, Any] = {"payload": PAYLOAD, "due_at": utc_now()}
    return Notice(user_id, kind, "booking", 1, dedup_key=key, **(values | changes))


def rows(app: Flask) -> list[Any]:
    """The outbox, oldest first."""
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.execute(sa.select(Notification.__table__).order_by("id")).all())


def states(app: Flask) -> list[str]:
    return [row.state for row in rows(app)]


def only_row(app: Flask) -> Any:
    [row] = rows(app)
    return row


def change(app: Flask, user_id: int, **values: Any) -> None:
    """Set columns of a person."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.update(User.__table__).where(User.id == user_id).values(values))


def verify(app: Flask, user_id: int, *, email: bool = True, phone: str | None = None) -> None:
    """Show the person to own the e-mail, and perhaps a phone."""
    values: dict[str, Any] = {"email_verified_at": utc_now() if email else None}
    if phone:
        values |= {"phone": phone, "phone_verified_at": utc_now()}
    change(app, user_id, **values)


def add_device(app: Flask, user_id: int, token: str) -> None:
    values = {"user_id": user_id, "token": token, "platform": "android"}
    values |= {"created_at": utc_now(), "last_seen_at": utc_now()}
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.insert(PushDevice.__table__).values(values))


def settings_of(app: Flask, **delivery: Any) -> Settings:
    settings: Settings = app.config["MARKETPLACE"]
    quiet = {"quiet_hours": None, "mail_from": MAIL_FROM}
    return replace(settings, delivery=DeliverySettings(**(quiet | delivery)))


def deliver(
    app: Flask, senders: Mapping[str, Sender] | None = None, **delivery: Any
) -> Counter[str]:
    """Run one worker until nothing is due; how many rows became what."""
    settings = settings_of(app, **delivery)
    with app.app_context():
        worker = Worker(
            settings.delivery,
            open_senders(settings) if senders is None else senders,
            brand=settings.brand,
            clock=utc_now,
            stop=Event(),
        )
        try:
            return worker.drain()
        finally:
            worker.close()


@dataclass
class Recorder:
    """A sender that keeps what it is given, or raises what is told for a destination."""

    sent: list[Any] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)

    def send(self, message: Any) -> None:
        if message.destination in self.trouble:
            raise self.trouble[message.destination]
        self.sent.append(message)

    def close(self) -> None:
        pass


class Inbox:
    """What a real mail server does with what comes in."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals: list[str] = []
        self.rcpt_refusals: list[str] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.rcpt_refusals:
            return self.rcpt_refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        mail: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(mail)
        return "250 OK"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def mail_server(inbox: Inbox, **options: Any) -> Iterator[SmtpServer]:
    """A mail server on a free port of this machine."""
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield SmtpServer("127.0.0.1", port, "none")
    finally:
        controller.stop()
