"""`python -m benchmarks.enumeration`: whether time tells who has an account.

Existing and missing accounts in turn, 200 of each; the medians may differ by a tenth.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import servers
from benchmarks.datasets import SCALES, dataset
from benchmarks.servers import Server, Workers, call

SAMPLES = 200
GOAL = 0.10
PASSWORD = "sea-breeze-42"  # noqa: S105 - of accounts of the benchmark's own
PATHS = {
    "log-in": ("/api/auth/login/", lambda who: {"username": who, "password": "wrong-guess-1"}),
    "forgot": ("/api/auth/password/forgot/", lambda who: {"login": who}),
    "reset": (
        "/api/auth/password/reset/",
        lambda who: {"login": who, "code": "000000", "new_password": "лунный-берег-58"},
    ),
}


def _register(server: Server) -> list[str]:
    names = [f"timed{number}@example.com" for number in range(SAMPLES)]
    for number, email in enumerate(names):
        body = {"username": f"timed_{number}", "password": PASSWORD, "email": email}
        call(server.port, "POST", "/api/auth/register/", body | {"role": "client"})
    return names


def _timed(connection: http.client.HTTPConnection, path: str, body: Any) -> tuple[float, bytes]:
    content = json.dumps(body).encode()
    started = time.perf_counter()
    connection.request("POST", path, content, {"Content-Type": "application/json"})
    answer = connection.getresponse().read()
    return (time.perf_counter() - started) * 1000, answer


def _pairs(
    port: int, path: str, body_of: Callable[[str], Any], names: list[str]
) -> Iterator[tuple[float, float, bool]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    _timed(connection, path, body_of("warm@example.com"))
    for number, name in enumerate(names):
        missing = f"absent{number}@example.com"
        # Which comes first changes, so that neither has the warmer caches.
        order = (name, missing) if number % 2 else (missing, name)
        taken = {who: _timed(connection, path, body_of(who)) for who in order}
        yield taken[name][0], taken[missing][0], taken[name][1] == taken[missing][1]
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.enumeration", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    database = parser.parse_args().database
    missed = 0
    with (
        dataset(database, SCALES["small"], print) as data,
        servers.marketplace(
            "enumeration", Workers(1, 4), data.settings, postgresql=data.postgresql
        ) as server,
    ):
        names = _register(server)
        print(f"{database}\n{'':8}  existing ms  missing ms  differ  same bytes")
        for title, (path, body_of) in PATHS.items():
            pairs = list(_pairs(server.port, path, body_of, names))
            existing = statistics.median(pair[0] for pair in pairs)
            missing = statistics.median(pair[1] for pair in pairs)
            differ = abs(existing - missing) / max(existing, missing)
            same = all(pair[2] for pair in pairs)
            missed += differ > GOAL or not same
            print(f"{title:8}  {existing:11.2f}  {missing:10.2f}  {differ:5.1%}  {same}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
