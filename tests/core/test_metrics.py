"""Numbers in memory that processes share, and their text."""

from __future__ import annotations

import pytest
from prometheus_text import parse, value

from marketplace.core import metrics, request_metrics
from marketplace.core.metrics import Cells, Counter, Family, Sample, text

DURATIONS = "marketplace_http_request_duration_seconds"


def shared(processes: int, *series: str) -> tuple[Cells, list[int]]:
    cells = Cells()
    taken = [cells.take(name) for name in series]
    cells.share(processes)
    return cells, taken


def test_what_each_process_counts_is_known_to_all() -> None:
    cells, [first, second] = shared(3, "a", "b")

    cells.become(0)
    cells.add(first, 2)
    cells.become(2)
    cells.add(first, 3)
    cells.add(second, 1)

    found = cells.of_processes()
    assert {place: (found[place][first], found[place][second]) for place in found} == {
        0: (2, 0),
        2: (3, 1),
    }


def test_whoever_takes_a_place_counts_on_and_is_not_taken_for_the_one_before() -> None:
    cells, [count] = shared(1, "count")
    moment = cells.take("moment", momentary=True)
    cells.become(0)
    cells.add(count, 5)
    cells.add(moment, 7)

    cells.become(0)
    cells.add(count, 1)

    assert cells.of_processes()[0][count] == 6
    assert cells.of_processes()[0][moment] == 0


def test_a_block_that_is_laid_out_otherwise_is_begun_anew_and_not_added_meanwhile() -> None:
    cells, [count] = shared(2, "count")
    for place in (0, 1):
        cells.become(place)
        cells.add(count, 5)

    cells.take("new")  # as code does that is of another version
    cells.become(1)

    assert list(cells.of_processes()) == [1]
    assert cells.of_processes()[1][count] == 0
    cells.become(0)
    assert [numbers[count] for numbers in cells.of_processes().values()] == [0, 0]


def test_there_is_no_room_for_endless_series() -> None:
    cells = Cells()

    with pytest.raises(RuntimeError, match="no room for too many"):
        cells.take("too many", 1 << 20)


def test_the_text_is_what_a_scraper_reads() -> None:
    odd = 'a "quoted"\\\nline'
    samples = [Sample(1.5, [("label", odd), ("other", "x")]), Sample(float("inf"))]
    families = [Family("odd", "gauge", "About it.", samples), Family("none", "gauge", "", [])]

    written = text(iter(families))

    assert written.splitlines() == [
        "# HELP odd About it.",
        "# TYPE odd gauge",
        'odd{label="a \\"quoted\\"\\\\\\nline",other="x"} 1.5',
        "odd inf",
    ]
    parse(written)


def test_a_counter_has_only_the_values_it_was_made_with() -> None:
    counter = Counter("test_events_total", "Events.", "kind", ("known",))
    counter.add(2, "known")

    with pytest.raises(KeyError):
        counter.add(1, "a caller's word")

    assert value(text(metrics.families()), "test_events_total", kind="known") == 2


def seen(route: str, method: str, status: str, suffix: str = "_count", **more: str) -> float:
    shown = text(metrics.families())
    labels = {"route": route, "method": method, "status": status} | more
    return value(shown, DURATIONS + suffix, **labels)


def test_a_request_is_counted_by_route_method_class_and_time() -> None:
    request_metrics.learn([("/tested/", {"GET", "POST"})])

    for status, seconds in ((200, 0.001), (201, 0.0011), (304, 0.2), (599, 99.0)):
        request_metrics.observe("/tested/", "GET", status, seconds)

    assert [seen("/tested/", "GET", each) for each in ("2xx", "3xx", "4xx", "5xx")] == [2, 1, 0, 1]
    assert seen("/tested/", "GET", "2xx", "_sum") == pytest.approx(0.0021)
    # A bound belongs to what is below it.
    assert seen("/tested/", "GET", "2xx", "_bucket", le="0.001") == 1
    assert seen("/tested/", "GET", "2xx", "_bucket", le="0.0025") == 2
    assert seen("/tested/", "GET", "5xx", "_bucket", le="10") == 0
    assert seen("/tested/", "POST", "2xx") == 0


@pytest.mark.parametrize(
    ("route", "method", "as_route", "as_method"),
    [
        (None, "GET", "unmatched", "GET"),
        (None, "BREW", "unmatched", "other"),
        ("/nowhere/", "GET", "unmatched", "GET"),
        ("server", None, "server", "other"),
        ("server", "POST", "server", "POST"),
    ],
)
def test_what_a_caller_makes_up_gets_no_series_of_its_own(
    route: str | None, method: str | None, as_route: str, as_method: str
) -> None:
    before = seen(as_route, as_method, "4xx")

    request_metrics.observe(route, method, 404, 0.1)

    assert seen(as_route, as_method, "4xx") == before + 1
