"""What each serving process takes of the machine."""

from __future__ import annotations

import os
import time
from pathlib import Path

from marketplace.core.metrics import Gauge

_MEMORY = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")
_births: dict[int, float] = {}


def _cpu_seconds() -> float:
    return time.process_time()


def _started() -> float:
    # Asked of a forked process it is another one's.
    return _births.setdefault(os.getpid(), time.time())


def _memory_bytes() -> float:
    resident = int(_MEMORY.read_text(encoding="ascii").split()[1])
    return float(resident * os.sysconf("SC_PAGE_SIZE"))


def _descriptors() -> float:
    return float(sum(1 for _ in _DESCRIPTORS.iterdir()))


_cpu = Gauge(
    "marketplace_process_cpu_seconds_total",
    "Processor time of each process, by its place.",
    kind="counter",
)
_start = Gauge("marketplace_process_start_time_seconds", "When each process began, since 1970.")
_memory = Gauge("marketplace_process_resident_memory_bytes", "Memory of each process (Linux).")
_files = Gauge("marketplace_process_open_fds", "Open files and sockets of each process (Linux).")


def watch() -> None:
    """Tell these of this process from now on."""
    _cpu.read_from(_cpu_seconds)
    _start.read_from(_started)
    # Elsewhere reading fails with OSError, and the number stays 0.
    _memory.read_from(_memory_bytes)
    _files.read_from(_descriptors)
