"""`python -m benchmarks.search`: what a question costs at 20,000 and at 200,000 services.

Whole requests, from the WSGI call to the last byte, without a socket: milliseconds, the median and
the 99th percentile of many runs, the two scales in turn, so that whatever else the machine does
falls on both; and the median of the processor's time, PostgreSQL's included, which a busy machine
blurs less. First the same questions at both scales, then words that as many services hold at one as
at the other. Then what writing a service costs with the index and without, in turn too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from benchmarks.datasets import SCALES, dataset
from benchmarks.servers import BenchmarkError
from benchmarks.targets import PASSWORD
from benchmarks.usage import cpu_of_first_threads, postgresql_backends
from marketplace import create_app
from marketplace.auth.models import User
from marketplace.catalogue import search_text
from marketplace.catalogue.models import SearchRow
from marketplace.core.clock import utc_now
from marketplace.core.database import session
from marketplace.core.parts import Parts
from marketplace.services import operations, parts
from marketplace.services.models import Category, Service
from marketplace.settings import Settings

RUNS, WRITES = 100, 300
CATALOGUE, OWN = "/api/services/", "/api/auth/services/"
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
AS_MANY = (30, 300, 1_000, 2_000)
TEXTS = 200

Creating = Callable[[dict[str, Any]], None]


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
            _writes(places, parsed.writes)


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
    taken = _in_turn(acts, runs)
    cells = [
        cell for each, at in zip(asked, taken, strict=True) for cell in (each.matches, *at.cells())
    ]
    ratios = [_ratio(taken[-1].wall, taken[0].wall), _ratio(taken[-1].cpu, taken[0].cpu)]
    print(f"| {name} | {' | '.join([*cells, *ratios])} |", flush=True)


def _ratio(one: Sequence[float], other: Sequence[float]) -> str:
    return f"{statistics.median(one) / statistics.median(other):.2f}"


def _in_turn(acts: Sequence[tuple[Place, Callable[[], object]]], runs: int) -> list[Taken]:
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


def _path(question: str, more: str = "") -> str:
    return f"{CATALOGUE}?q={quote(question)}{more}"


def _get(place: Place, path: str) -> Any:
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
    """How many services hold each word."""
    counted: Counter[str] = Counter()
    with place.app.app_context():
        for words in session().scalars(sa.select(SearchRow.words)):
            counted.update(words)
    return counted


def _held_by(wanted: int, counted: Counter[str]) -> str:
    # A stem that is its own stem, and stands alone, can be asked for as it is.
    usable = (word for word in counted if len(word) > 3 and search_text.words(word) == [word])  # noqa: PLR2004
    return min(usable, key=lambda word: (abs(counted[word] - wanted), word))


def _writes(places: Sequence[Place], runs: int) -> None:
    print("\n| creating a service | index | p50 | p99 | CPU | p50 with ÷ without | CPU ÷ |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for place in places:
        for name, act, texts in _creating(place):
            kept, without = _compared(place, act, texts, runs)
            ratios = f"{_ratio(kept.wall, without.wall)} | {_ratio(kept.cpu, without.cpu)}"
            print(f"| {name}, {place.scale} | yes | {' | '.join(kept.cells())} | {ratios} |")
            print(f"| {name}, {place.scale} | no | {' | '.join(without.cells())} | | |", flush=True)


def _creating(place: Place) -> Iterator[tuple[str, Creating, list[dict[str, Any]]]]:
    with place.app.app_context():
        username = User.username == "demo_specialist"
        owner = session().scalars(sa.select(User.id).where(username)).one()
        texts = _texts()
    token = _token(place)
    yield "the operation", lambda values: _create(place, owner, values), texts
    yield "the whole POST", lambda values: _post(place, token, values), texts


def _texts() -> list[dict[str, Any]]:
    """What some of the services say, as others would say it."""
    newest = (
        sa.select(Service.name, Service.description, Category.slug)
        .join(Category, Category.id == Service.category_id)
        .order_by(Service.id.desc())
        .limit(TEXTS)
    )
    return [
        {
            "name": row.name,
            "description": row.description,
            "category": row.slug,
            "price": Decimal("3200.00"),
            "duration_minutes": 90,
            "visible": True,
        }
        for row in session().execute(newest)
    ]


def _compared(
    place: Place,
    act: Creating,
    texts: Sequence[dict[str, Any]],
    runs: int,
) -> list[Taken]:
    kept, at = parts.on_services, 0

    def with_index() -> None:
        nonlocal at
        at += 1
        act(texts[at % len(texts)])

    def without() -> None:
        parts.on_services = Parts()
        try:
            act(texts[at % len(texts)])
        finally:
            parts.on_services = kept

    return _in_turn(((place, with_index), (place, without)), runs)


def _create(place: Place, owner: int, values: dict[str, Any]) -> None:
    with place.app.app_context():
        operations.create_service(owner, values, utc_now())


def _post(place: Place, token: str, values: dict[str, Any]) -> None:
    body = values | {"price": str(values["price"])}
    _posted(place, OWN, body, {"Authorization": f"Bearer {token}"})


def _token(place: Place) -> str:
    body = {"username": "demo_specialist", "password": PASSWORD}
    answer = _posted(place, "/api/auth/login/", body, {})
    return str(place.app.json.loads(answer)["access"])


def _posted(place: Place, path: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
    environ = create_environ(path, method="POST", json=body, headers=headers)
    answer, status, _ = run_wsgi_app(place.app, environ, buffered=True)
    text = b"".join(answer)
    if not status.startswith("20"):
        raise BenchmarkError(f"{place.scale}: {path} answered {status} {text!r}")
    return text


if __name__ == "__main__":
    main()
