"""`python -m benchmarks.catalogue`: what the catalogue costs at 20,000 and at 200,000 services.

Whole requests in process, through WSGI without a server or a socket. All cases are asked in turn at
both scales in one run, as if for the first time: whatever is remembered for a while is forgotten
before each. Milliseconds.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from benchmarks.catalogue_cases import CASES, DEEP, FACETS, SPECIALISTS, Case
from benchmarks.datasets import SCALES, dataset
from benchmarks.servers import BenchmarkError
from marketplace import create_app
from marketplace.core.unchanged import Unchanged
from marketplace.services import few, name_search
from marketplace.settings import Settings

GROWTH, DEPTH = 1.2, 1.2
MATCHES = 2_000
FACETS_MS = 50.0
PAGE, DEPTH_PAGE, LONGEST = 20, 500, 100
_COUNTED = (FACETS, "/api/cities/", "/api/categories/")


@dataclass
class Asked:
    """One request at one scale, how many it matches, and what it took."""

    path: str
    matches: str
    taken: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def p99(self) -> float:
        return sorted(self.taken)[min(len(self.taken) - 1, int(len(self.taken) * 0.99))]

    @property
    def is_bounded(self) -> bool:
        return self.matches.isdecimal() and int(self.matches) <= MATCHES


class Site:
    """An application on one scale's data."""

    def __init__(self, settings: dict[str, str]) -> None:
        values = {**settings, "RATE_LIMITS": "off", "LOG_LEVEL": "warning"}
        named = {f"MARKETPLACE_{name}": value for name, value in values.items()}
        self.app: Flask = create_app(Settings.from_environment(named))
        self._client = self.app.test_client()
        self._matches: dict[str, str] = {}

    def get(self, path: str) -> Any:
        answer = self._client.get(path)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own
            raise BenchmarkError(f"{path} answered {answer.status_code} {answer.text}")
        return answer

    def timed(self, asked: Asked) -> None:
        """Ask once, with nothing remembered."""
        forget(self.app)
        began = time.perf_counter()
        self.get(asked.path)
        asked.taken.append((time.perf_counter() - began) * 1_000)

    def matches(self, case: Case, query: dict[str, str]) -> str:
        path = case.path if case.path == SPECIALISTS else "/api/services/"
        given = {name: value for name, value in query.items() if name != "ordering"}
        counted = f"{path}?{urlencode({**given, 'limit': 1, 'count': 'true'})}"
        if counted not in self._matches:
            self._matches[counted] = str(self.get(counted).headers["X-Total-Count"])
        return self._matches[counted]

    def chosen(self, case: Case, wanted: int) -> Asked:
        """The candidate whose matches are nearest to a number."""
        best: tuple[float, Asked] | None = None
        for query in case.queries:
            asked = Asked(f"{case.path}?{urlencode(query)}", self.matches(case, dict(query)))
            number = int(asked.matches.rstrip("+"))
            away = abs(number - wanted) if number else 10.0 * MATCHES
            if best is None or away < best[0]:
                best = (away, asked)
        assert best is not None  # noqa: S101 - a case has candidates
        return best[1]

    def deep(self, case: Case) -> tuple[Asked, Asked]:
        """Page 1 of a list and its page 500."""
        query = next(case.queries)
        path = f"{case.path}?{urlencode({**query, 'limit': PAGE})}"
        left, at = (DEPTH_PAGE - 1) * PAGE, ""
        while left:
            limit = min(LONGEST, left)
            follow = f"{case.path}?{urlencode({**query, 'limit': limit})}{at}"
            link = self.get(follow).headers["Link"].split("<", 1)[1].split(">", 1)[0]
            at = "&cursor=" + link.split("cursor=", 1)[1].split("&", 1)[0]
            left -= limit
        return Asked(path, ""), Asked(path + at, "")


def forget(app: Flask) -> None:
    """Forget what a process remembers of the data for a while, but for its own counts of cities
    and categories.
    """
    app.extensions["marketplace_unchanged"] = Unchanged()
    few.forget()
    name_search.forget()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--paths", action="store_true", help="show what each scale was asked")
    parsed = parser.parse_args()
    with ExitStack() as stack:
        made = [
            stack.enter_context(dataset(parsed.database, SCALES[name], _say, "-catalogue"))
            for name in ("small", "large")
        ]
        sites = [Site(dict(each.settings)) for each in made]
        cases = [case for case in CASES if parsed.only in case.name]
        _say("choosing questions that find about as much at both scales")
        pairs = [_chosen(sites, case) for case in cases]
        depths = [sites[1].deep(case) for case in DEEP] if not parsed.only else []
        _say(f"{parsed.rounds} rounds")
        _measure(sites, pairs, depths, parsed.rounds)
        _report(cases, pairs, depths)
        if parsed.paths:
            for small, large in pairs:
                print(small.path, large.path, sep="\n")


def _chosen(sites: Sequence[Site], case: Case) -> list[Asked]:
    small = sites[0].chosen(case, case.wanted)
    return [small, sites[1].chosen(case, int(small.matches.rstrip("+")))]


def _measure(
    sites: Sequence[Site],
    pairs: Sequence[Sequence[Asked]],
    depths: Sequence[Sequence[Asked]],
    rounds: int,
) -> None:
    for number in range(rounds + 1):
        gc.collect()
        for pair in pairs:
            for site, asked in zip(sites, pair, strict=True):
                site.timed(asked)
        for pair in depths:
            for asked in pair:
                sites[1].get(asked.path)  # whose rows are remembered as JSON, chance decides
                sites[1].timed(asked)
        if number == 0:  # warm-up: statements are compiled, pages are read
            for asked in (each for pair in (*pairs, *depths) for each in pair):
                asked.taken.clear()


def _report(
    cases: Sequence[Case], pairs: Sequence[Sequence[Asked]], depths: Sequence[Sequence[Asked]]
) -> None:
    print("| what | matches | p50 | p99 | matches | p50 | p99 | large ÷ small | goal | reached |")
    print("| --- |" + " ---: |" * 7 + " --- | --- |")
    for case, (small, large) in zip(cases, pairs, strict=True):
        ordered = f", by {case.ordering}" if case.ordering else ""
        cells = [case.name + ordered, *_figures(small), *_figures(large)]
        print(f"| {' | '.join([*cells, *_verdict(case, small, large)])} |")
    if depths:
        print("\n| 200,000 services | page 1 | page 500 | ratio | goal | reached |")
        print("| --- | ---: | ---: | ---: | --- | --- |")
    for case, (first, deep) in zip(DEEP, depths, strict=False):
        ratio = deep.median / first.median
        figures = f"{first.median:.2f} | {deep.median:.2f} | {ratio:.2f} | {DEPTH}"
        print(f"| by {case.ordering} | {figures} | {_yes(ratio <= DEPTH)} |")


def _figures(asked: Asked) -> Iterator[str]:
    yield asked.matches
    yield f"{asked.median:.2f}"
    yield f"{asked.p99:.2f}"


def _verdict(case: Case, small: Asked, large: Asked) -> tuple[str, str, str]:
    ratio = large.median / small.median
    if case.path == FACETS or case.ordering == "distance":
        return f"{ratio:.2f}", f"{FACETS_MS:.0f} ms at p99", _yes(large.p99 < FACETS_MS)
    everything = next(case.queries).keys() <= {"ordering"} and case.path not in _COUNTED
    if everything or (small.is_bounded and large.is_bounded):
        return f"{ratio:.2f}", str(GROWTH), _yes(ratio <= GROWTH)
    return f"{ratio:.2f}", "", ""


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
