"""What backups need of a database, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Show = Callable[[int, int], None]

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class Snapshot:
    """The database at one moment, while it is open. `rows` counts each table, `dump` writes a file;
    both see that moment, whatever is written meanwhile.
    """

    revision: str | None
    server: str
    rows: Callable[[Show], dict[str, int]]
    dump: Callable[[Path, Show], None]
    locale: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scratch:
    """A database beside the present one, gone at the end unless it was put in its place."""

    url: str = field(repr=False)
    name: str


class Engine(Protocol):
    """Raises `BackupError` in words for whatever cannot be done."""

    kind: str
    part: str

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The present database at this moment."""

    def scratch(
        self, dump: Path, locale: dict[str, str], place: Path, show: Show
    ) -> AbstractContextManager[Scratch]:
        """A dump restored beside the present database; files of it go to `place`."""

    def rows(self, scratch: Scratch, show: Show) -> dict[str, int]:
        """How many rows each table of it has."""

    def place_beside(self, place: Path) -> Path:
        """Where `scratch` must have its files to be put in place at once; `place` if it has none
        that matter.
        """

    def holds_data(self) -> bool:
        """Whether any table of the present database has a row."""

    def require_alone(self) -> None:
        """Raises `BackupError` while anybody is connected to the present database."""

    def put_in_place(self, scratch: Scratch, stamp: str) -> str | None:
        """Have it take the present database's place, in one step; where the former is kept now, if
        there was one.
        """


def quoted(name: str) -> str:
    """A name of a table or a database for a statement."""
    return '"' + name.replace('"', '""') + '"'
