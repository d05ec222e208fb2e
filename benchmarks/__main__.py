"""`python -m benchmarks`: measures and prints tables; exit status 1 when a request failed."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import committed, growth, report, studies
from benchmarks.datasets import SCALES
from benchmarks.servers import BenchmarkError, Workers
from benchmarks.targets import TARGETS
from marketplace.settings import Settings

# As in production, where one could not use both cores.
PROCESSES = 2


def _names(text: str) -> list[str]:
    known = [target.name for target in TARGETS]
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"no target {name!r}; there are {', '.join(known)}")
    return names


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 64):  # noqa: PLR2004 - the server's own bound
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 64")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--scale", choices=(*SCALES, "both"), default="both")
    parser.add_argument("--processes", type=_count, default=PROCESSES)
    parser.add_argument("--threads", type=_count, default=defaults.threads)
    parser.add_argument("--seconds", type=float, default=6.0, help="of load for each target")
    parser.add_argument("--only", type=_names, default=[], help="targets, separated by commas")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--save", action="store_true", help="compare later runs with this one (commit the file)"
    )
    studies_of_one = parser.add_mutually_exclusive_group()
    studies_of_one.add_argument("--limits", action="store_true", help="what request limits cost")
    studies_of_one.add_argument(
        "--threads-study", action="store_true", help="a page's latency while log-ins run"
    )
    studies_of_one.add_argument(
        "--bookings-study",
        action="store_true",
        help="what a booking costs with a thousand and a million of them, on PostgreSQL",
    )
    return parser


def _measure(
    arguments: argparse.Namespace, options: studies.Options, say: studies.Say
) -> tuple[str, dict[str, Any], int]:
    """(text, JSON, count of failed requests)."""
    if arguments.limits:
        limited = studies.limits(options, say)
        errors = sum(row.series.errors for row in limited)
        return report.limits_text(limited), {"limits": report.limits_json(limited)}, errors
    if arguments.threads_study:
        rows = studies.threads(options, say)
        errors = sum(row.errors for row in rows)
        return report.threads_text(rows), {"threads": report.threads_json(rows)}, errors
    if arguments.bookings_study:
        grown = growth.bookings(options.workers, options.seconds, say)
        errors = sum(series.errors for series in grown.series.values())
        return report.bookings_text(grown), report.bookings_json(grown), errors
    result = studies.compare(options, say)
    errors = sum(series.errors for series in result.series.values())
    text = report.comparison_text(
        result, options, committed.ratios(options.database, options.workers)
    )
    return text, report.comparison_json(result, options), errors


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    scales = list(SCALES.values()) if parsed.scale == "both" else [SCALES[parsed.scale]]
    options = studies.Options(
        database=parsed.database,
        scales=scales,
        workers=Workers(parsed.processes, parsed.threads),
        seconds=parsed.seconds,
        only=parsed.only,
    )
    # As an exception it lets every server be stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {line}", file=sys.stderr, flush=True)

    try:
        text, figures, errors = _measure(parsed, options, say)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    workers = f"{options.workers.processes} process(es), {options.workers.threads} threads"
    print(f"\n{options.database}, {workers}, {options.seconds:g} s a target\n\n{text}")
    document = {**report.context_json(options), **figures}
    if parsed.save and "targets" in figures:
        print(f"\nsaved: {committed.save(document, options.database, options.workers)}")
    if parsed.json:
        parsed.json.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
