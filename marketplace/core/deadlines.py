"""Bounds on calls to other services: how long one takes in all, and how many wait at once."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, TypeVar

R = TypeVar("R")


class NoRoom(Exception):
    """Too many wait for other services already."""


class Room:
    """How many of a process's threads may wait for other services at once. One is left for
    everybody else: a service that answers slowly must not make the whole product wait with it.
    """

    def __init__(self, threads: int) -> None:
        self._places = threading.BoundedSemaphore(max(1, threads - 1))

    @contextmanager
    def place(self, patience: float = 0.0) -> Generator[None]:
        """Raises `NoRoom` when there is none within so many seconds."""
        if not self._places.acquire(timeout=patience):
            raise NoRoom
        try:
            yield
        finally:
            self._places.release()


# A call that was given up runs on until its own waits end; so many may be about at once.
_AT_ONCE = 16
_slots = threading.BoundedSemaphore(_AT_ONCE)


def within(seconds: float, act: Callable[[], R]) -> R:
    """What `act` gives, or `TimeoutError` after that many seconds.

    The waits of an HTTP client are bounded one by one: a name server that does not answer, or a
    server that sends a byte now and then, could keep the caller for minutes.
    """
    slots = _slots
    if not slots.acquire(blocking=False):
        raise TimeoutError("too many calls are on their way")
    outcome: Future[R] = Future()

    def run() -> None:
        try:
            _settle(outcome, act)
        finally:
            slots.release()

    try:
        threading.Thread(target=run, name="outbound call", daemon=True).start()
    except RuntimeError as error:  # the machine has no thread left
        slots.release()
        raise TimeoutError("no thread for the call") from error
    return outcome.result(timeout=seconds)


class Pending(Generic[R]):
    """An act that has begun."""

    def __init__(self) -> None:
        self.outcome: Future[R] = Future()
        self._begun = time.monotonic()

    def within(self, seconds: float) -> R:
        """What it gives, or `TimeoutError` that many seconds after it was begun, by whomever."""
        left = self._begun + seconds - time.monotonic()
        return self.outcome.result(timeout=max(0.0, left))


class OneAtOnce(Generic[R]):
    """Begins an act in a thread of its own, unless one is on its way: then that is the answer to
    whoever asks meanwhile. One that never ends keeps one thread, however often it is asked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: Pending[R] | None = None

    def begin(self, act: Callable[[], R]) -> Pending[R]:
        with self._lock:
            if self._present is None or self._present.outcome.done():
                self._present = Pending()
                run = functools.partial(_settle, self._present.outcome, act)
                try:
                    threading.Thread(target=run, name="question", daemon=True).start()
                except RuntimeError:  # the machine has no thread left
                    self._present.outcome.set_exception(TimeoutError("no thread to ask in"))
            return self._present


def _settle(outcome: Future[R], act: Callable[[], R]) -> None:
    try:
        outcome.set_result(act())
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits
        outcome.set_exception(error)
