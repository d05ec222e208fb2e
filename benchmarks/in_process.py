"""Acts taken in turn within one process: what they took on the wall and of processors."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask import Flask

from benchmarks.usage import cpu_of_first_threads, postgresql_backends


@dataclass(frozen=True)
class Place:
    """One scale's application, over a database of its own; its name on PostgreSQL."""

    scale: str
    app: Flask
    postgresql: str


@dataclass
class Taken:
    """The milliseconds of an act's runs: on the wall, and of processors."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def cells(self) -> list[str]:
        p99 = statistics.quantiles(self.wall, n=100)[-1]
        figures = (statistics.median(self.wall), p99, statistics.median(self.cpu))
        return [f"{figure:.2f}" for figure in figures]


def ratio(one: Sequence[float], other: Sequence[float]) -> str:
    """How many times the other's median the one's is."""
    return f"{statistics.median(one) / statistics.median(other):.2f}"


def in_turn(acts: Sequence[tuple[Place, Callable[[], object]]], runs: int) -> list[Taken]:
    """What each act's runs took, one of each after the other."""
    for _, act in acts:
        act()
    backends = [
        postgresql_backends(place.postgresql) if place.postgresql else () for place, _ in acts
    ]
    taken = [Taken() for _ in acts]
    for _ in range(runs):
        for (_, act), served_by, times in zip(acts, backends, taken, strict=True):
            spent = time.thread_time() + cpu_of_first_threads(served_by)
            began = time.perf_counter()
            act()
            times.wall.append((time.perf_counter() - began) * 1_000)
            spent = time.thread_time() + cpu_of_first_threads(served_by) - spent
            times.cpu.append(spent * 1_000)
    return taken
