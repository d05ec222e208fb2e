"""A gateway that takes a connection and says nothing holds up nobody else."""

from __future__ import annotations

from functools import partial

import httpx
import pytest
from actors import Actor
from flask import Flask
from notifications.posting import Recorder, add_device, deliver, enqueue, rows, settings_of, states
from notifications.web import SLOW, serving

from marketplace.notifications import sms
from marketplace.notifications.gateways import open_senders
from marketplace.notifications.senders import Silent, Unreachable
from marketplace.settings_delivery import SmsGateway


def test_a_batch_waits_for_two_of_its_messages_and_not_for_each(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = partial(httpx.Client, timeout=0.2, trust_env=False)
    monkeypatch.setattr(sms, "http_client", impatient)
    for number in range(6):
        enqueue(app, client.user_id, channel="sms", destination=f"+7916123456{number}", urgent=True)
    enqueue(app, client.user_id, channel="email", destination="a@example.com", urgent=True)
    mail = Recorder()

    with serving(sms__send=(200, SLOW)) as silent:
        gateway = SmsGateway("smsru", silent.base, "", "key")
        senders = open_senders(settings_of(app, sms=gateway))
        assert deliver(app, senders | {"email": mail}) == {"waiting": 6, "sent": 1}

    assert len(silent.asked) == 2
    assert len(mail.sent) == 1
    assert {row.last_error for row in rows(app)[:6]} == {"the gateway did not answer (ReadTimeout)"}


class Counting(Recorder):
    """Notes every destination that was tried."""

    def __init__(self, trouble: Exception, only: set[str]) -> None:
        super().__init__()
        self.tried: list[str] = []
        self._trouble, self._only = trouble, only

    def send(self, message) -> None:
        self.tried.append(message.destination)
        if message.destination in self._only:
            raise self._trouble
        super().send(message)


def test_one_silence_is_chance(app: Flask, client: Actor) -> None:
    places = [f"{name}@example.com" for name in "abcd"]
    for place in places:
        enqueue(app, client.user_id, channel="email", destination=place)
    sender = Counting(Silent("no answer"), {places[0], places[2]})

    assert deliver(app, {"email": sender}) == {"waiting": 2, "sent": 2}


@pytest.mark.parametrize("trouble", [Unreachable("away"), Silent("no answer")])
def test_a_person_s_many_devices_do_not_each_wait(
    app: Flask, client: Actor, trouble: Exception
) -> None:
    tokens = [f"device-{number}" for number in range(4)]
    for token in tokens:
        add_device(app, client.user_id, token)
    enqueue(app, client.user_id)
    sender = Counting(trouble, set(tokens))

    assert deliver(app, {"push": sender}) == {"waiting": 1}

    assert sender.tried == tokens[:1]
    assert states(app) == ["pending"]
