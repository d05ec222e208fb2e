"""What is requested: each target's requests, ready to be sent, and the goal it is held to."""

from __future__ import annotations

import http
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.servers import BenchmarkError, Server, call
from marketplace.core.hot import moment_key
from marketplace.core.paging import Position, encode_cursor

PASSWORD = "sea-breeze-42"  # noqa: S105 - the demo accounts' published password
SUBSTRINGS = Path(__file__).with_name("substrings.txt")
PAGE = "/api/services/?limit=20"
NEW_SERVICES = 50
SPECIALISTS = 200
PAGES_OF_SERVICES = 4
MAX_PRICE = 99_999_999
# A process keeps some three hundred pages of twenty.
DIFFERENT = 1_500
MOMENT = timedelta(microseconds=1)
HALF_A_DAY = timedelta(hours=12)
SPACING = timedelta(minutes=2)
# As many as there are connections: one person does not book on sixteen phones at once.
CLIENTS = 16


@dataclass(frozen=True)
class Session:
    """What a server's requests need to know of it."""

    client: str
    clients: Sequence[str]
    specialist: str
    profile: int
    free: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Target:
    """`goal` is the least ceiling's CPU ÷ the target's, None where none is set."""

    name: str
    goal: float | None
    requests: Callable[[Session], Sequence[str]]


def _log_in(server: Server, username: str) -> str:
    body = {"username": username, "password": PASSWORD}
    status, answer = call(server.port, "POST", "/api/auth/login/", body)
    if status != http.HTTPStatus.OK:
        raise BenchmarkError(f"{server.name}: log-in of {username} answered {status} {answer}")
    token: str = answer["access"]
    return token


def _client(server: Server, number: int) -> str:
    """A token of the benchmark's own client, who is registered by the first round."""
    body = {
        "username": f"bench_client_{number}",
        "password": PASSWORD,
        "email": f"bench{number}@example.com",
        "role": "client",
    }
    status, answer = call(server.port, "POST", "/api/auth/register/", body)
    if status == http.HTTPStatus.CONFLICT:
        return _log_in(server, body["username"])
    if status != http.HTTPStatus.CREATED:
        raise BenchmarkError(f"{server.name}: registration answered {status} {answer}")
    token: str = answer["access"]
    return token


def session(server: Server) -> Session:
    """Fresh tokens of the demo accounts and some specialist's id. Raises `BenchmarkError`."""
    status, page = call(server.port, "GET", PAGE)
    if status != http.HTTPStatus.OK or not page:
        raise BenchmarkError(f"{server.name}: the catalogue answered {status} {page}")
    return Session(
        client=_log_in(server, "demo_client"),
        clients=[_client(server, number) for number in range(CLIENTS)],
        specialist=_log_in(server, "demo_specialist"),
        profile=page[0]["specialist_profile"]["id"],
        free=_free_starts(server),
    )


def _free_starts(server: Server) -> list[tuple[int, str]]:
    """(service, start) of slots that do not overlap, over some two hundred specialists."""
    services: dict[int, int] = {}
    path = f"/api/services/?limit=100&max_price={MAX_PRICE}&ordering=-price"
    for _ in range(PAGES_OF_SERVICES):
        _, page = call(server.port, "GET", path)
        for each in page:
            services.setdefault(each["specialist"], each["id"])
        path = f"/api/services/?limit=100&max_price={page[-1]['price']}&ordering=-price"
    first = datetime.now(UTC).date() + timedelta(days=2)
    dates = f"from={first}&to={first + timedelta(days=30)}"
    days: list[list[tuple[int, str]]] = []
    for service in list(services.values())[:SPECIALISTS]:
        _, answer = call(server.port, "GET", f"/api/services/{service}/slots/?{dates}")
        for day in answer["days"]:
            free, busy_until = [], ""
            for start in day["slots"]:
                if start >= busy_until:
                    free.append((service, start))
                    end = datetime.fromisoformat(start) + SPACING * answer["duration_minutes"]
                    busy_until = end.isoformat()
            days.append(free)
    # Neighbours in time go to different specialists, as different clients would.
    return [start for column in zip_longest(*days) for start in column if start is not None]


def get(path: str, token: str = "", headers: str = "") -> str:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}{headers}\r\n"


def post(path: str, body: Any, token: str = "") -> str:
    content = json.dumps(body)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
    )


def substrings() -> list[str]:
    lines = SUBSTRINGS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def page(_session: Session) -> list[str]:
    return [get(path) for path in _pages(MOMENT)]


def _page_deep(_session: Session) -> list[str]:
    return [get(path) for path in _pages(HALF_A_DAY)]


def _page_again(_session: Session) -> list[str]:
    return [get(PAGE)]


def _page_token(session: Session) -> list[str]:
    return [get(path, session.client) for path in _pages(MOMENT)]


def _pages(apart: timedelta) -> list[str]:
    """Pages too many to be kept from one time to the next: with moments between them the first one
    by other names, as if something had been written meanwhile; with days, of all depths.
    """
    now = datetime.now(UTC)
    moments = (now - apart * number for number in range(DIFFERENT))
    cursors = (encode_cursor("-created_at", Position(moment_key(each), 1)) for each in moments)
    return [f"{PAGE}&cursor={cursor}" for cursor in cursors]


def _filtered(_session: Session) -> list[str]:
    """The substrings, under so many prices that no answer is kept from one time to the next."""
    words = cycle(substrings())
    prices = (500 + number % 100 for number in range(DIFFERENT))
    path = f"{PAGE}&max_price=5000&min_price="
    return [
        get(f"{path}{price}.{number // 100:02}&name={quote(word)}")
        for number, (price, word) in enumerate(zip(prices, words, strict=False))
    ]


def _profile(session: Session) -> list[str]:
    return [get(f"/api/auth/profile/{session.profile}/")]


def _create(session: Session) -> list[str]:
    bodies = [
        {
            "name": f"Массаж спины, вариант {number}",
            "price": f"{1500 + number}.00",
            "duration_minutes": 60,
        }
        for number in range(NEW_SERVICES)
    ]
    return [post("/api/auth/services/", body, session.specialist) for body in bodies]


def _slots(_session: Session) -> list[str]:
    first = datetime.now(UTC).date()
    last = first + timedelta(days=30)
    return [get(f"/api/services/1/slots/?from={first}&to={last}")]


def _book(session: Session) -> list[str]:
    return [
        post("/api/bookings/", {"service": service, "starts_at": start}, client)
        for (service, start), client in zip(session.free, cycle(session.clients), strict=False)
    ]


def log_in(_session: Session) -> list[str]:
    return [post("/api/auth/login/", {"username": "demo_client", "password": PASSWORD})]


TARGETS = (
    Target("page", 0.36, page),
    Target("page_deep", None, _page_deep),
    Target("page_again", 0.65, _page_again),
    Target("page_token", 0.25, _page_token),
    Target("filtered", 0.28, _filtered),
    Target("profile", 0.60, _profile),
    Target("slots", None, _slots),
    Target("create", 0.20, _create),
    Target("book", None, _book),
    Target("login", None, log_in),
)
