"""CPU time and memory of process trees, as the kernel counts them in /proc."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the name's closing parenthesis, counted from zero.
PARENT, USER_TIME, SYSTEM_TIME, CHILDREN_USER_TIME, CHILDREN_SYSTEM_TIME = 1, 11, 12, 13, 14


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def tree(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields is not None:
            children.setdefault(int(fields[PARENT]), []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time, with that of children which ended and were waited for."""
    ticks = 0
    for pid in pids:
        fields = _stat(pid)
        if fields is not None:
            ticks += sum(
                int(fields[at])
                for at in (USER_TIME, SYSTEM_TIME, CHILDREN_USER_TIME, CHILDREN_SYSTEM_TIME)
            )
    return ticks * TICK_SECONDS


def cpu_of_first_threads(pids: Iterable[int]) -> float:
    """Seconds on a processor, to the nanosecond, of processes that have one thread each."""
    spent = 0
    for pid in pids:
        try:
            spent += int((PROC / str(pid) / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return spent / 1_000_000_000


def peak_resident_megabytes(pids: Iterable[int]) -> float:
    """The largest resident memory any one of the processes ever had."""
    peak = 0
    for pid in pids:
        try:
            status = (PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        peak = max(peak, int(match.group(1)) if match else 0)
    return peak / 1024


def postgresql_backends(database: str) -> frozenset[int]:
    """The backends that serve the database, known by their process titles."""
    title = re.compile(rf"^postgres: (?:.* )?{re.escape(database)} ")
    found = set()
    for pid in _pids():
        try:
            line = (PROC / str(pid) / "cmdline").read_bytes()
        except OSError:
            continue
        if title.match(line.decode("utf-8", "replace").replace("\0", " ")):
            found.add(pid)
    return frozenset(found)
