"""`flask bookings expire`: what the clock has decided is written once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from actors import Actor
from auth.support import in_parallel, logged_in
from bookings.commanding import book, by_hand, count, faults, hold
from bookings.support import NOW
from command_line import CommandLine
from flask import Flask

from marketplace.bookings import lifecycle
from marketplace.core.clock import utc_now

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def lapse(client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates) -> None:
    """A confirmed booking nobody closed, two requests nobody answered, two holds."""
    book(client, service, 10)
    by_hand(specialist)
    for hour in (11, 12):
        book(client, service, hour)
    for hour in (14, 15):
        hold(client, service, hour)
    clock.move_to(NOW + timedelta(hours=49))  # 24 hours after the end of the first


def shown_to(client: Actor) -> list[str]:
    client = logged_in(Actor(client.client))
    return [client.get(f"/api/bookings/{number}/").get_json()["status"] for number in (1, 2, 3)]


def test_expire_writes_what_the_clock_has_decided_once(
    *,
    app: Flask,
    flask: CommandLine,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
) -> None:
    lapse(client, specialist, service, clock)
    assert shown_to(client) == ["confirmed", "expired", "expired"]
    clock.shift(timedelta(hours=1))
    before = shown_to(client)

    assert flask.do("bookings", "expire") == "Expired: 2. Completed: 1. Holds ended: 2.\n"
    assert flask.do("bookings", "expire") == "Expired: 0. Completed: 0. Holds ended: 0.\n"

    stored = [row["status"] for row in flask.json("bookings", "list")]
    assert stored[::-1] == before == ["completed", "expired", "expired"]
    assert flask.json("bookings", "show", "2")["history"][-1].endswith(" system expired: expired")
    assert (count(app, "holds"), count(app, "time_claims")) == (0, 0)
    assert faults(app) == []


def test_expire_leaves_alone_what_is_still_to_come(
    app: Flask, flask: CommandLine, client: Actor, specialist: Actor, service: int
) -> None:
    book(client, service, 10)
    by_hand(specialist)
    book(client, service, 11)
    hold(client, service, 14)

    assert flask.do("bookings", "expire") == "Expired: 0. Completed: 0. Holds ended: 0.\n"

    assert [row["status"] for row in flask.json("bookings", "list")] == ["pending", "confirmed"]
    assert count(app, "time_claims") == 3


def test_expire_four_times_at_once_writes_each_once(
    app: Flask,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
) -> None:
    lapse(client, specialist, service, clock)
    clock.shift(timedelta(hours=1))

    def expire(_number: int) -> dict[str, int]:
        with app.app_context():
            return lifecycle.expire(utc_now())

    counts = in_parallel(4, expire)

    total = {name: sum(one[name] for one in counts) for name in counts[0]}
    assert total == {"expired": 2, "completed": 1, "holds": 2}
    assert count(app, "booking_events") == 6
    assert faults(app) == []
