"""Nobody's time is ever sold twice: real threads, real HTTP, both databases."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from actors import Actor
from auth.support import later
from bookings.races.shared import (
    BOOKINGS,
    CROWD,
    HOLDS,
    HOUR,
    overlaps,
    spans_of,
    told,
)
from bookings.racing import (
    Call,
    Offer,
    at_once,
    moment,
)
from flask import Flask

from marketplace.bookings import operations
from marketplace.core.clock import utc_now
from marketplace.core.errors import DomainError


def test_of_fifty_who_want_one_slot_one_gets_it(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer()

    answers = at_once([Call(server, who, "POST", BOOKINGS, wanted.wanted()) for who in clients])

    assert told(answers) == {(201, ""): 1, (409, "slot_taken"): CROWD - 1}
    refused = [answer.body for answer in answers if answer.status == 409]
    assert {body["rule"] for body in refused} == {"taken"}
    assert all(wanted.start() not in body["nearest"] for body in refused)
    assert len(spans_of(local_app, wanted)) == 1


def test_of_staggered_bookings_none_overlap_and_no_other_is_refused(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer(slot_step_minutes=5)
    calls = [
        Call(server, who, "POST", BOOKINGS, wanted.wanted(5 * number))
        for number, who in enumerate(clients[:36])
    ]

    answers = at_once(calls)

    assert set(told(answers)) == {(201, ""), (409, "slot_taken")}
    starts = {True: [], False: []}
    for call, answer in zip(calls, answers, strict=True):
        starts[answer.status == 201].append(moment(call.body["starts_at"]))
    assert all(after - before >= HOUR for before, after in pairwise(sorted(starts[True])))
    for refused in starts[False]:
        assert any(abs(refused - taken) < HOUR for taken in starts[True]), refused
    spans = spans_of(local_app, wanted)
    assert len(spans) == len(starts[True])
    assert overlaps(spans) == 0


def test_buffers_are_fought_for_too(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer(slot_step_minutes=60, buffer_before_minutes=15, buffer_after_minutes=30)
    calls = [
        Call(server, who, "POST", BOOKINGS, wanted.wanted(60 * (number % 4)))
        for number, who in enumerate(clients[:24])
    ]

    answers = at_once(calls)

    assert set(told(answers)) == {(201, ""), (409, "slot_taken")}
    spans = spans_of(local_app, wanted)
    assert len(spans) == sum(answer.status == 201 for answer in answers) <= 2
    assert overlaps(spans) == 0


def test_of_bookings_and_holds_of_one_slot_one_gets_it(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer()
    calls = [
        Call(server, who, "POST", (BOOKINGS, HOLDS)[number % 2], wanted.wanted())
        for number, who in enumerate(clients[:24])
    ]

    answers = at_once(calls)

    assert told(answers) == {(201, ""): 1, (409, "slot_taken"): 23}
    assert len(spans_of(local_app, wanted)) == 1


def test_a_held_slot_is_booked_by_its_holder_whoever_else_tries(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer()
    holder, *others = clients[:20]
    held = Call(server, holder, "POST", HOLDS, wanted.wanted()).answer()
    assert held.status == 201, held.body

    calls = [Call(server, who, "POST", BOOKINGS, wanted.wanted()) for who in others]
    mine, *refused = at_once(
        [Call(server, holder, "POST", BOOKINGS, {"hold": held.body["id"]}), *calls]
    )

    assert mine.status == 201, mine.body
    assert told(refused) == {(409, "slot_taken"): len(others)}
    assert len(spans_of(local_app, wanted)) == 1


def test_a_hold_is_either_booked_or_released(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted, who = offer(), clients[0]
    for number in range(8):
        held = Call(server, who, "POST", HOLDS, wanted.wanted(60 * number)).answer()
        assert held.status == 201, held.body
        hold = held.body["id"]

        answers = at_once(
            [
                Call(server, who, "POST", BOOKINGS, {"hold": hold}),
                Call(server, who, "DELETE", f"{HOLDS}{hold}/"),
                Call(server, who, "POST", BOOKINGS, {"hold": hold}),
            ]
        )

        outcome = [(answer.status, answer.code) for answer in answers]
        lost = (409, "hold_expired")
        assert outcome in (
            [(201, ""), (404, "not_found"), lost],
            [lost, (404, "not_found"), (201, "")],
            [lost, (204, ""), lost],
        )


def test_a_hold_released_while_it_is_being_booked_leaves_no_booking_without_its_time(
    monkeypatch: pytest.MonkeyPatch,
    local_app: Flask,
    clients: list[Actor],
    offer: Callable[..., Offer],
) -> None:
    """The worst moment: after the booking has seen the hold, before it takes its claim over."""
    wanted, who = offer(), clients[1]
    start = moment(wanted.start())
    with local_app.app_context():
        hold_id = operations.hold(who.user_id, wanted.service, start, utc_now()).id
    released: list[str] = []

    def release() -> None:
        with local_app.app_context():
            try:
                operations.release_hold(who.user_id, hold_id, utc_now())
                released.append("released")
            except DomainError as error:
                released.append(str(error.code))

    thread = Thread(target=release)
    write = operations._write_booking

    def slow_write(*arguments: Any) -> int:
        thread.start()
        thread.join(0.7)  # one that waits for the lock, as it should, is not waited for
        return write(*arguments)

    monkeypatch.setattr(operations, "_write_booking", slow_write)
    outcome = "booked"
    with local_app.app_context():
        try:
            operations.book_hold(who.user_id, hold_id, "", utc_now())
        except DomainError as error:
            outcome = str(error.code)
    thread.join(30)

    assert (outcome, released) in (("booked", ["not_found"]), ("hold_expired", ["released"]))


def test_a_hold_that_has_expired_blocks_no_booking_and_no_reschedule(
    local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer()
    holder, booker, mover = clients[2:5]
    for caller, minutes in ((holder, 0), (holder, 120)):
        assert caller.post(HOLDS, wanted.wanted(minutes)).status_code == 201
    made = mover.post(BOOKINGS, wanted.wanted(300)).get_json()

    with later(minutes=10, seconds=1):
        moved = mover.post(f"{BOOKINGS}{made['id']}/reschedule/", {"starts_at": wanted.start()})
        new = booker.post(BOOKINGS, wanted.wanted(120))

    assert (moved.status_code, new.status_code) == (200, 201), moved.text + new.text
    assert overlaps(spans_of(local_app, wanted)) == 0
