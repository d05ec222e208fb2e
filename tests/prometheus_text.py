"""Reading Prometheus' text format as strictly as a scraper does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? (\S+)")
_HEAD = re.compile(rf"# (HELP|TYPE) ({_NAME}) (.+)")
_PARTS = {"histogram": ("_bucket", "_sum", "_count")}
Labels = frozenset[tuple[str, str]]


@dataclass
class Family:
    kind: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


def parse(text: str) -> dict[str, Family]:
    """The families by name. Fails on what a scraper would refuse or misread."""
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    name, helped = "", ""
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head is not None and head[1] == "HELP":
            helped = head[2]
        elif head is not None:
            name = head[2]
            assert name == helped, f"{name} without help"
            assert name not in families, f"{name} twice"
            assert head[3] in ("counter", "gauge", "histogram")
            families[name] = Family(head[3])
        else:
            _add(families[name], name, line)
    for name, family in families.items():
        assert family.samples, f"{name} is empty"
        assert (family.kind == "counter") == name.endswith("_total"), name
        if family.kind == "histogram":
            _check_histogram(name, family)
    return families


def _add(family: Family, name: str, line: str) -> None:
    sample = _SAMPLE.fullmatch(line)
    assert sample is not None, line
    given, labels = sample[1], frozenset(re.findall(_LABEL, sample[2] or ""))
    assert given in [name + part for part in _PARTS.get(family.kind, ("",))], line
    assert (given, labels) not in family.samples, f"{line} twice"
    family.samples[given, labels] = float(line.rpartition(" ")[2])


def _check_histogram(name: str, family: Family) -> None:
    counts = {labels: n for (given, labels), n in family.samples.items() if given.endswith("count")}
    for labels, count in counts.items():
        buckets = [
            (float(dict(each)["le"]), n)
            for (given, each), n in family.samples.items()
            if given == f"{name}_bucket" and labels < each
        ]
        assert [bound for bound, _ in buckets] == sorted(bound for bound, _ in buckets)
        assert [n for _, n in buckets] == sorted(n for _, n in buckets)
        assert buckets[-1] == (float("inf"), count)
        assert (f"{name}_sum", labels) in family.samples


def value(text: str, name: str, **labels: str) -> float:
    """One sample's value; 0 when it is not shown (yet)."""
    families = parse(text)
    family = families.get(re.sub(r"_(bucket|sum|count)$", "", name)) or families.get(name)
    if family is None:
        return 0.0
    return family.samples.get((name, frozenset(labels.items())), 0.0)
