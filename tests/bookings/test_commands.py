"""`flask bookings` and `flask schedule`: what admins see and do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, People
from auth.support import in_parallel, logged_in
from bookings.support import NOW
from command_line import CommandLine, refusal
from flask import Flask

from marketplace.bookings import integrity, lifecycle
from marketplace.core.clock import utc_now
from marketplace.extensions import db

pytestmark = pytest.mark.usefixtures("clock")

TOMORROW = "2026-11-24T{}:00:00+03:00"
SETTINGS = "/api/schedule/settings/"


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def book(client: Actor, service: int, hour: int = 12, **more: Any) -> dict[str, Any]:
    body = {"service": service, "starts_at": TOMORROW.format(hour), **more}
    answer = client.post("/api/bookings/", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def hold(client: Actor, service: int, hour: int) -> None:
    body = {"service": service, "starts_at": TOMORROW.format(hour)}
    assert client.post("/api/holds/", body).status_code == 201


def by_hand(specialist: Actor) -> None:
    assert specialist.patch(SETTINGS, {"auto_confirm": False}).status_code == 200


def ids(flask: CommandLine, *filters: object) -> list[int]:
    return [row["id"] for row in flask.json("bookings", "list", *filters)]


def count(app: Flask, table: str) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


def faults(app: Flask) -> list[str]:
    with app.app_context():
        return list(integrity.faults(utc_now()))


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
    client = logged_in(client)
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


def test_a_schedule_is_shown_with_hours_and_coming_exceptions(
    flask: CommandLine, specialist: Actor, service: int
) -> None:
    hours = [{"weekday": 1, "start": "10:00", "end": "14:00"}]
    hours.append({"weekday": 7, "start": "20:00", "end": "24:00"})
    assert specialist.put("/api/schedule/hours/", {"hours": hours}).status_code == 200
    assert specialist.patch(SETTINGS, {"buffer_after_minutes": 15}).status_code == 200
    for dates, intervals in (
        (("2026-11-01", "2026-11-22"), []),
        (("2026-12-31", "2027-01-08"), []),
        (("2026-12-25", "2026-12-25"), [{"start": "09:00", "end": "13:00"}]),
        (("2027-11-24", "2027-11-24"), []),
    ):
        body = {"date_from": dates[0], "date_to": dates[1], "intervals": intervals, "reason": "Д"}
        assert specialist.post("/api/schedule/exceptions/", body).status_code in (201, 422)

    shown = flask.json("schedule", "show", "master")
    text = flask.do("schedule", "show", specialist.user_id)

    assert shown["user"] == f"{specialist.user_id} (master)"
    assert (shown["timezone"], shown["buffer_after_minutes"]) == ("Europe/Moscow", 15)
    assert shown["hours"] == hours
    assert [(one["date_from"], one["date_to"]) for one in shown["exceptions"]] == [
        ("2026-12-25", "2026-12-25"),
        ("2026-12-31", "2027-01-08"),
    ]
    assert shown["exceptions"][0]["intervals"] == [{"start": "09:00", "end": "13:00"}]
    assert shown["exceptions"][1] | {"date_from": 0, "date_to": 0} == {
        "date_from": 0,
        "date_to": 0,
        "intervals": [],
        "reason": "Д",
    }
    assert "hours                  Mon 10:00-14:00, Sun 20:00-24:00\n" in text
    assert "2026-12-25..2026-12-25 09:00-13:00, 2026-12-31..2027-01-08 off" in text
    assert "buffer after minutes   15\n" in text


def test_a_schedule_without_hours_is_shown_and_nobodys_is_not_there(
    flask: CommandLine, client: Actor
) -> None:
    shown = flask.json("schedule", "show", "klient")

    assert (shown["hours"], shown["exceptions"], shown["slot_step_minutes"]) == ([], [], 30)
    assert refusal(flask.run("schedule", "show", "nobody")).endswith("nobody.")
    assert flask.run("schedule", "show").exit_code == 2
