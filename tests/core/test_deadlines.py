"""A call is bounded as a whole, and those given up cannot pile up."""

from __future__ import annotations

import threading

import pytest

from marketplace.core import deadlines
from marketplace.core.deadlines import within


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
