"""`flask notifications`, and the files that development writes."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from actors import Actor
from command_line import CommandLine, refusal
from flask import Flask
from notifications import posting
from notifications.posting import Recorder, add_device, deliver, enqueue, states

from marketplace.core.clock import utc_now
from marketplace.notifications import privacy, queries
from marketplace.notifications.gateways import open_senders
from marketplace.notifications.senders import Message

PHONE = "+79161234567"


@pytest.fixture
def line(app: Flask) -> CommandLine:
    return CommandLine(app)


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        queries._on_fill, "code_phone", lambda given: [{"code": "271828"}] * len(given)
    )


def test_in_development_messages_become_files(
    app: Flask, client: Actor, line: CommandLine, code: None
) -> None:
    posting.verify(app, client.user_id)
    enqueue(app, client.user_id)
    sms = {"channel": "sms", "destination": PHONE, "urgent": True}
    enqueue(app, client.user_id, "code_phone", payload={"code_id": 1}, **sms)
    push = {"channel": "push", "destination": "device", "urgent": True}
    enqueue(app, client.user_id, "booking_created", **push)

    assert line.do("notifications", "deliver") == "Sent: 3.\n"
    assert line.do("notifications", "deliver") == "Nothing is due.\n"

    folder = app.config["MARKETPLACE"].instance_path / "outbox"
    raw = (folder / "1.eml").read_bytes()
    # As it stands, without a mail program.
    assert "Новая запись: Стрижка" in raw.decode()
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["To"] == "klient@example.com"
    told = (folder / "2.sms.txt").read_text(encoding="utf-8")
    assert told == f"To: {PHONE}\n\nBeautyGo: код 271828. Никому его не называйте.\n"
    pushed = json.loads((folder / "3.push.json").read_text(encoding="utf-8"))
    assert (pushed["token"], pushed["title"]) == ("device", "Новая запись")
    assert stat.S_IMODE((folder / "2.sms.txt").stat().st_mode) == 0o600
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_list_masks_places_and_never_shows_a_code(
    app: Flask, client: Actor, line: CommandLine, code: None
) -> None:
    sms = {"channel": "sms", "destination": PHONE, "urgent": True}
    enqueue(app, client.user_id, "code_phone", payload={"code_id": 1}, **sms)
    deliver(app, {"sms": Recorder()})

    [row] = line.json("notifications", "list")
    shown = line.json("notifications", "show", 1)
    table = line.do("notifications", "list") + line.do("notifications", "show", "1")

    assert row == shown
    assert row["text"] == "BeautyGo: код ••••••. Никому его не называйте."
    assert (row["channel"], row["destination"], row["attempts"]) == ("sms", "+7***67", 1)
    for told in (table, json.dumps(shown)):
        assert PHONE not in told
        assert "271828" not in told


def test_a_row_of_nobody_and_a_blanked_one_are_listed(
    app: Flask, client: Actor, line: CommandLine
) -> None:
    enqueue(app, None)
    enqueue(app, client.user_id, payload={})

    assert line.json("notifications", "list")[0]["text"] == ""
    assert states(app) == ["cancelled", "pending"]


def test_dead_letters_are_sent_again(app: Flask, client: Actor, line: CommandLine) -> None:
    posting.verify(app, client.user_id)
    for _ in range(3):
        enqueue(app, client.user_id)
    deliver(app, {})
    assert states(app) == ["dead"] * 3

    assert line.do("notifications", "retry", "2", "--yes") == "Notification 2 is sent again.\n"
    assert states(app) == ["dead", "pending", "dead"]
    again = refusal(line.run("notifications", "retry", "2", "--yes"))
    assert again == "Notification 2 is pending, not dead."
    assert line.run("notifications", "retry", "--dead", stdin="n\n").exit_code == 1
    assert states(app) == ["dead", "pending", "dead"]
    assert line.do("notifications", "retry", "--dead", "--yes") == "Notifications sent again: 2.\n"

    assert deliver(app, {"email": Recorder()}) == {"sent": 3}
    assert line.acts() == [
        ("notification.retry", {}),
        ("notification.retry", {"count": 2}),
    ]


def test_retry_takes_one_or_all(line: CommandLine) -> None:
    assert line.run("notifications", "retry", "--yes").exit_code == 2
    assert line.run("notifications", "retry", "1", "--dead", "--yes").exit_code == 2
    refusal(line.run("notifications", "retry", "1", "--yes"))
    refusal(line.run("notifications", "show", "1"))


def test_an_erased_person_leaves_nothing_but_a_farewell(app: Flask, client: Actor) -> None:
    posting.verify(app, client.user_id)
    add_device(app, client.user_id, "device")
    enqueue(app, client.user_id, channel="email", destination="old@example.com")
    deliver(app, {"email": Recorder()})
    enqueue(app, client.user_id)

    @posting.transactional
    def erase() -> None:
        privacy.forget(client.user_id, utc_now())

    with app.app_context():
        erase()
        left = list(privacy.exported(client.user_id)["push_devices"])
    farewell = {"channel": "email", "destination": "klient@example.com", "payload": {}}
    enqueue(app, client.user_id, "account_erased", **farewell)
    sender = Recorder()
    assert deliver(app, {"email": sender}) == {"sent": 1}

    assert left == []
    assert states(app) == ["sent", "cancelled", "sent"]
    assert [row.payload for row in posting.rows(app)] == [{}] * 3
    assert [row.destination for row in posting.rows(app)] == [None] * 3
    assert sender.sent[0].title == "Учётная запись удалена"


def test_an_export_tells_devices_and_what_was_said(
    app: Flask, client: Actor, specialist: Actor
) -> None:
    add_device(app, client.user_id, "device")
    enqueue(app, client.user_id)
    enqueue(app, specialist.user_id)

    with app.app_context():
        told = {name: list(rows) for name, rows in privacy.exported(client.user_id).items()}

    assert [device["platform"] for device in told["push_devices"]] == ["android"]
    assert [row["kind"] for row in told["notifications"]] == ["booking_created"]


def test_a_brand_with_a_comma_is_one_name(app: Flask, tmp_path: Path) -> None:
    settings = replace(app.config["MARKETPLACE"], brand="Салон, «Мята»", instance_path=tmp_path)
    message = Message(1, "k" * 32, "booking_created", "anna@example.com", "Запись", "Вы записаны.")

    open_senders(settings)["email"].send(message)

    raw = (tmp_path / "outbox" / "1.eml").read_bytes()
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["From"] == '"Салон, «Мята»" <noreply@localhost>'
