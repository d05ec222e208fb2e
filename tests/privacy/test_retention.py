"""`flask retention run`: what is over is forgotten after its period, and nothing before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor
from auth.support import everything_stored, in_parallel, row_of
from bookings.support import NOW, book, go_to
from command_line import CommandLine
from flask import Flask
from privacy.support import canaries, erase, sign_up

from marketplace.auth import retention
from marketplace.auth.models import OneTimeCode, Session
from marketplace.core.database import Base, session, transactional
from marketplace.core.idempotency import IdempotencyKey
from marketplace.notifications.models import Notification
from marketplace.settings_privacy import PrivacySettings

SECOND = timedelta(seconds=1)


@transactional
def add(rows: Sequence[Base]) -> None:
    session().add_all(rows)


def counts(flask: CommandLine, *options: str) -> dict[str, int]:
    """What a run says that it took."""
    said = flask.do("retention", "run", *options).splitlines()
    found = [line.rsplit(": ", 1) for line in said if not line.startswith("Forgetting")]
    return {name: int(number.replace(",", "")) for name, number in found}


def left(app: Flask, model: type[Base]) -> int:
    with app.app_context():
        return int(session().scalar(sa.select(sa.func.count()).select_from(model)) or 0)


def code(user_id: int | None, expires_at: datetime, purpose: str = "email") -> OneTimeCode:
    return OneTimeCode(
        user_id=user_id,
        purpose=purpose,
        destination="somebody@example.com",
        nonce="n",
        created_at=NOW,
        expires_at=expires_at,
    )


def device(user_id: int, **times: datetime | None) -> Session:
    return Session(
        user_id=user_id,
        device="",
        user_agent="",
        ip="",
        created_at=NOW - timedelta(days=400),
        last_seen_at=NOW,
        refresh_jti="j",
        refresh_issued_at=times.get("issued", NOW),
        refresh_key_id="k",
        expires_at=times.get("expires", NOW + timedelta(days=1)),
        ended_at=times.get("ended"),
        end_reason="logout" if times.get("ended") else None,
    )


def key(user_id: int, name: str, expires_at: datetime) -> IdempotencyKey:
    return IdempotencyKey(
        user_id=user_id, route="r", key=name, fingerprint="f", expires_at=expires_at
    )


def message(user_id: int | None, number: int, state: str, ended: datetime | None) -> Notification:
    return Notification(
        user_id=user_id,
        kind="booking_created",
        subject_type="booking",
        subject_id=number,
        payload={"service": "Стрижка", "starts_at": "2026-11-24T10:00:00+03:00"},
        due_at=NOW,
        state=state,
        dedup_key=f"test:{number}",
        created_at=NOW - timedelta(days=400),
        ended_at=ended,
        channel="email",
        destination="somebody@example.com",
        last_error="550 somebody@example.com" if state == "dead" else "",
    )


def test_an_empty_database_has_nothing_to_forget(app: Flask, flask: CommandLine) -> None:
    assert set(counts(flask).values()) == {0}
    assert set(counts(flask, "--dry-run").values()) == {0}


def test_codes_go_a_day_after_they_expired(app: Flask, flask: CommandLine, client: Actor) -> None:
    day = timedelta(days=1)
    with app.app_context():
        rows = [
            code(client.user_id, NOW - day - SECOND),
            code(client.user_id, NOW - day + SECOND, "phone"),
            code(None, NOW - day - SECOND, "password"),
        ]
        add(rows)

    assert counts(flask)["one-time codes"] == 2
    assert left(app, OneTimeCode) == 1


def test_sessions_go_ninety_days_after_they_ended_or_ran_out(
    app: Flask, flask: CommandLine, client: Actor
) -> None:
    before, after = NOW - timedelta(days=90) - SECOND, NOW - timedelta(days=90) + SECOND
    week = timedelta(days=7)
    with app.app_context():
        rows = [
            device(client.user_id, ended=before),
            device(client.user_id, ended=after),
            device(client.user_id, expires=before),
            device(client.user_id, expires=after),
            device(client.user_id, issued=before - week),
            device(client.user_id, issued=after - week),
        ]
        add(rows)

    assert counts(flask)["sessions"] == 3
    assert left(app, Session) == 4  # the client's own among them
    assert client.get("/api/auth/me/").status_code == 200


def test_idempotency_keys_of_anybody_go_when_they_expired(
    app: Flask, flask: CommandLine, client: Actor, specialist: Actor
) -> None:
    with app.app_context():
        rows = [
            key(client.user_id, "a", NOW),
            key(specialist.user_id, "a", NOW - SECOND),
            key(specialist.user_id, "b", NOW + SECOND),
        ]
        add(rows)

    assert counts(flask)["idempotency keys"] == 2
    assert left(app, IdempotencyKey) == 1


def test_messages_lose_their_text_after_a_month_and_go_after_half_a_year(
    app: Flask, flask: CommandLine, client: Actor
) -> None:
    month, half_year = timedelta(days=30), timedelta(days=180)
    ends = [
        *(("sent", NOW - half_year - SECOND), ("cancelled", NOW - half_year - SECOND)),
        *(("sent", NOW - month - SECOND), ("dead", NOW - month - SECOND)),
        *(("sent", NOW - month + SECOND), ("pending", None)),
    ]
    with app.app_context():
        add([message(client.user_id, number, *end) for number, end in enumerate(ends)])
        add([message(None, 99, "cancelled", NOW - month - SECOND)])

    first = counts(flask)

    assert (first["notifications"], first["texts of messages"]) == (2, 3)
    rows = [row_of(app, "notifications", number) for number in range(3, 8)]
    blanked = [(str(row["payload"]), row["destination"], row["last_error"]) for row in rows]
    kept = [row["destination"] for row in rows]
    assert blanked[0] == blanked[1] == ("{}", None, "")
    assert kept == [None, None, "somebody@example.com", "somebody@example.com", None]
    assert set(counts(flask).values()) == {0}
    assert flask.run("notifications", "list", "--user", client.user_id).exit_code == 0


def test_the_periods_are_settings(
    app: Flask, make_app: Callable[..., Flask], client: Actor
) -> None:
    kept = PrivacySettings(keep_codes=3, keep_sessions=3, keep_messages=3, keep_outbox=3)
    patient = CommandLine(make_app(privacy=kept))
    ended = NOW - timedelta(days=3)
    with app.app_context():
        rows: list[Base] = [
            *(code(client.user_id, ended - SECOND), code(client.user_id, ended, "phone")),
            *(device(client.user_id, ended=ended - SECOND), device(client.user_id, ended=ended)),
            message(client.user_id, 1, "sent", ended - SECOND),
            message(client.user_id, 2, "sent", ended),
        ]
        add(rows)

    found = counts(patient)

    taken = {"one-time codes": 1, "sessions": 1, "idempotency keys": 0, "notifications": 1}
    assert found == taken | {"texts of messages": 0, "avatar files": 0}


def test_a_rehearsal_counts_and_changes_nothing(
    app: Flask, flask: CommandLine, client: Actor
) -> None:
    old = NOW - timedelta(days=200)
    with app.app_context():
        rows = [
            *(code(client.user_id, old), device(client.user_id, ended=old)),
            *(key(client.user_id, "a", old), message(client.user_id, 1, "sent", old)),
            message(client.user_id, 2, "sent", NOW - timedelta(days=40)),
        ]
        add(rows)
    before = everything_stored(app)

    told = counts(flask, "--dry-run")

    assert everything_stored(app) == before
    assert told["one-time codes"] == told["sessions"] == told["notifications"] == 1
    assert counts(flask) == told


def test_many_rows_go_in_batches_also_when_two_run_at_once(
    app: Flask, flask: CommandLine, client: Actor
) -> None:
    old = NOW - timedelta(days=100)
    with app.app_context():
        add([device(client.user_id, ended=old) for _ in range(1_234)])
        add([key(client.user_id, str(number), old) for number in range(1_111)])
    periods = retention.Periods(*[timedelta(days=90)] * 4)

    def run(_: int) -> dict[str, int]:
        with app.app_context():
            return dict(retention.run(periods, NOW))

    both = in_parallel(2, run)

    assert sum(each["sessions"] for each in both) == 1_234
    assert sum(each["idempotency keys"] for each in both) == 1_111
    assert (left(app, Session), left(app, IdempotencyKey)) == (1, 0)


def test_what_an_erased_person_was_told_last_goes_as_soon_as_it_is_sent(
    app: Flask, flask: CommandLine, anonymous: Actor
) -> None:
    person = sign_up(anonymous, "client")
    flask.do("users", "verify", person.user_id, "--email")
    erase(person)
    address = canaries("client")["email"]
    flask.do("retention", "run")
    assert address in everything_stored(app)  # it is not sent yet

    with app.app_context():
        send_everything()
    flask.do("retention", "run")

    assert address not in everything_stored(app)


@transactional
def send_everything() -> None:
    session().execute(sa.update(Notification).values(state="sent", ended_at=NOW))


def test_a_feature_hands_in_a_sweep_of_its_own(
    flask: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[Any, bool]] = []

    def sweep(now: datetime, dry_run: bool) -> int:
        called.append((now, dry_run))
        return 7

    monkeypatch.setattr(retention, "_sweeps", {})
    retention.on_sweep("orphaned files", sweep)

    assert counts(flask)["orphaned files"] == 7
    assert counts(flask, "--dry-run")["orphaned files"] == 7
    assert called == [(NOW, False), (NOW, True)]


def test_bookings_are_no_matter_of_retention(
    app: Flask, flask: CommandLine, client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    made = book(client, service)["id"]
    go_to(clock, NOW + timedelta(days=400), client)

    flask.do("retention", "run")

    assert client.get(f"/api/bookings/{made}/").status_code == 200
    flask.do("catalogue", "roll")  # which nobody has for a year
    assert flask.do("doctor") == "No faults found.\n"
