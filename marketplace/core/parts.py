"""What later features hand forward to earlier ones (design, "One way"). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Parts(Generic[Part]):
    """The parts of one kind, in the order they were handed in; one handed in again is there once.

    Called to register a part, walked to let them all act.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []

    def __call__(self, part: Part) -> None:
        if part not in self._parts:
            self._parts.append(part)

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)
