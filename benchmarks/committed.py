"""The figures of the last committed run, which a new one is compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.servers import Workers

FOLDER = Path(__file__).with_name("committed")
# (scale, target) → ceiling's CPU ÷ the target's.
Ratios = Mapping[tuple[str, str], float]


def _file(database: str, workers: Workers) -> Path:
    return FOLDER / f"{database}-{workers.processes}x{workers.threads}.json"


def ratios(database: str, workers: Workers) -> Ratios:
    """Those committed for such servers, none where there are none yet."""
    file = _file(database, workers)
    if not file.exists():
        return {}
    targets = json.loads(file.read_text("utf-8"))["targets"]
    return {(each["scale"], each["target"]): each["ceiling_ratio"] for each in targets}


def save(document: Mapping[str, Any], database: str, workers: Workers) -> Path:
    """Keep a run's document in place of the last one's, targets it left out as they were."""
    file = _file(database, workers)
    file.parent.mkdir(exist_ok=True)
    measured = [_short(each) for each in document["targets"]]
    names = {(each["scale"], each["target"]) for each in measured}
    before = json.loads(file.read_text("utf-8"))["targets"] if file.exists() else []
    kept = [each for each in before if (each["scale"], each["target"]) not in names]
    document = {
        "python": document["python"],
        "processors": document["processors"],
        "targets": sorted(kept + measured, key=lambda each: (each["scale"], each["target"])),
    }
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return file


def _short(target: Mapping[str, Any]) -> dict[str, Any]:
    names = ("scale", "target", "cpu_ms", "ceiling_ratio", "requests_per_second", "p50_ms")
    return {
        name: round(target[name], 3) if isinstance(target[name], float) else target[name]
        for name in names
    }
