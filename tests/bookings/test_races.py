"""Nobody's time is ever sold twice: real threads, real HTTP, both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, pairwise
from threading import Barrier, Thread, local
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor, People
from auth.support import in_parallel, later
from bookings.racing import (
    KINDS,
    Answer,
    Call,
    Offer,
    at_once,
    drop_the_guard,
    faults,
    moment,
    new_offer,
    own_database,
)
from databases import TestDatabase
from flask import Flask
from live_server import live_server
from sqlalchemy.exc import OperationalError

from marketplace import create_app
from marketplace.bookings import operations, slots
from marketplace.bookings.models import TimeClaim
from marketplace.core.clock import utc_now
from marketplace.core.database import release
from marketplace.core.errors import Code, DomainError
from marketplace.extensions import db
from marketplace.schedule import queries as schedules

BOOKINGS, HOLDS = "/api/bookings/", "/api/holds/"
CROWD = 50
HOUR = timedelta(hours=1)
THREADS = "12"


@pytest.fixture(scope="module", params=KINDS)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("races")
    with own_database(request.param, folder, f"{worker}_races") as made:
        yield made


@pytest.fixture(scope="module")
def local_app(database: TestDatabase) -> Iterator[Flask]:
    """An application on the servers' database: makes people, looks at what was stored."""
    app = create_app(database.settings(threads=12))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def server(database: TestDatabase, local_app: Flask) -> Iterator[str]:
    with live_server(database, THREADS=THREADS) as address:
        yield address


@pytest.fixture(scope="module")
def second_server(
    database: TestDatabase, server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    elsewhere = replace(database, folder=tmp_path_factory.mktemp("second"))
    with live_server(elsewhere, THREADS=THREADS) as address:
        assert address != server
        yield address


@pytest.fixture(scope="module")
def clients(local_app: Flask) -> list[Actor]:
    people = People(local_app)
    return [people.client(f"klient{number}") for number in range(CROWD)]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def offer(local_app: Flask, numbers: Iterator[int]) -> Callable[..., Offer]:
    def make(**settings: Any) -> Offer:
        return new_offer(People(local_app), f"master{next(numbers)}", **settings)

    return make


@pytest.fixture(autouse=True)
def doctor(request: pytest.FixtureRequest) -> Iterator[None]:
    """None of these, whatever it was, leaves a fault in the data."""
    if not {"database", "server"} & set(request.fixturenames):
        yield
        return
    app = request.getfixturevalue("local_app")
    before = set(faults(app))
    yield
    assert set(faults(app)) - before == set()


def spans_of(app: Flask, offer: Offer) -> list[tuple[datetime, datetime]]:
    """The claimed spans of a specialist's time, in order."""
    # Through the model's own type: SQLite keeps numbers.
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(
            sa.select(TimeClaim.busy_from, TimeClaim.busy_until)
            .where(TimeClaim.specialist_id == offer.specialist.user_id)
            .order_by(TimeClaim.busy_from)
        )
        return [(row.busy_from, row.busy_until) for row in found]


def overlaps(spans: list[tuple[datetime, datetime]]) -> int:
    return sum(one[1] > following[0] for one, following in pairwise(spans))


def told(answers: list[Answer]) -> Counter[tuple[int, str]]:
    return Counter((answer.status, answer.code) for answer in answers)


def booked(address: str, caller: Actor, body: dict[str, Any]) -> dict[str, Any]:
    answer = Call(address, caller, "POST", BOOKINGS, body).answer()
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.body
    return made


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
        hold_id = operations.hold(who.user_id, wanted.service, start, utc_now())
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


def test_a_slot_is_booked_or_moved_onto_by_one(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer()
    movers, bookers = clients[:8], clients[8:24]
    made = [booked(server, who, wanted.wanted(120 + 60 * n)) for n, who in enumerate(movers)]
    target = {"starts_at": wanted.start()}
    calls = [
        Call(server, who, "POST", f"{BOOKINGS}{one['id']}/reschedule/", target)
        for who, one in zip(movers, made, strict=True)
    ]

    answers = at_once(
        [*calls, *(Call(server, who, "POST", BOOKINGS, wanted.wanted()) for who in bookers)]
    )

    won = [answer for answer in answers if answer.status in (200, 201)]
    assert len(won) == 1
    assert told(answers)[(409, "slot_taken")] == len(answers) - 1
    for who, one, answer in zip(movers, made, answers, strict=False):
        shown = Call(server, who, "GET", f"{BOOKINGS}{one['id']}/").answer().body
        if answer.status == 200:
            assert moment(shown["starts_at"]) == moment(wanted.start())
            assert [event["event"] for event in shown["events"]] == ["created", "rescheduled"]
        else:
            assert shown == one  # a refused one changed nothing
    spans = spans_of(local_app, wanted)
    assert len(spans) == len(movers) + (won[0].status == 201)
    assert overlaps(spans) == 0


def test_two_bookings_that_swap_their_times_keep_apart(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer()
    pair = [booked(server, who, wanted.wanted(60 * n)) for n, who in enumerate(clients[:2])]

    answers = at_once(
        [
            Call(
                server,
                who,
                "POST",
                f"{BOOKINGS}{one['id']}/reschedule/",
                {"starts_at": other["starts_at"]},
            )
            for who, one, other in zip(clients[:2], pair, reversed(pair), strict=True)
        ]
    )

    assert told(answers) == {(409, "slot_taken"): 2}


ACTIONS = ("confirm", "decline", "cancel", "cancel", "reschedule", "reschedule")
BY_CLIENT = (False, False, False, True, True, False)


@pytest.mark.parametrize("picked", [(0, 1), (2, 3), (0, 3), (0, 1, 2, 3, 4, 5)])
def test_of_actions_on_one_booking_those_that_were_answered_200_are_its_history(
    server: str,
    clients: list[Actor],
    offer: Callable[..., Offer],
    picked: tuple[int, ...],
) -> None:
    wanted, client = offer(auto_confirm=False), clients[0]
    path = f"{BOOKINGS}{booked(server, client, wanted.wanted())['id']}/"
    bodies = {"reschedule": {"starts_at": wanted.start(180)}, "cancel": {"reason": "Планы"}}
    calls = [
        Call(
            server,
            client if BY_CLIENT[which] else wanted.specialist,
            "POST",
            f"{path}{ACTIONS[which]}/",
            bodies.get(ACTIONS[which]),
        )
        for which in picked
    ]

    answers = at_once(calls)

    assert set(told(answers)) <= {(200, ""), (409, "wrong_state")}
    shown = Call(server, client, "GET", path).answer().body
    events = [(event["event"], event["by"]) for event in shown["events"]]
    assert events[0] == ("created", "client")
    assert shown["status"] == shown["events"][-1]["status"]
    past = {"confirm": "confirmed", "decline": "declined", "cancel": "cancelled"}
    done = {
        (past.get(ACTIONS[which], "rescheduled"), "client" if BY_CLIENT[which] else "specialist")
        for which, answer in zip(picked, answers, strict=True)
        if answer.status == 200
    }
    happened = events[1:]
    assert len(set(happened)) == len(happened)
    # Only a second move to the same start may be answered 200 and leave no trace.
    assert set(happened) <= done
    assert {one for one in done - set(happened) if one[0] != "rescheduled"} == set()
    ends = [event for event, _ in happened if event in ("declined", "cancelled")]
    assert len(ends) <= 1
    if ends:
        assert happened[-1][0] == ends[0]
    if picked in ((0, 1), (2, 3)):
        assert told(answers) == {(200, ""): 1, (409, "wrong_state"): 1}


def test_one_action_of_one_party_many_times_happens_once(
    server: str, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted, client = offer(), clients[0]
    path = f"{BOOKINGS}{booked(server, client, wanted.wanted())['id']}/"

    answers = at_once([Call(server, client, "POST", f"{path}cancel/", {})] * 12)

    assert told(answers) == {(200, ""): 12}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    events = Call(server, client, "GET", path).answer().body["events"]
    assert [event["event"] for event in events] == ["created", "cancelled"]


def test_two_processes_on_one_database_sell_a_slot_once(
    server: str,
    second_server: str,
    local_app: Flask,
    clients: list[Actor],
    offer: Callable[..., Offer],
) -> None:
    wanted = offer()
    calls = [
        Call((server, second_server)[number % 2], who, "POST", BOOKINGS, wanted.wanted())
        for number, who in enumerate(clients)
    ]

    answers = at_once(calls)

    assert told(answers) == {(201, ""): 1, (409, "slot_taken"): CROWD - 1}
    assert len(spans_of(local_app, wanted)) == 1


def test_one_key_sent_twenty_times_to_two_processes_makes_one_booking(
    server: str,
    second_server: str,
    local_app: Flask,
    clients: list[Actor],
    offer: Callable[..., Offer],
) -> None:
    wanted, who = offer(), clients[5]
    key = {"Idempotency-Key": f"key-of-{wanted.service}"}

    answers = at_once(
        [
            Call((server, second_server)[n % 2], who, "POST", BOOKINGS, wanted.wanted(), key)
            for n in range(20)
        ]
    )

    assert told(answers) == {(201, ""): 20}
    first = answers[0]
    kept = ("location", "etag", "cache-control")
    for answer in answers:
        assert answer.body == first.body
        assert [answer.headers[name] for name in kept] == [first.headers[name] for name in kept]
    replayed = [answer.headers.get("idempotency-replayed") for answer in answers]
    assert Counter(replayed) == {None: 1, "true": 19}
    assert len(spans_of(local_app, wanted)) == 1


def test_one_key_sent_twenty_times_makes_one_hold(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted, who = offer(), clients[6]
    key = {"Idempotency-Key": f"key-of-{wanted.service}"}

    answers = at_once([Call(server, who, "POST", HOLDS, wanted.wanted(), key)] * 20)

    assert told(answers) == {(201, ""): 20}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len(spans_of(local_app, wanted)) == 1


def test_a_client_never_gets_a_third_hold(
    server: str, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    who = clients[7]
    offers = [offer() for _ in range(6)]

    answers = at_once([Call(server, who, "POST", HOLDS, one.wanted()) for one in offers])

    assert told(answers) == {(201, ""): 2, (409, "too_many_holds"): 4}


# The control: what happens when a guard is off.

NAIVE = 8


@pytest.fixture(params=KINDS)
def spare_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[Flask]:
    """An application on a database to be spoilt."""
    folder = tmp_path_factory.mktemp("spare")
    with own_database(request.param, folder, f"{worker}_spare") as database:
        app = create_app(database.settings(threads=NAIVE))
        yield app
        with app.app_context():
            db.engine.dispose()


def without_the_lock(
    monkeypatch: pytest.MonkeyPatch, app: Flask, wanted: Offer, clients: list[Actor]
) -> Counter[str]:
    """All look whether the start is free, as anybody would who takes no lock, then all book it."""
    looked, mind, judge = Barrier(len(clients)), local(), slots.judge
    monkeypatch.setattr(operations, "lock_diaries", lambda _ids: None)
    monkeypatch.setattr(slots, "judge", lambda *_arguments, **_more: mind.judgement)
    start, now = moment(wanted.start()), utc_now()

    def book(number: int) -> str:
        with app.app_context():
            settings = schedules.settings_of(wanted.specialist.user_id)
            mind.judgement = judge(wanted.specialist.user_id, settings, 60, start, now=now)
            release()
            looked.wait(30)
            try:
                operations.book(clients[number].user_id, wanted.service, start, "", now)
            except DomainError as error:
                return str(error.code)
            except OperationalError:
                return "deadlock"  # those who insert at once wait for each other's claims
            return "booked"

    return Counter(in_parallel(len(clients), book))


def test_control_without_lock_and_constraint_one_slot_is_sold_many_times_and_either_suffices(
    monkeypatch: pytest.MonkeyPatch, spare_app: Flask
) -> None:
    people = People(spare_app)
    offers = [new_offer(people, f"master{number}") for number in range(3)]
    clients = [people.client(f"klient{number}") for number in range(NAIVE)]

    with monkeypatch.context() as patched:
        outcomes = without_the_lock(patched, spare_app, offers[0], clients)

    assert outcomes["booked"] == 1
    assert set(outcomes) <= {"booked", str(Code.SLOT_TAKEN), "deadlock"}
    assert len(spans_of(spare_app, offers[0])) == 1

    drop_the_guard(spare_app)
    start, now = moment(offers[1].start()), utc_now()

    def book(number: int) -> str:
        with spare_app.app_context():
            try:
                operations.book(clients[number].user_id, offers[1].service, start, "", now)
            except DomainError as error:
                return str(error.code)
            return "booked"

    assert Counter(in_parallel(NAIVE, book)) == {"booked": 1, "slot_taken": NAIVE - 1}
    assert len(spans_of(spare_app, offers[1])) == 1
    assert faults(spare_app) == []

    with monkeypatch.context() as patched:
        outcomes = without_the_lock(patched, spare_app, offers[2], clients)

    assert outcomes == {"booked": NAIVE}
    assert overlaps(spans_of(spare_app, offers[2])) == NAIVE - 1
    found = faults(spare_app)
    assert len(found) == NAIVE - 1
    assert all(fault.endswith("of one specialist overlap") for fault in found)
