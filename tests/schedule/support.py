"""What the tests of a specialist's own schedule share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from actors import Actor, assert_problem
from werkzeug.test import TestResponse

from marketplace.schedule import operations
from marketplace.schedule.records import Coming

HOURS = "/api/schedule/hours/"
EXCEPTIONS = "/api/schedule/exceptions/"
SETTINGS = "/api/schedule/settings/"
NOBODY = {"affected_bookings": [], "affected_count": 0}
DEFAULTS = {
    "timezone": "Europe/Moscow",
    "slot_step_minutes": 30,
    "min_notice_minutes": 120,
    "horizon_days": 60,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "auto_confirm": True,
    "cancel_notice_minutes": 0,
}


def weekly(weekday: Any = 1, start: Any = "10:00", end: Any = "14:00") -> dict[str, Any]:
    return {"weekday": weekday, "start": start, "end": end}


def interval(start: Any = "10:00", end: Any = "14:00") -> dict[str, Any]:
    return {"start": start, "end": end}


def dates(first: Any = "2030-05-01", last: Any = None, *intervals: Any) -> dict[str, Any]:
    """The body of an exception; one day when no last one is given."""
    return {"date_from": first, "date_to": last or first, "intervals": list(intervals)}


def state(caller: Actor) -> list[Any]:
    """All a specialist can see of the own schedule, with its tags."""
    answers = [caller.get(path) for path in (HOURS, EXCEPTIONS, SETTINGS)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    return [(answer.get_json(), answer.headers.get("ETag")) for answer in answers]


def add(caller: Actor, *arguments: Any, **more: Any) -> dict[str, Any]:
    answer = caller.post(EXCEPTIONS, dates(*arguments) | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def assert_refused(answer: TestResponse, faults: dict[str, list[str]]) -> None:
    """422 with exactly these codes by field."""
    problem = assert_problem(answer, 422, "invalid_fields", *faults)
    assert problem["error_codes"] == faults


def assert_not_modified(caller: Actor, path: str) -> None:
    tag = caller.get(path).headers["ETag"]

    answer = caller.get(path, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)


def booked(monkeypatch: pytest.MonkeyPatch, *spans: tuple[str, str]) -> list[dict[str, Any]]:
    """Let these coming bookings be known of everybody; returns how they are shown."""
    shown = [
        {
            "id": number,
            "status": "confirmed",
            "service_name": "Массаж",
            "client": 1,
            "starts_at": start,
            "ends_at": end,
        }
        for number, (start, end) in enumerate(spans, 1)
    ]
    coming = [Coming(_seconds(one["starts_at"]), _seconds(one["ends_at"]), one) for one in shown]
    monkeypatch.setattr(operations, "on_coming", [lambda _user_id, _now: coming])
    return shown


def _seconds(moment: object) -> int:
    return int(datetime.fromisoformat(str(moment)).timestamp())
