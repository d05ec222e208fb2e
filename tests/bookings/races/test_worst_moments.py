"""What comes between a rule that was just asked and what is written by its answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from actors import Actor, assert_problem
from bookings.racing import Offer, moment
from bookings.support import BOOKINGS, HOLDS
from flask import Flask

from marketplace.bookings import free_time_jobs, lifecycle, slots
from marketplace.core.clock import utc_now


def interrupt(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, meanwhile: Callable[[], object]
) -> Thread:
    """Let something happen in a thread of its own before this function is called the first time."""
    thread = Thread(target=meanwhile)
    original = getattr(module, name)

    def late(*arguments: Any, **named: Any) -> Any:
        if thread.ident is None:
            thread.start()
            thread.join(0.7)  # one that waits for a lock, as it should, is not waited for
        return original(*arguments, **named)

    monkeypatch.setattr(module, name, late)
    return thread


@pytest.mark.parametrize("path", [BOOKINGS, HOLDS])
def test_a_service_erased_while_it_is_being_booked_is_kept_by_what_was_booked(
    monkeypatch: pytest.MonkeyPatch,
    clients: list[Actor],
    offer: Callable[..., Offer],
    path: str,
) -> None:
    wanted = offer()
    service_path = f"/api/auth/services/{wanted.service}/"
    erased: list[int] = []
    thread = interrupt(
        monkeypatch,
        slots,
        "judge",
        lambda: erased.append(wanted.specialist.delete(service_path).status_code),
    )

    made = clients[0].post(path, wanted.wanted())
    thread.join(30)

    assert (made.status_code, erased) == (201, [204]), made.text
    assert_problem(clients[1].post(path, wanted.wanted(60)), 404, "not_found")


def test_a_request_that_expires_while_it_is_being_confirmed_is_one_or_the_other(
    monkeypatch: pytest.MonkeyPatch,
    local_app: Flask,
    clients: list[Actor],
    offer: Callable[..., Offer],
) -> None:
    wanted = offer(auto_confirm=False)
    made = clients[0].post(BOOKINGS, wanted.wanted()).get_json()

    def expire() -> None:
        with local_app.app_context():
            lifecycle.expire(moment(made["starts_at"]) + timedelta(seconds=1))

    thread = interrupt(monkeypatch, lifecycle, "_require", expire)

    answer = wanted.specialist.post(f"{BOOKINGS}{made['id']}/confirm/")
    thread.join(30)

    assert (answer.status_code, answer.get_json()["status"]) == (200, "confirmed")
    shown = clients[0].get(f"{BOOKINGS}{made['id']}/").get_json()
    assert [event["event"] for event in shown["events"]] == ["created", "confirmed"]
    # Other people's requests that a clock of the future has expired are not yet over in ours.
    with local_app.app_context():
        free_time_jobs.rebuild_all(utc_now())
