"""Requests as numbers: how many, how long, with which status, by route.

The sets of labels are known before the first request: a caller can name no new one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from http import HTTPMethod, HTTPStatus

from marketplace.core import metrics
from marketplace.core.metrics import Family, Sample, cells

# Seconds. An answer that is kept takes less than the first, a password hash one of the middle.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"
SERVER = "server"
_OTHER = "other"
_LE = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")
_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_BUCKETS = len(BOUNDS) + 1
_OF_CLASS = _BUCKETS + 1  # the sum of seconds is the last
_FIRST_STATUS, _END_OF_STATUS = 200, 600
_METHODS = (*sorted(method.value for method in HTTPMethod), _OTHER)

_routes: dict[tuple[str, str], int] = {}
_codes = cells.take("marketplace_http_responses_total", _END_OF_STATUS - _FIRST_STATUS)
_in_flight = cells.take("marketplace_http_requests_in_flight", momentary=True)


def learn(routes: Iterable[tuple[str, Collection[str]]]) -> None:
    """Make room for the routes and their methods; those that are known already stay."""
    for route, methods in sorted((route, sorted(methods)) for route, methods in routes):
        for method in methods:
            if (route, method) not in _routes:
                series = f"marketplace_http_request_duration_seconds {route} {method}"
                _routes[route, method] = cells.take(series, len(_CLASSES) * _OF_CLASS)


learn([(UNMATCHED, _METHODS), (SERVER, _METHODS)])


def begin() -> None:
    """A request is being worked on."""
    cells.add(_in_flight, 1.0)


def end() -> None:
    """It no longer is."""
    cells.add(_in_flight, -1.0)


def observe(route: str | None, method: str | None, status: int, seconds: float) -> None:
    """Count an answer. A route or method that is not known is one of those without a name."""
    first = _routes.get((route, method))  # type: ignore[arg-type]
    if first is None:
        named = method if method in _METHODS else _OTHER
        first = _routes[SERVER if route == SERVER else UNMATCHED, str(named)]
    first += (min(max(status // 100, 2), 5) - 2) * _OF_CLASS
    with cells.lock:
        own = cells.own
        own[first + bisect_left(BOUNDS, seconds)] += 1.0
        own[first + _BUCKETS] += seconds
        if _FIRST_STATUS <= status < _END_OF_STATUS:
            own[_codes + status - _FIRST_STATUS] += 1.0


def _durations(processes: dict[int, list[float]]) -> Family:
    return Family(
        "marketplace_http_request_duration_seconds",
        "histogram",
        "Time from a request's admission to its answer, by route, method and class of status.",
        list(_duration_samples(_sums(processes))),
    )


def _duration_samples(numbers: list[float]) -> Iterator[Sample]:
    for (route, method), start in _routes.items():
        for position, status in enumerate(_CLASSES):
            first = start + position * _OF_CLASS
            buckets = numbers[first : first + _BUCKETS]
            if not any(buckets):
                continue
            labels = [("route", route), ("method", method), ("status", status)]
            count = 0.0
            for bound, new in zip(_LE, buckets, strict=True):
                count += new
                yield Sample(count, [*labels, ("le", bound)], "_bucket")
            yield Sample(numbers[first + _BUCKETS], labels, "_sum")
            yield Sample(count, labels, "_count")


def _responses(processes: dict[int, list[float]]) -> Family:
    numbers = _sums(processes)
    samples = [
        Sample(numbers[_codes + status - _FIRST_STATUS], [("code", str(status))])
        for status in range(_FIRST_STATUS, _END_OF_STATUS)
        if numbers[_codes + status - _FIRST_STATUS] or status in _ALWAYS_SHOWN
    ]
    about = "Answers by exact status."
    return Family("marketplace_http_responses_total", "counter", about, samples)


# What alerts look at begins at nought, so that its first one is a growth.
_ALWAYS_SHOWN = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE}
)


def _working(processes: dict[int, list[float]]) -> Family:
    about = "Requests being worked on, this question among them."
    samples = [Sample(sum(numbers[_in_flight] for numbers in processes.values()))]
    return Family("marketplace_http_requests_in_flight", "gauge", about, samples)


def _sums(processes: dict[int, list[float]]) -> list[float]:
    if len(processes) == 1:
        return next(iter(processes.values()))
    return [sum(column) for column in zip(*processes.values(), strict=True)]


for _make in (_durations, _responses, _working):
    metrics.declare(_make)
