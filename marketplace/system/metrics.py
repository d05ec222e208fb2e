"""What /metrics tells: what the processes count, and how the parts stand when it is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

import sqlalchemy as sa

from marketplace.core import metrics, process_metrics, request_metrics
from marketplace.core.metrics import Family, Gauge, Sample
from marketplace.notifications.queries import Standing
from marketplace.system.readiness import MEMORY, OK, UNKNOWN, Readiness, State

REMEMBERED_SECONDS = 5.0
_GOOD = {OK, MEMORY}

_in_use = Gauge("marketplace_database_pool_in_use", "Connections in use, by process.")
_size = Gauge("marketplace_database_pool_size", "Connections there may be, by process.")


class Metrics:
    """An application's. The parts are looked at once in 5 s, whoever asks how often."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._lock = threading.Lock()
        self._state: State | None = None
        self._good_until = 0.0

    def text(self, now: datetime) -> str:
        """All of it, in Prometheus' text format."""
        return metrics.text(chain(metrics.families(), _families(self._present(now), now)))

    def _present(self, now: datetime) -> State:
        with self._lock:
            if self._state is None or time.monotonic() >= self._good_until:
                self._state = self._readiness.state(now)
                self._good_until = time.monotonic() + REMEMBERED_SECONDS
            return self._state


def watch(routes: Iterable[tuple[str, Iterable[str]]], engine: sa.Engine) -> None:
    """Count by these routes, and tell of this engine's pool, from now on."""
    request_metrics.learn((route, set(methods)) for route, methods in routes)
    process_metrics.watch()
    # Asked anew each time: a pool that was disposed of has a successor.
    _in_use.read_from(lambda: _pool(engine).checkedout())
    _size.read_from(lambda: _pool(engine).size())


def _pool(engine: sa.Engine) -> sa.QueuePool:
    pool = engine.pool
    if not isinstance(pool, sa.QueuePool):
        raise TypeError(f"a pool of {type(pool).__name__} tells nothing")
    return pool


def _families(state: State, now: datetime) -> Iterator[Family]:
    parts = [
        Sample(float(word in _GOOD), [("part", part)])
        for part, word in state.parts.items()
        if word != UNKNOWN
    ]
    yield Family("marketplace_part_ok", "gauge", "Whether a part is as it should be.", parts)
    if state.outbox is not None:
        yield from _outbox(state.outbox, now)
    if state.disk_free is not None:
        about = "Bytes free where the instance folder is."
        yield Family(
            "marketplace_instance_disk_free_bytes", "gauge", about, [Sample(state.disk_free)]
        )


def _outbox(outbox: Standing, now: datetime) -> Iterator[Family]:
    values = (
        ("due", "Messages that are due and not sent (10000 at most).", outbox.due),
        (
            "oldest_due_age_seconds",
            "For how long the oldest due message has been due.",
            max(0.0, outbox.age(now).total_seconds()),
        ),
        ("dead_letters", "Messages that were given up (10000 at most).", outbox.dead),
    )
    for name, about, value in values:
        yield Family(f"marketplace_outbox_{name}", "gauge", about, [Sample(value)])
