"""Actions on one booking, keys and processes meet: real threads, real HTTP, both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from actors import Actor
from bookings.races.shared import (
    BOOKINGS,
    CROWD,
    HOLDS,
    booked,
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


def test_a_request_being_confirmed_keeps_its_time_from_whoever_wants_it(
    server: str, local_app: Flask, clients: list[Actor], offer: Callable[..., Offer]
) -> None:
    wanted = offer(auto_confirm=False)
    made = booked(server, clients[0], wanted.wanted())
    confirm = Call(server, wanted.specialist, "POST", f"{BOOKINGS}{made['id']}/confirm/")
    others = [
        Call(server, who, "POST", path, wanted.wanted(minutes))
        for who, path, minutes in zip(
            clients[1:13], [BOOKINGS, HOLDS] * 6, [0, 0, 30, 30] * 3, strict=True
        )
    ]

    answers = at_once([*others[:6], confirm, *others[6:]])

    assert told(answers) == {(200, ""): 1, (409, "slot_taken"): 12}
    assert len(spans_of(local_app, wanted)) == 1


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
