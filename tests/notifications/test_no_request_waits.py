"""Requests write to the outbox and never speak to a gateway themselves."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from actors import PASSWORD, People
from bookings.support import open_diary
from flask import Flask
from notifications import posting

from marketplace.core.clock import utc_now
from marketplace.settings_delivery import PushAccount, SmsGateway, SmtpServer


@pytest.fixture
def black_hole():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


def test_dead_gateways_cost_a_request_nothing(
    make_app: Callable[..., Flask], black_hole: socket.socket
) -> None:
    port = black_hole.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    app = make_app()
    app.config["MARKETPLACE"] = replace(
        app.config["MARKETPLACE"],
        delivery=replace(
            app.config["MARKETPLACE"].delivery,
            smtp=SmtpServer("127.0.0.1", port, "none"),
            mail_from=posting.MAIL_FROM,
            sms=SmsGateway("smsru", base, "", "key"),
            push=PushAccount("market", "a@b.ru", f"{base}/token", base),
        ),
    )
    people = People(app)
    registration = {
        "username": "maria",
        "password": PASSWORD,
        "email": "maria@example.com",
        "phone": "+79161234567",
        "role": "client",
    }
    client, specialist = people.client(), people.specialist()
    open_diary(specialist)
    service = specialist.new_service()["id"]
    today = utc_now().date()
    offered = client.get(
        f"/api/services/{service}/slots/?from={today}&to={today + timedelta(days=7)}"
    ).get_json()["days"]
    start = next(slot for day in offered for slot in day["slots"])

    answers = [
        people.anonymous().post("/api/auth/register/", registration),
        client.post("/api/auth/devices/", {"token": "t", "platform": "ios"}),
        client.post("/api/bookings/", {"service": service, "starts_at": start}),
    ]
    booking = answers[-1].get_json()["id"]
    answers.append(client.post(f"/api/bookings/{booking}/cancel/"))

    assert [answer.status_code for answer in answers] == [201, 201, 201, 200]
    assert len(posting.rows(app)) >= 3
    with pytest.raises(BlockingIOError):
        black_hole.accept()
