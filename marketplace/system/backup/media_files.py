"""The folder of media, read for a backup while people replace their photos."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from marketplace.core.media.storage import is_name
from marketplace.system.backup.archive import Writer
from marketplace.system.backup.engines import Show

_DRAFT = ".part"


def add_new(folder: Path, known: set[str], archive: Writer, show: Show) -> None:
    """Add the files that are not `known`, and note them there.

    Called before the database's snapshot is taken and again right after it: a file is written
    before the row that names it and removed after, so what the snapshot names is in one of the two.
    """
    names = [name for name in _names(folder) if name not in known]
    for done, name in enumerate(names, 1):
        with suppress(FileNotFoundError), (folder / name).open("rb") as file:
            archive.add_media(name, file, os.fstat(file.fileno()).st_size)
            known.add(name)
        show(done, len(names))


def _names(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            name = (Path(place) / file).relative_to(folder).as_posix()
            if is_name(name) and not name.endswith(_DRAFT):
                yield name
