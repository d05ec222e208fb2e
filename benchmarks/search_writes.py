"""What writing a service costs with the index of search and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from werkzeug.test import create_environ, run_wsgi_app

from benchmarks.in_process import Place, Taken, in_turn, ratio
from benchmarks.servers import BenchmarkError
from benchmarks.targets import PASSWORD
from marketplace.auth.models import User
from marketplace.core.clock import utc_now
from marketplace.core.database import session
from marketplace.core.parts import Parts
from marketplace.services import operations, parts
from marketplace.services.models import Category, Service

OWN = "/api/auth/services/"
TEXTS = 200

Creating = Callable[[dict[str, Any]], None]


def report(places: Sequence[Place], runs: int) -> None:
    """Print the table: the operation and the whole request, both kinds in turn."""
    print("\n| creating a service | index | p50 | p99 | CPU | p50 with ÷ without | CPU ÷ |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for place in places:
        for name, act, texts in _creating(place):
            kept, without = _compared(place, act, texts, runs)
            ratios = f"{ratio(kept.wall, without.wall)} | {ratio(kept.cpu, without.cpu)}"
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

    return in_turn(((place, with_index), (place, without)), runs)


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
