"""Lists of one's own bookings, and the command that writes what the clock has decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from actors import Actor, assert_problem
from bookings.support import (
    BOOKINGS,
    HOLDS,
    NOW,
    STATUSES,
    act,
    add_bookings,
    book,
    day,
    hold,
    moment,
    shown,
    slot,
    stored,
)
from flask import Flask
from services.support import listed, read_through
from test_query_counts import cost

from marketplace.bookings import lifecycle

DAY = timedelta(days=1)
# Each stored status before and after the clock has changed what it means.
ROWS: list[dict[str, Any]] = [
    {"status": "pending", "starts_at": NOW + DAY},
    {"status": "pending", "starts_at": NOW},
    {"status": "pending", "starts_at": NOW - 3 * DAY},
    {"status": "confirmed", "starts_at": NOW + 2 * DAY},
    {"status": "confirmed", "starts_at": NOW - timedelta(hours=24, minutes=30)},
    {"status": "confirmed", "starts_at": NOW - timedelta(hours=26)},
    *({"status": status, "starts_at": NOW - 5 * DAY} for status in STATUSES[2:]),
]
EFFECTIVE = ["pending", "expired", "expired", "confirmed", "confirmed", "completed", *STATUSES[2:]]


@pytest.mark.parametrize("expired_before", [False, True])
def test_a_status_is_filtered_as_it_is_shown(
    app: Flask, client: Actor, specialist: Actor, service: int, *, expired_before: bool
) -> None:
    made = dict(zip(add_bookings(client, specialist, service, ROWS), EFFECTIVE, strict=True))
    if expired_before:
        expire(app)

    for caller in (client, specialist):
        found = {status: listed(caller, BOOKINGS, status=status) for status in STATUSES}
        assert {status: {row["id"] for row in rows} for status, rows in found.items()} == {
            status: {number for number, shown_as in made.items() if shown_as == status}
            for status in STATUSES
        }
        assert all(row["status"] == status for status, rows in found.items() for row in rows)
        total = caller.get(f"{BOOKINGS}?status=expired&count=true").headers["X-Total-Count"]
        assert total == "3"


def test_a_list_is_in_order_and_read_through_its_cursors(
    client: Actor, specialist: Actor, service: int
) -> None:
    starts = [NOW + timedelta(hours=2 * number) for number in (3, 1, 2, 5, 4)]
    rows = [{"starts_at": each} for each in starts]
    rows += [{"status": "cancelled", "starts_at": starts[0]} for _ in range(2)]
    made = add_bookings(client, specialist, service, rows)
    keys = {number: (row["starts_at"], number) for number, row in zip(made, rows, strict=True)}
    rising = sorted(made, key=lambda number: keys[number])

    for caller in (client, specialist):
        for limit in (1, 2, 3, 100):
            assert read_through(caller, BOOKINGS, limit=limit) == rising[::-1]
            assert read_through(caller, BOOKINGS, limit=limit, ordering="starts_at") == rising
            assert (
                read_through(caller, BOOKINGS, limit=limit, ordering="-starts_at") == rising[::-1]
            )
    answer = client.get(f"{BOOKINGS}?limit=2&count=true")
    assert answer.headers["X-Total-Count"] == "7"


def test_dates_are_of_the_readers_zone_and_both_included(
    client: Actor, specialist: Actor, service: int
) -> None:
    clocks = [("23:30", 0), ("00:00", 1), ("23:30", 1), ("00:30", 2)]
    rows = [{"status": "cancelled", "starts_at": moment(clock, number)} for clock, number in clocks]
    made = add_bookings(client, specialist, service, rows)
    # In Omsk the clock shows three hours more.
    client.patch("/api/auth/profile/me/", {"timezone": "Asia/Omsk"})

    def ids(caller: Actor, **query: Any) -> list[int]:
        return read_through(caller, BOOKINGS, ordering="starts_at", **query)

    assert ids(specialist, **{"from": day(1), "to": day(1)}) == made[1:3]
    assert ids(client, **{"from": day(1), "to": day(1)}) == made[:2]
    assert ids(specialist, **{"from": day(1)}) == made[1:]
    assert ids(specialist, to=day(1)) == made[:3]
    assert ids(client, **{"from": day(2)}) == made[2:]
    assert ids(specialist, **{"from": day(3)}) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("ordering=price", "ordering"),
        ("from=24.11.2026", "from"),
        ("to=2026-02-30", "to"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("state=pending", "state"),
    ],
)
def test_a_bad_filter_is_named(client: Actor, query: str, field: str) -> None:
    assert_problem(client.get(f"{BOOKINGS}?{query}"), 422, "invalid_fields", field)


def test_a_row_of_the_list_is_the_booking_without_its_history(client: Actor, service: int) -> None:
    made = book(client, service)

    (row,) = client.get(BOOKINGS).get_json()

    assert row == {name: value for name, value in made.items() if name != "events"}


def test_a_list_costs_the_same_however_many_bookings_there_are(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    paths = [f"{BOOKINGS}?limit=100&count=1", f"{BOOKINGS}?limit=5&status=completed"]
    row = {"status": "completed", "starts_at": NOW - DAY}
    add_bookings(client, specialist, service, [row] * 10)
    few = [cost(app, caller, path) for caller in (client, specialist) for path in paths]

    add_bookings(client, specialist, service, [row] * 140)

    assert [cost(app, caller, path) for caller in (client, specialist) for path in paths] == few


def test_what_the_clock_decided_is_written_once(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    hold(client, service, slot("15:00"))
    made = add_bookings(client, specialist, service, ROWS)
    later = NOW + timedelta(minutes=10)

    assert expire(app) == {"expired": 2, "completed": 1, "holds": 0}
    assert expire(app) == {"expired": 0, "completed": 0, "holds": 0}
    assert expire(app, later) == {"expired": 0, "completed": 0, "holds": 1}
    assert client.get(HOLDS).get_json() == []

    histories = [shown(client, number)["events"] for number in made]
    written = [[event["event"] for event in history[1:]] for history in histories]
    assert written == [[], ["expired"], ["expired"], [], [], ["completed"], *([[]] * 5)]
    assert {event["by"] for history in histories for event in history[1:]} == {"system"}
    assert stored(app)["time_claims"] == 3


def test_a_written_status_reads_as_it_did_before(
    app: Flask, client: Actor, specialist: Actor, service: int
) -> None:
    made = add_bookings(client, specialist, service, ROWS)
    before = [shown(client, number)["status"] for number in made]

    expire(app)

    assert before == [shown(client, number)["status"] for number in made] == EFFECTIVE
    for number in (made[1], made[5]):
        assert_problem(act(specialist, number, "complete"), 409, "wrong_state")


def expire(app: Flask, now: Any = NOW) -> dict[str, int]:
    with app.app_context():
        return lifecycle.expire(now)
