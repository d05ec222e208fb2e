"""What the clock has decided of many bookings is written in as many statements as of one."""

from __future__ import annotations

from collections.abc import Callable

import time_machine
from actors import Actor, People
from bookings.support import block, book, go_to, moment, set_up, shown, slot
from flask import Flask
from test_query_counts import statements

from marketplace.bookings import lifecycle


def cost(app: Flask, what: Callable[[], object]) -> int:
    with statements(app) as sent:
        what()
    return len(sent)


def ask(client: Actor, service: int, number: int, *, day: int) -> list[int]:
    hours = range(10, 10 + number)
    return [book(client, service, slot(f"{hour}:00", day))["id"] for hour in hours]


def test_a_booking_costs_the_same_however_many_requests_went_unanswered(
    app: Flask,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
) -> None:
    set_up(specialist, auto_confirm=False)
    costs = []
    for day, number in ((1, 1), (2, 8)):
        asked = ask(client, service, number, day=day)
        go_to(clock, moment("18:00", day), client)
        costs.append(cost(app, lambda: book(client, service, slot(number=9 + number))))  # noqa: B023
        assert {shown(client, each)["status"] for each in asked} == {"expired"}

    assert costs[0] == costs[1]


def test_the_command_costs_the_same_however_much_it_writes(
    app: Flask,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
) -> None:
    costs = []

    def expire(day: int) -> None:
        with app.app_context():
            lifecycle.expire(moment("18:00", day))

    for day, number in ((1, 1), (3, 4)):
        set_up(specialist, auto_confirm=True)
        ask(client, service, number, day=day)
        set_up(specialist, auto_confirm=False)
        for hour in range(14, 14 + number):
            book(client, service, slot(f"{hour}:00", day))
        costs.append(cost(app, lambda: expire(day + 1)))  # noqa: B023
        go_to(clock, moment("19:00", day + 1), client, specialist)

    assert costs[0] == costs[1]


def test_a_block_costs_the_same_however_many_bookings_it_cancels(
    app: Flask, people: People, client: Actor, specialist: Actor, service: int
) -> None:
    other = people.client("other")
    ask(other, service, 1, day=1)
    ask(client, service, 8, day=2)

    costs = [cost(app, lambda: block(app, each.user_id)) for each in (other, client)]  # noqa: B023

    assert costs[0] == costs[1]
