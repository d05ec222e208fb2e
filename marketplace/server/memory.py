"""Giving memory back to the system (Linux with glibc; elsewhere nothing is done)."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_THRESHOLD_BYTES = 1 << 20
_ARENAS = 2


def hold_little() -> None:
    """Let threads share heaps, and map every block of 1 MiB or more on its own.

    By default glibc gives each thread a heap, whose free parts no other uses, and raises that
    threshold to the largest block seen, so that each keeps the 19 MiB of its last password hash.
    """
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
    except (OSError, AttributeError, TypeError):
        return
