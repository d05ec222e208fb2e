"""`python -m benchmarks.search`: what a question costs at 20,000 and at 200,000 services.

Each question is planned and its first page read as the route does, without a server; milliseconds,
the median and the 99th percentile of many runs. Then what writing a service costs with the index
and without.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from benchmarks.datasets import SCALES, dataset
from marketplace import create_app
from marketplace.auth.models import User
from marketplace.catalogue import queries, search, suggestions
from marketplace.core.clock import utc_now
from marketplace.core.database import release, session
from marketplace.core.paging import Position
from marketplace.services import operations, parts
from marketplace.services.listing import Filters
from marketplace.settings import Settings

RUNS = 100
QUESTIONS = (
    ("two words", "королевское бритьё", "relevance"),
    ("a beginning", "королевс", "relevance"),
    ("a typo", "каралевское", "relevance"),
    ("the other layout", "rjhjktdcrjt", "relevance"),
    ("nothing found", "перпендикуляр", "relevance"),
    ("a common word", "массаж", "relevance"),
    ("the commonest letter", "с", "relevance"),
    ("two common words", "работаю дома", "relevance"),
    ("a common word, by price", "массаж", "price"),
    ("two words, by price", "королевское бритьё", "price"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--scale", choices=tuple(SCALES), default="small")
    parsed = parser.parse_args()
    with dataset(parsed.database, SCALES[parsed.scale], _say, "-search") as made:
        settings = {f"MARKETPLACE_{name}": value for name, value in made.settings.items()}
        app = create_app(Settings.from_environment(settings))
        with app.app_context():
            _report()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _report() -> None:
    print("| what | hits | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: |")
    for name, question, ordering in QUESTIONS:
        hits = _page(question, ordering, count=True).total
        _row(name, hits, _timed(lambda q=question, o=ordering: _page(q, o)))
    after = _page("массаж", "relevance").next
    _row("a common word, page 2", "", _timed(lambda: _page("массаж", "relevance", after=after)))
    _row("suggest, мас", "", _timed(lambda: suggestions.suggest("мас")))
    _row("suggest, с", "", _timed(lambda: suggestions.suggest("с")))
    owner = session().scalar(sa.select(User.id).where(User.role == "specialist").limit(1)) or 0
    _row("create", "", _timed(lambda: _create(owner)))
    kept, parts._on_services = parts._on_services, []  # noqa: SLF001 - what there is without it
    _row("create without index", "", _timed(lambda: _create(owner)))
    parts._on_services = kept  # noqa: SLF001


def _page(
    question: str, ordering: str, *, after: Position | None = None, count: bool = False
) -> Any:
    return queries.catalogue_page(
        Filters(),
        search=search.plan(question),
        ordering=ordering,
        after=after,
        limit=20,
        count=count,
    )


def _create(owner: int) -> None:
    values = {
        "name": "Лимфодренажный массаж",
        "description": "Мягкая техника, снимает отёки. Продолжительность — полтора часа.",
        "price": Decimal("3200.00"),
        "duration_minutes": 90,
        "category": "massage-classic",
        "visible": True,
    }
    operations.create_service(owner, values, utc_now())


def _timed(act: Callable[[], object]) -> list[float]:
    act()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1_000)
        release()
    return taken


def _row(name: str, hits: object, taken: list[float]) -> None:
    p99 = statistics.quantiles(taken, n=100)[-1]
    print(f"| {name} | {hits} | {statistics.median(taken):.2f} | {p99:.2f} |", flush=True)


if __name__ == "__main__":
    main()
