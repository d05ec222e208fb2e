"""How many codes one destination gets, by ways around the count."""

from __future__ import annotations

from actors import PASSWORD, Actor
from auth.support import everything_stored, in_parallel, notices, registered
from auth.test_recovery import NOBODY, PHONE, code_notices, forget
from flask import Flask


def test_registering_and_erasing_does_not_start_the_count_anew(
    app: Flask, anonymous: Actor
) -> None:
    statuses = []
    for number in range(6):
        person = registered(anonymous, username=f"anna{number}x")
        statuses.append(person.post("/api/auth/verify/phone/").status_code)
        assert person.post("/api/auth/me/erase/", {"password": PASSWORD}).status_code == 204

    assert statuses == [202] * 5 + [429]
    assert PHONE not in everything_stored(app)
    codes = [row for row in notices(app, "kind", "state", "user_id") if row[0] == "code_phone"]
    assert codes == [("code_phone", "cancelled", None)] * 5


def test_who_asks_for_nobody_at_once_is_counted_as_for_somebody(
    app: Flask, anonymous: Actor
) -> None:
    callers = [Actor(app.test_client()) for _ in range(6)]

    answers = in_parallel(6, lambda number: forget(callers[number], NOBODY).status_code)

    assert answers == [202] * 6
    assert len(code_notices(app)) == 1
