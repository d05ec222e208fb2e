"""Times a server under load: warm-up, CPU before, load, CPU after; and rounds of such samples."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.load import Outcome, Plan
from benchmarks.servers import ROOT, BenchmarkError, Server

WARM_UP_SECONDS = 0.3


class Load:
    """A load generator at work in a process of its own."""

    def __init__(self, plan: Plan) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        self._process.stdin.write(json.dumps(asdict(plan)))
        self._process.stdin.close()
        self._process.stdin = None

    def outcome(self) -> Outcome:
        """Wait for the end. Raises `BenchmarkError` when the server broke under the load."""
        output, complaint = self._process.communicate()
        if self._process.returncode != 0:
            raise BenchmarkError(f"the load generator gave up: {complaint[-1000:]}")
        return Outcome(**json.loads(output))


@dataclass(frozen=True)
class Sample:
    """`cpu` is the server's CPU milliseconds per request; inexact when backends came or went."""

    outcome: Outcome
    cpu: float
    exact: bool


def sample(server: Server, requests: Sequence[str], seconds: float, *, first: int = 0) -> Sample:
    """One warmed measurement over 16 keep-alive connections."""
    # What the warm-up sent is not sent again: a slot can be booked once.
    first += Load(Plan(server.port, requests, WARM_UP_SECONDS, first=first)).outcome().requests
    before = server.read()
    outcome = Load(Plan(server.port, requests, seconds, first=first)).outcome()
    after = server.read()
    if not outcome.requests:
        raise BenchmarkError(f"{server.name} answered nothing: {outcome.first_error}")
    cpu = (after.seconds - before.seconds) * 1000 / outcome.requests
    return Sample(outcome, cpu, before.backends == after.backends)


def percentile(values: Sequence[int], share: float) -> float:
    """Milliseconds of the value below which `share` of the microseconds lie; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000 if ordered else 0.0


@dataclass
class Series:
    """Samples of one target on one server; `ratios` are the ceiling's CPU at that time ÷ theirs."""

    samples: list[Sample] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def add(self, taken: Sample, ceiling_cpu: float | None = None) -> None:
        self.samples.append(taken)
        if ceiling_cpu is not None:
            self.ratios.append(ceiling_cpu / taken.cpu if taken.cpu else 0.0)

    @property
    def latencies(self) -> list[int]:
        return [value for taken in self.samples for value in taken.outcome.latencies]

    @property
    def requests(self) -> int:
        return sum(taken.outcome.requests for taken in self.samples)

    @property
    def errors(self) -> int:
        return sum(taken.outcome.errors for taken in self.samples)

    @property
    def first_error(self) -> str:
        return next((t.outcome.first_error for t in self.samples if t.outcome.first_error), "")

    @property
    def per_second(self) -> float:
        return self.requests / sum(taken.outcome.seconds for taken in self.samples)

    @property
    def cpu(self) -> float:
        return statistics.median(taken.cpu for taken in self.samples)

    @property
    def exact(self) -> bool:
        return all(taken.exact for taken in self.samples)

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    def growth(self, smaller: Series) -> float:
        """How many times the CPU of the smaller scale, the median over rounds."""
        pairs = zip(self.samples, smaller.samples, strict=True)
        return statistics.median(large.cpu / small.cpu for large, small in pairs if small.cpu)
