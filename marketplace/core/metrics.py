"""Numbers of the running service, kept in memory that its processes share.

Each process writes to a block of its own, and whoever is asked adds the blocks up. A block is
there before its process and stays after it: who dies takes no count along, and who replaces it
counts on. All processes lay their blocks out alike, since they declare the same series in the same
order; a block that is laid out otherwise, as after an upgrade, is begun anew.
"""

from __future__ import annotations

import mmap
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

# Numbers in a block. Pages of it that nobody has written to take no memory.
_CAPACITY = 1 << 16
_BYTES = 8
_LAYOUT, _FIRST = 0, 1


class Cells:
    """The blocks: this process's own, and those of its siblings."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.own: memoryview[float] = memoryview(bytearray(_CAPACITY * _BYTES)).cast("d")
        self._blocks = [self.own]
        self._place = 0
        self._used = _FIRST
        self._layout = 0
        self._momentary: list[int] = []

    def take(self, series: str, count: int = 1, *, momentary: bool = False) -> int:
        """The first of so many neighbouring cells, for a series of that name. What is `momentary`
        is of a process and ends with it.
        """
        first = self._used
        if first + count > _CAPACITY:
            raise RuntimeError(f"there is no room for {series}")
        self._used += count
        self._layout = zlib.crc32(f"{series} {count}\n".encode(), self._layout)
        if momentary:
            self._momentary += range(first, first + count)
        return first

    def share(self, processes: int) -> None:
        """Make blocks for so many processes. Before they are forked."""
        memory: memoryview[float] = memoryview(mmap.mmap(-1, processes * _CAPACITY * _BYTES)).cast(
            "d"
        )
        self._blocks = [
            memory[place * _CAPACITY : (place + 1) * _CAPACITY] for place in range(processes)
        ]

    def become(self, place: int) -> None:
        """Count in the block of this place from now on, once all series are declared."""
        self._place, self.own = place, self._blocks[place]
        if self.own[_LAYOUT] != self._layout:
            for cell in range(_FIRST, self._used):
                self.own[cell] = 0.0
        for cell in self._momentary:
            self.own[cell] = 0.0
        self.own[_LAYOUT] = self._layout

    def add(self, cell: int, amount: float) -> None:
        """Add to a cell of this process."""
        with self.lock:
            self.own[cell] += amount

    def of_processes(self) -> dict[int, list[float]]:
        """The numbers of each process, by its place."""
        found = {}
        for place, block in enumerate(self._blocks):
            if place == self._place or block[_LAYOUT] == self._layout:
                found[place] = list(block[: self._used])
        return found


cells = Cells()


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the text: what is added to the family's name, labels, value."""

    value: float
    labels: Sequence[tuple[str, str]] = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples under one name. `kind` is `counter`, `gauge` or `histogram`."""

    name: str
    kind: str
    about: str
    samples: Sequence[Sample]


class Counter:
    """What only grows: one number, or one for each of a label's known values."""

    def __init__(self, name: str, about: str, label: str = "", values: Sequence[str] = ()) -> None:
        self._name, self._about, self._label = name, about, label
        self._cells = {value: cells.take(f"{name} {value}") for value in values or ("",)}
        _declared.append(self._family)

    def add(self, amount: int = 1, value: str = "") -> None:
        """Count. Raises `KeyError` for a value that is not known."""
        cells.add(self._cells[value], amount)

    def _family(self, processes: dict[int, list[float]]) -> Family:
        samples = [
            Sample(
                sum(numbers[cell] for numbers in processes.values()),
                [(self._label, value)] if value else (),
            )
            for value, cell in self._cells.items()
        ]
        return Family(self._name, "counter", self._about, samples)


class Gauge:
    """What is so of each process at the moment: read once a second, shown by process."""

    def __init__(self, name: str, about: str, *, kind: str = "gauge") -> None:
        self._name, self._about, self._kind = name, about, kind
        self._cell = cells.take(name, momentary=True)
        self._read: Callable[[], float] | None = None
        _declared.append(self._family)
        _gauges.append(self)

    def read_from(self, read: Callable[[], float]) -> None:
        """Ask this from now on."""
        self._read = read

    def publish(self) -> None:
        """Write down what is so now. What the system does not tell just now stays as it was."""
        if self._read is not None:
            with suppress(OSError):
                cells.own[self._cell] = self._read()

    def _family(self, processes: dict[int, list[float]]) -> Family:
        samples = [
            Sample(numbers[self._cell], [("process", str(place))])
            for place, numbers in processes.items()
        ]
        return Family(self._name, self._kind, self._about, samples)


_declared: list[Callable[[dict[int, list[float]]], Family]] = []
_gauges: list[Gauge] = []


def declare(family: Callable[[dict[int, list[float]]], Family]) -> None:
    """Add a family that is made of the processes' numbers when somebody asks."""
    _declared.append(family)


_PUBLISH_SECONDS = 1.0
_next_publish = 0.0


def publish(*, at_once: bool = False) -> None:
    """Let the siblings know this process's gauges; called often, done once a second."""
    global _next_publish  # noqa: PLW0603 - one clock of the process
    now = time.monotonic()
    if at_once or now >= _next_publish:
        _next_publish = now + _PUBLISH_SECONDS
        for gauge in _gauges:
            gauge.publish()


def families() -> Iterator[Family]:
    """All that was declared, of all processes."""
    publish(at_once=True)
    processes = cells.of_processes()
    for make in _declared:
        yield make(processes)


def text(shown: Iterator[Family]) -> str:
    """The families in Prometheus' text format, version 0.0.4."""
    lines = []
    for family in shown:
        if family.samples:
            lines += [f"# HELP {family.name} {family.about}", f"# TYPE {family.name} {family.kind}"]
            lines += [_line(family.name + sample.suffix, sample) for sample in family.samples]
    return "\n".join(lines) + "\n"


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels)
    return f"{name}{{{labels}}} {sample.value!r}" if labels else f"{name} {sample.value!r}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
