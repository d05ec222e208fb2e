"""A call is bounded as a whole, and those given up cannot pile up."""

from __future__ import annotations

import threading
import time

import pytest

from marketplace.core import deadlines
from marketplace.core.deadlines import OneAtOnce, within


def test_what_is_in_time_is_given_and_what_fails_fails() -> None:
    def fail() -> None:
        raise LookupError("nothing there")

    assert within(30, lambda: 42) == 42
    with pytest.raises(LookupError, match="nothing there"):
        within(30, fail)


def test_what_takes_too_long_is_given_up() -> None:
    never = threading.Event()

    with pytest.raises(TimeoutError):
        within(0.01, never.wait)
    never.set()


def test_calls_that_were_given_up_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "_slots", threading.BoundedSemaphore(2))
    never, begun = threading.Event(), []

    def wait() -> None:
        begun.append(1)
        never.wait(timeout=30)

    for _ in range(4):
        with pytest.raises(TimeoutError):
            within(0.2, wait)
    never.set()

    assert len(begun) == 2


def test_whoever_asks_meanwhile_gets_the_same_answer() -> None:
    asked: list[int] = []
    go_on = threading.Event()

    def ask() -> int:
        asked.append(1)
        go_on.wait(30)
        return len(asked)

    one: OneAtOnce[int] = OneAtOnce()
    together = [one.begin(ask) for _ in range(5)]
    go_on.set()

    assert [pending.within(30) for pending in together] == [1] * 5
    assert one.begin(ask).within(30) == 2


def test_what_was_begun_too_long_ago_is_not_waited_for_again() -> None:
    go_on = threading.Event()
    one: OneAtOnce[bool] = OneAtOnce()
    with pytest.raises(TimeoutError):
        one.begin(go_on.wait).within(0.01)

    late = one.begin(go_on.wait)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        late.within(0.01)

    assert late is one.begin(go_on.wait)
    assert time.monotonic() - started < 30
    go_on.set()


def test_a_question_that_fails_fails_for_all_and_is_asked_anew() -> None:
    def fail() -> int:
        raise LookupError("nothing there")

    one: OneAtOnce[int] = OneAtOnce()
    with pytest.raises(LookupError, match="nothing there"):
        one.begin(fail).within(30)

    assert one.begin(lambda: 42).within(30) == 42
