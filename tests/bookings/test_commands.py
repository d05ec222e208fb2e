"""`flask bookings` and `flask schedule`: what admins see and do."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from actors import Actor, People
from bookings.commanding import SETTINGS, TOMORROW, book, by_hand, count, faults, ids
from bookings.support import NOW
from command_line import CommandLine, refusal
from flask import Flask

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def test_bookings_are_listed_newest_first_and_found_by_party_and_status(
    flask: CommandLine, people: People, client: Actor, specialist: Actor, service: int
) -> None:
    other = people.client("petr")
    for number, caller in enumerate((client, other, client)):
        book(caller, service, 10 + number)
    assert client.post("/api/bookings/1/cancel/", {}).status_code == 200

    assert ids(flask) == [3, 2, 1]
    assert ids(flask, "--user", "klient") == [3, 1]
    assert ids(flask, "--user", "PETR@example.com") == [2]
    assert ids(flask, "--user", specialist.user_id) == [3, 2, 1]
    assert ids(flask, "--status", "cancelled") == [1]
    assert ids(flask, "--status", "confirmed", "--user", "klient") == [3]
    assert ids(flask, "--status", "no_show") == []
    assert ids(flask, "--limit", "2") == [3, 2]
    assert ids(flask, "--limit", "2", "--after", "2") == [1]
    more = flask.run("bookings", "list", "--limit", "2")
    assert (more.exit_code, more.stderr) == (0, "More rows follow: --after 2\n")
    assert flask.run("bookings", "list", "--limit", "3").stderr == ""


def test_a_list_is_a_table_or_json(
    flask: CommandLine, client: Actor, specialist: Actor, service: int
) -> None:
    book(client, service)

    head, row = flask.do("bookings", "list").splitlines()
    (shown,) = flask.json("bookings", "list")

    assert head.split() == [
        *("ID", "STATUS", "STARTS", "AT", "CLIENT", "SPECIALIST", "SERVICE", "NAME", "PRICE")
    ]
    assert row.split() == [
        *("1", "confirmed", "2026-11-24T09:00:00Z", "klient", "master", "Массаж", "спины"),
        "1500.00",
    ]
    assert shown == {
        "id": 1,
        "status": "confirmed",
        "starts_at": "2026-11-24T09:00:00Z",
        "ends_at": "2026-11-24T10:00:00Z",
        "client": "klient",
        "specialist": "master",
        "service_id": service,
        "service_name": "Массаж спины",
        "price": "1500.00",
        "created_at": "2026-11-23T06:00:00Z",
    }


def test_a_list_takes_the_same_number_of_statements_however_long(
    flask: CommandLine, client: Actor, service: int
) -> None:
    book(client, service, 10)
    one = flask.queries("bookings", "list")
    for hour in (11, 12, 13):
        book(client, service, hour)

    assert flask.queries("bookings", "list") == one


def test_a_booking_is_shown_with_its_history(
    flask: CommandLine, client: Actor, service: int
) -> None:
    made = book(client, service, note="Болит поясница.")
    path = f"/api/bookings/{made['id']}/"
    moved = client.post(f"{path}reschedule/", {"starts_at": TOMORROW.format(15)})
    assert moved.status_code == 200, moved.text

    shown = flask.json("bookings", "show", made["id"])

    assert (shown["status"], shown["status_by"]) == ("confirmed", "client")
    assert (shown["starts_at"], shown["timezone"]) == ("2026-11-24T12:00:00Z", "Europe/Moscow")
    assert (shown["note"], shown["moved_by_specialist"]) == ("Болит поясница.", False)
    assert shown["history"] == [
        "2026-11-23T06:00:00Z client created: confirmed",
        "2026-11-23T06:00:00Z client rescheduled: confirmed",
    ]
    text = flask.do("bookings", "show", made["id"])
    assert "service name           Массаж спины\n" in text
    assert "client created: confirmed, 2026-11-23T06:00:00Z client rescheduled" in text


@pytest.mark.parametrize("automatic", [True, False])
def test_cancelling_frees_the_time_and_is_told_to_both_and_audited(
    *,
    app: Flask,
    flask: CommandLine,
    people: People,
    client: Actor,
    specialist: Actor,
    service: int,
    automatic: bool,
) -> None:
    if not automatic:
        by_hand(specialist)
    made = book(client, service)

    said = flask.do("bookings", "cancel", made["id"], "--reason", "Жалоба", "--yes")

    assert said == f"Booking {made['id']} is cancelled.\n"
    for party in (client, specialist):
        shown = party.get(f"/api/bookings/{made['id']}/").get_json()
        assert shown["status"] == "cancelled"
        last = shown["events"][-1]
        assert (last["event"], last["by"]) == ("cancelled", "admin")
        assert last["details"] == {"reason": "Жалоба"}
    assert flask.acts() == [("booking.cancel", {"reason": "Жалоба"})]
    (act,) = flask.json("audit", "list")
    assert (act["target_type"], act["target_id"]) == ("booking", made["id"])
    assert count(app, "time_claims") == 0
    assert book(people.client("petr"), service)["status"] in ("confirmed", "pending")
    assert faults(app) == []


def test_cancelling_needs_no_notice(
    flask: CommandLine,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
) -> None:
    assert specialist.patch(SETTINGS, {"cancel_notice_minutes": 43_200}).status_code == 200
    book(client, service)
    clock.move_to(NOW + timedelta(hours=26, minutes=59))

    flask.do("bookings", "cancel", "1", "--reason", "Болезнь", "--yes")

    assert flask.json("bookings", "show", "1")["status"] == "cancelled"


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_cancelling_asks_first(
    flask: CommandLine, client: Actor, service: int, answer: str
) -> None:
    book(client, service)

    result = flask.run("bookings", "cancel", "1", "--reason", "Жалоба", stdin=answer)

    assert result.exit_code == 1
    assert 'Cancel booking 1, "Массаж спины"? [y/N]' in result.stderr
    assert flask.json("bookings", "show", "1")["status"] == "confirmed"
    assert flask.acts() == []


def test_what_cannot_be_done_to_a_booking_is_told(
    flask: CommandLine,
    client: Actor,
    specialist: Actor,
    service: int,
    clock: time_machine.Coordinates,
) -> None:
    book(client, service, 10)
    by_hand(specialist)
    book(client, service, 12)
    flask.do("bookings", "cancel", "1", "--reason", "Жалоба", "--yes")
    clock.move_to(NOW + timedelta(hours=27))  # the start of the second, which nobody answered

    for number in (1, 2):
        again = flask.run("bookings", "cancel", number, "--reason", "Жалоба", "--yes")
        assert "state does not allow" in refusal(again)
    for words in (("show", "99"), ("cancel", "99", "--reason", "x", "--yes")):
        assert refusal(flask.run("bookings", *words)) == "There is no booking 99."
    assert refusal(flask.run("bookings", "list", "--user", "nobody")).endswith("nobody.")
    assert len(flask.acts()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--status", "lost"),
        ("list", "--limit", "0"),
        ("list", "--after", "x"),
        ("show",),
        ("show", "0"),
        ("show", "x"),
        ("cancel", "1", "--yes"),
        ("cancel", "1", "--reason", " ", "--yes"),
        ("cancel", "1", "--reason", "x" * 501, "--yes"),
        ("expire", "1"),
    ],
)
def test_wrong_use_is_told_with_exit_code_2(
    flask: CommandLine, client: Actor, service: int, words: tuple[str, ...]
) -> None:
    book(client, service)

    assert flask.run("bookings", *words).exit_code == 2
    assert flask.json("bookings", "show", "1")["status"] == "confirmed"
