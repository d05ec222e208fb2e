"""`python -m benchmarks.search`: what a question costs at 20,000 and at 200,000 services.

Whole requests, from the WSGI call to the last byte, without a socket: milliseconds, the median and
the 99th percentile of many runs, the two scales in turn, so that whatever else the machine does
falls on both; and the median of the processor's time, PostgreSQL's included, which a busy machine
blurs less. First the same questions at both scales, then words that as many services hold at one as
at the other. Then what writing a service costs with the index and without, in turn too.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from werkzeug.test import create_environ, run_wsgi_app

from benchmarks import search_writes
from benchmarks.datasets import SCALES, dataset
from benchmarks.in_process import Place, in_turn, ratio
from benchmarks.servers import BenchmarkError
from marketplace import create_app
from marketplace.catalogue import search_text
from marketplace.catalogue.models import SearchRow
from marketplace.core.database import session
from marketplace.core.unchanged import Unchanged
from marketplace.settings import Settings

RUNS, WRITES = 100, 300
CATALOGUE = "/api/services/"
QUESTIONS = (
    ("two words", "королевское бритьё", ""),
    ("a beginning", "королевс", ""),
    ("a typo", "каралевское", ""),
    ("the other layout", "rjhjktdcrjt", ""),
    ("nothing found", "перпендикуляр", ""),
    ("a common word", "массаж", ""),
    ("the commonest letter", "с", ""),
    ("two common words", "работаю дома", ""),
    ("a common word, by price", "массаж", "&ordering=price"),
    ("two words, by price", "королевское бритьё", "&ordering=price"),
)
SUGGESTED = ("мас", "с")
# Words are looked for that so many services hold, at either scale.
AS_MANY = (30, 100, 300, 1_000, 2_000)


@dataclass(frozen=True)
class Asked:
    """A question at one scale: its path, how many services match, and whose word it was."""

    path: str
    matches: str = ""
    word: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--scale", choices=(*SCALES, "both"), default="both")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each question")
    parser.add_argument("--writes", type=int, default=WRITES, help="of each kind; 0 for none")
    parsed = parser.parse_args()
    wanted = tuple(SCALES) if parsed.scale == "both" else (parsed.scale,)
    with ExitStack() as stack:
        places = []
        for name in wanted:
            made = stack.enter_context(dataset(parsed.database, SCALES[name], _say, "-search"))
            given = {**made.settings, "RATE_LIMITS": "off", "LOG_LEVEL": "ERROR"}
            named = {f"MARKETPLACE_{key}": value for key, value in given.items()}
            app = create_app(Settings.from_environment(named))
            places.append(Place(name, app, made.postgresql))
        _questions(places, parsed.runs)
        if parsed.writes:
            search_writes.report(places, parsed.writes)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _questions(places: Sequence[Place], runs: int) -> None:
    columns = [
        f"{place.scale} {each}" for place in places for each in ("matches", "p50", "p99", "CPU")
    ]
    print(f"| question | {' | '.join(columns)} | p50 ÷ | CPU ÷ |")
    print(f"| --- |{' ---: |' * (len(columns) + 2)}")
    for name, question, more in QUESTIONS:
        _row(name, places, [_asked(place, question, more) for place in places], runs)
    seconds = [Asked(_next_page(place, _path("массаж"))) for place in places]
    _row("a common word, page 2", places, seconds, runs)
    for question in SUGGESTED:
        path = f"{CATALOGUE}suggest/?q={quote(question)}"
        _row(f"suggest, {question}", places, [Asked(path)] * len(places), runs)
    counted = [_words(place) for place in places]
    for wanted in AS_MANY:
        asked = [
            _asked(place, _held_by(wanted, words), "")
            for place, words in zip(places, counted, strict=True)
        ]
        _row(f"as many ({', '.join(each.word for each in asked)})", places, asked, runs)


def _row(name: str, places: Sequence[Place], asked: Sequence[Asked], runs: int) -> None:
    acts = [
        (place, lambda place=place, each=each: _get(place, each.path))  # type: ignore[misc]
        for place, each in zip(places, asked, strict=True)
    ]
    taken = in_turn(acts, runs)
    cells = [
        cell for each, at in zip(asked, taken, strict=True) for cell in (each.matches, *at.cells())
    ]
    ratios = [ratio(taken[-1].wall, taken[0].wall), ratio(taken[-1].cpu, taken[0].cpu)]
    print(f"| {name} | {' | '.join([*cells, *ratios])} |", flush=True)


def _path(question: str, more: str = "") -> str:
    return f"{CATALOGUE}?q={quote(question)}{more}"


def _get(place: Place, path: str) -> Any:
    # Or it would be shown again, unless something was written.
    place.app.extensions["marketplace_unchanged"] = Unchanged()
    body, status, headers = run_wsgi_app(place.app, create_environ(path), buffered=True)
    if not status.startswith("200"):
        raise BenchmarkError(f"{place.scale}: {path} answered {status} {b''.join(body)!r}")
    return headers


def _asked(place: Place, question: str, more: str) -> Asked:
    counted = _get(place, _path(question, f"{more or '&ordering=price'}&count=true&limit=1"))
    return Asked(_path(question, more), counted["X-Total-Count"], question)


def _next_page(place: Place, path: str) -> str:
    link: str = _get(place, path)["Link"]
    return link.partition("<")[2].partition(">")[0]


def _words(place: Place) -> Counter[str]:
    """How many services hold each word that is no specialist's name: those stand side by side."""
    counted: Counter[str] = Counter()
    with place.app.app_context():
        for words, named in session().execute(sa.select(SearchRow.words, SearchRow.specialist)):
            counted.update(words.difference(named.split()))
    return counted


def _held_by(wanted: int, counted: Counter[str]) -> str:
    # A stem that is its own stem, and stands alone, can be asked for as it is.
    usable = (word for word in counted if len(word) > 3 and search_text.words(word) == [word])  # noqa: PLR2004
    return min(usable, key=lambda word: (abs(counted[word] - wanted), word))


if __name__ == "__main__":
    main()
