"""Where a notification goes, when it waits, and when it is not sent at all."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from actors import Actor
from flask import Flask
from notifications import posting
from notifications.posting import Recorder, add_device, deliver, enqueue, only_row, rows, states

from marketplace.core.clock import utc_now
from marketplace.notifications import privacy, queries
from marketplace.notifications.readers import Reader
from marketplace.notifications.routing import (
    SECURITY,
    NotConfigured,
    Nowhere,
    find_route,
    morning_after,
)
from marketplace.notifications.senders import Gone, Permanent, Temporary

PHONE = "+79161234567"
ALL = frozenset({"email", "sms", "push"})
QUIET = (time(22), time(8))


def reader(**known: Any) -> Reader:
    return Reader("ru", "Europe/Moscow", **known)


FULL = {"email": "a@b.ru", "email_verified": True, "phone": PHONE, "phone_verified": True}
UNVERIFIED = {"email": "a@b.ru", "phone": PHONE}


@pytest.mark.parametrize(
    ("kind", "known", "devices", "place"),
    [
        ("booking_created", FULL, True, ("push", None)),
        ("booking_created", FULL, False, ("email", "a@b.ru")),
        ("booking_created", UNVERIFIED, False, None),
        ("reminder_2h", UNVERIFIED, True, ("push", None)),
        ("password_changed", FULL, True, ("email", "a@b.ru")),
        ("password_changed", UNVERIFIED | {"phone_verified": True}, True, ("sms", PHONE)),
        ("password_changed", UNVERIFIED, True, ("email", "a@b.ru")),
        ("password_changed", {"phone": PHONE}, True, None),
        ("code_email", FULL, True, None),
    ],
)
def test_the_best_place_a_person_has(
    kind: str, known: dict[str, Any], devices: bool, place: tuple[str, str | None] | None
) -> None:
    def found() -> tuple[str, str | None]:
        route = find_route(kind, None, None, reader(**known), has_devices=devices, configured=ALL)
        return route.channel, route.destination

    if place is None:
        with pytest.raises(Nowhere):
            found()
    else:
        assert found() == place


@pytest.mark.parametrize("kind", sorted(SECURITY))
def test_every_security_notice_prefers_the_verified_e_mail(kind: str) -> None:
    route = find_route(kind, None, None, reader(**FULL), has_devices=True, configured=ALL)
    assert route.channel == "email"


def test_what_is_named_is_where_it_goes() -> None:
    route = find_route("code_phone", "sms", "+1", reader(**FULL), has_devices=True, configured=ALL)
    assert (route.channel, route.destination) == ("sms", "+1")
    with pytest.raises(NotConfigured, match="MARKETPLACE_SMS_URL"):
        find_route(
            "code_phone", "sms", "+1", reader(**FULL), has_devices=True, configured=ALL - {"sms"}
        )


def test_a_place_without_a_gateway_is_passed_over_for_the_next() -> None:
    route = find_route(
        "booking_created", None, None, reader(**FULL), has_devices=True, configured=ALL - {"push"}
    )
    assert route.channel == "email"


@pytest.mark.parametrize(
    ("zone", "now", "morning"),
    [
        ("Europe/Moscow", "2026-11-23T18:59", None),
        ("Europe/Moscow", "2026-11-23T19:00", "2026-11-24T05:00"),
        ("Europe/Moscow", "2026-11-24T04:59", "2026-11-24T05:00"),
        ("Europe/Moscow", "2026-11-24T05:00", None),
        ("Asia/Vladivostok", "2026-11-23T12:00", "2026-11-23T22:00"),
        ("America/New_York", "2026-11-23T12:00", "2026-11-23T13:00"),
        # Clocks go forward at two and back at three: eight o'clock is an hour off.
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T06:00"),
        ("Europe/Berlin", "2026-10-24T21:00", "2026-10-25T07:00"),
    ],
)
def test_the_morning_comes_in_the_reader_s_zone(zone: str, now: str, morning: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    found = morning_after(moment, zone, QUIET)

    assert (found and f"{found:%Y-%m-%dT%H:%M}") == morning
    assert morning_after(moment, zone, None) is None


def test_quiet_hours_within_a_day() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert morning_after(noon, "UTC", (time(11), time(13))) == noon.replace(hour=13)
    assert morning_after(noon, "UTC", (time(13), time(11))) is None


@pytest.mark.parametrize("channel", ["sms", "push"])
def test_sms_and_push_wait_for_the_morning_and_urgent_ones_do_not(
    app: Flask, client: Actor, channel: str
) -> None:
    senders = {channel: Recorder()}
    place = {"channel": channel, "destination": "somewhere"}
    with time_machine.travel(datetime(2026, 11, 23, 20, tzinfo=UTC), tick=False) as clock:
        enqueue(app, client.user_id, **place)
        enqueue(app, client.user_id, urgent=True, **place)
        first = deliver(app, senders, quiet_hours=QUIET)
        row = rows(app)[0]
        clock.move_to(datetime(2026, 11, 24, 5, tzinfo=UTC))
        second = deliver(app, senders, quiet_hours=QUIET)

    assert first == {"waiting": 1, "sent": 1}
    assert (row.attempts, row.last_error) == (0, "waits for the morning")
    assert f"{row.due_at:%d %H:%M}" == "24 05:00"
    assert second == {"sent": 1}


def test_e_mail_waits_for_no_morning(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)
    with time_machine.travel(datetime(2026, 11, 23, 22, tzinfo=UTC), tick=False):
        enqueue(app, client.user_id)
        assert deliver(app, {"email": Recorder()}, quiet_hours=QUIET) == {"sent": 1}


def test_the_daily_cap_holds_back_what_is_not_urgent(app: Flask, client: Actor) -> None:
    senders = {"sms": Recorder()}
    place = {"channel": "sms", "destination": PHONE}
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(3):
            enqueue(app, client.user_id, **place)
        enqueue(app, client.user_id, channel="sms", destination="+79160000000")
        assert deliver(app, senders, daily_cap=2) == {"sent": 3, "waiting": 1}
        enqueue(app, client.user_id, urgent=True, **place)
        assert deliver(app, senders, daily_cap=2) == {"sent": 1}
        row = next(row for row in rows(app) if row.state == "pending")
        assert (row.attempts, row.last_error) == (0, "the daily cap is reached")

        clock.shift(timedelta(hours=2))
        assert deliver(app, senders, daily_cap=2) == {"waiting": 1}
        clock.shift(timedelta(hours=23))
        assert deliver(app, senders, daily_cap=2) == {"sent": 1}


def test_a_person_s_devices_have_one_cap(app: Flask, client: Actor) -> None:
    add_device(app, client.user_id, "one")
    add_device(app, client.user_id, "two")
    sender = Recorder()
    for _ in range(3):
        enqueue(app, client.user_id)

    assert deliver(app, {"push": sender}, daily_cap=2) == {"sent": 2, "waiting": 1}
    assert [message.destination for message in sender.sent] == ["one", "two"] * 2


def test_a_reminder_of_what_has_begun_is_dropped(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)
    past = posting.PAYLOAD | {"starts_at": utc_now().isoformat()}
    enqueue(app, client.user_id, "reminder_2h", payload=past)
    enqueue(app, client.user_id, "booking_cancelled", payload=past)

    assert deliver(app, {"email": Recorder()}) == {"cancelled": 1, "sent": 1}
    assert rows(app)[0].last_error == "its moment has passed"


def test_nowhere_to_go_is_told(app: Flask, client: Actor) -> None:
    enqueue(app, client.user_id)

    assert deliver(app, {"email": Recorder()}) == {"cancelled": 1}
    assert only_row(app).last_error == "the person has no place for it"


def test_without_a_gateway_it_is_a_dead_letter_with_the_reason(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)
    enqueue(app, client.user_id)

    assert deliver(app, {}) == {"dead": 1}
    assert only_row(app).last_error == "email is not configured (MARKETPLACE_SMTP_URL)"


def test_a_device_that_is_gone_is_forgotten_and_the_next_place_is_taken(
    app: Flask, client: Actor
) -> None:
    posting.verify(app, client.user_id)
    add_device(app, client.user_id, "gone")
    enqueue(app, client.user_id)
    senders = {"push": Recorder(trouble={"gone": Gone("gone")}), "email": Recorder()}

    assert deliver(app, senders) == {"waiting": 1, "sent": 1}

    assert only_row(app).channel == "email"
    with app.app_context():
        assert list(privacy.exported(client.user_id)["push_devices"]) == []


@pytest.mark.parametrize(
    ("trouble", "state"), [(Temporary("busy"), "pending"), (Permanent("bad"), "dead")]
)
def test_one_device_that_takes_it_is_enough(
    app: Flask, client: Actor, trouble: Exception, state: str
) -> None:
    add_device(app, client.user_id, "bad")
    enqueue(app, client.user_id)
    sender = Recorder(trouble={"bad": trouble})

    deliver(app, {"push": sender})
    assert states(app) == [state]
    add_device(app, client.user_id, "good")
    enqueue(app, client.user_id)
    deliver(app, {"push": sender})

    assert states(app) == [state, "sent"]


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes 1 and 2; only the first still holds."""
    known = {1: {"code": "271828"}, 2: None}
    filled = lambda payloads: [known[payload["code_id"]] for payload in payloads]  # noqa: E731
    monkeypatch.setitem(queries._on_fill, "code_phone", filled)


def test_a_code_is_filled_in_when_it_is_sent_and_never_kept(
    app: Flask, client: Actor, codes: None
) -> None:
    sender = Recorder()
    place = {"channel": "sms", "destination": PHONE, "urgent": True}
    enqueue(app, client.user_id, "code_phone", payload={"code_id": 1}, **place)
    enqueue(app, client.user_id, "code_phone", payload={"code_id": 2}, **place)

    assert deliver(app, {"sms": sender}) == {"sent": 1, "cancelled": 1}

    assert "271828" in sender.sent[0].text
    assert "271828" not in str(rows(app))
    assert rows(app)[1].last_error == "out of date"


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("unheard_of", {}, "its text cannot be made (KeyError)"),
        ("booking_created", {"service": "x"}, "its text cannot be made (UndefinedError)"),
        ("booking_created", {"starts_at": "soon"}, "its text cannot be made (ValueError)"),
        ("reminder_2h", {"starts_at": "soon"}, "it cannot be prepared (ValueError)"),
    ],
)
def test_what_cannot_be_written_is_a_dead_letter(
    app: Flask, client: Actor, kind: str, payload: dict[str, Any], reason: str
) -> None:
    enqueue(app, client.user_id, kind, payload=payload, channel="email", destination="a@b.ru")

    assert deliver(app, {"email": Recorder()}) == {"dead": 1}
    assert only_row(app).last_error == reason
