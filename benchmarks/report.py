"""The tables a reader sees and the JSON a machine keeps."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks import growth
from benchmarks.committed import Ratios
from benchmarks.growth import Growth
from benchmarks.measure import Series, percentile
from benchmarks.studies import Comparison, LimitsRow, Options, ThreadsRow
from benchmarks.targets import TARGETS

GROWTH_GOAL = 1.2
MEMORY_GOAL_MEGABYTES = 150
GOALS = {target.name: target.goal for target in TARGETS}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _reached(goal: float | None, ratio: float | None) -> str:
    if goal is None or ratio is None:
        return ""
    return "yes" if ratio >= goal else "no"


def _figures(series: Series) -> list[str]:
    return [
        f"{series.per_second:.0f}",
        f"{percentile(series.latencies, 0.5):.1f}",
        f"{percentile(series.latencies, 0.99):.1f}",
        str(series.errors),
        f"{series.cpu:.2f}" + ("" if series.exact else "~"),
    ]


def _comparison_row(label: str, name: str, series: Series, was: float | None) -> list[str]:
    goal = GOALS.get(name)
    change = "" if was is None or not series.ratio else f"{series.ratio / was - 1:+.0%}"
    return [
        label,
        *_figures(series),
        "" if series.ratio is None else f"{series.ratio:.3f}",
        "" if goal is None else f"{goal:.2f}",
        _reached(goal, series.ratio),
        "" if was is None else f"{was:.3f}",
        change,
    ]


def comparison_text(result: Comparison, options: Options, was: Ratios) -> str:
    """The table of a run, beside the committed ratios."""
    head = [
        "target",
        "req/s",
        "p50 ms",
        "p99 ms",
        "errors",
        "CPU ms",
        "ceiling÷",
        "goal",
        "reached",
        "committed",
        "change",
    ]
    rows = [_comparison_row("ceiling", "", result.ceiling, None)]
    rows += [
        _comparison_row(f"{name} ({scale})", name, series, was.get((scale, name)))
        for (scale, name), series in result.series.items()
    ]
    parts = [table(head, rows)]
    if not all(series.exact for series in result.series.values()):
        parts.append("~ database connections came or went meanwhile; their CPU is partly missing")
    growth = _growth(result, options)
    if growth:
        parts.append(
            table(
                ["growth", "large÷small", "goal", "reached"],
                [
                    [
                        name,
                        f"{value:.2f}",
                        f"{GROWTH_GOAL}",
                        "yes" if value <= GROWTH_GOAL else "no",
                    ]
                    for name, value in growth.items()
                ],
            )
        )
    parts.append(
        table(
            ["peak resident memory", "MB", "goal", "reached"],
            [
                [name, f"{value:.0f}", f"{MEMORY_GOAL_MEGABYTES}", _fits(value)]
                for name, value in result.memory.items()
            ],
        )
    )
    failed = [(key, series.first_error) for key, series in result.series.items() if series.errors]
    parts += [f"first error of {name} ({scale}): {error}" for (scale, name), error in failed]
    return "\n\n".join(parts)


def _fits(megabytes: float) -> str:
    return "yes" if megabytes < MEMORY_GOAL_MEGABYTES else "no"


def _growth(result: Comparison, options: Options) -> dict[str, float]:
    if {scale.name for scale in options.scales} != {"small", "large"}:
        return {}
    names = [name for scale, name in result.series if scale == "large"]
    return {
        name: result.series["large", name].growth(result.series["small", name]) for name in names
    }


def limits_text(rows: Sequence[LimitsRow]) -> str:
    head = ["limits", "req/s", "p50 ms", "p99 ms", "errors", "CPU ms", "Redis ms", "ceiling÷"]
    return table(
        head,
        [
            [
                row.name,
                *_figures(row.series),
                f"{row.redis_cpu:.2f}",
                f"{row.series.ratio or 0:.3f}",
            ]
            for row in rows
        ],
    )


def threads_text(rows: Sequence[ThreadsRow]) -> str:
    head = ["threads", "CPU ms", "p50 quiet", "p99 quiet", "p50 log-ins", "p99 log-ins"]
    head += ["log-ins/s", "errors"]
    return table(
        head,
        [
            [
                str(row.threads),
                f"{row.cpu:.2f}",
                f"{row.quiet_p50:.1f}",
                f"{row.quiet_p99:.1f}",
                f"{row.busy_p50:.1f}",
                f"{row.busy_p99:.1f}",
                f"{row.log_ins_per_second:.1f}",
                str(row.errors),
            ]
            for row in rows
        ],
    )


def bookings_text(result: Growth) -> str:
    """What a booking costs by how many there are."""
    head = ("bookings before", "req/s", "p50 ms", "p99 ms", "errors", "CPU ms")
    rows = [[f"{count:,}", *_figures(series)[:5]] for count, series in result.series.items()]
    reached = "yes" if result.factor <= growth.GOAL else "no"
    factor = f"large ÷ small {result.factor:.2f}, goal {growth.GOAL}, reached: {reached}"
    return f"{table(head, rows)}\n\n{factor}"


def bookings_json(result: Growth) -> dict[str, Any]:
    return {
        "factor": result.factor,
        "bookings": {count: _series_json(series) for count, series in result.series.items()},
    }


def _series_json(series: Series) -> dict[str, Any]:
    return {
        "requests": series.requests,
        "requests_per_second": series.per_second,
        "p50_ms": percentile(series.latencies, 0.5),
        "p99_ms": percentile(series.latencies, 0.99),
        "errors": series.errors,
        "first_error": series.first_error,
        "bytes_per_request": sum(s.outcome.bytes for s in series.samples) / series.requests,
        "cpu_ms": series.cpu,
        "cpu_ms_by_round": [s.cpu for s in series.samples],
        "cpu_exact": series.exact,
        "ceiling_ratio": series.ratio,
        "ceiling_ratio_by_round": series.ratios,
    }


def context_json(options: Options) -> dict[str, Any]:
    return {
        "database": options.database,
        "scales": [asdict(scale) for scale in options.scales],
        **asdict(options.workers),
        "seconds": options.seconds,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }


def comparison_json(result: Comparison, options: Options) -> dict[str, Any]:
    return {
        "ceiling": _series_json(result.ceiling),
        "targets": [
            {"scale": scale, "target": name, "goal": GOALS[name], **_series_json(series)}
            for (scale, name), series in result.series.items()
        ],
        "growth": _growth(result, options),
        "peak_megabytes": result.memory,
    }


def limits_json(rows: Sequence[LimitsRow]) -> list[dict[str, Any]]:
    return [
        {"limits": row.name, "redis_cpu_ms": row.redis_cpu, **_series_json(row.series)}
        for row in rows
    ]


def threads_json(rows: Sequence[ThreadsRow]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]
