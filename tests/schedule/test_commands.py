"""`flask schedule show`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from actors import Actor
from bookings.commanding import SETTINGS
from bookings.support import NOW
from command_line import CommandLine, refusal
from flask import Flask


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def test_a_schedule_is_shown_with_hours_and_coming_exceptions(
    flask: CommandLine, specialist: Actor
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
