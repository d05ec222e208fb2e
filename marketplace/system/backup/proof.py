"""Whether a backup is one: restored beside the present database, counted, asked by the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from marketplace.core.database import release
from marketplace.system import checks, readiness
from marketplace.system.backup import archive
from marketplace.system.backup.archive import Manifest
from marketplace.system.backup.engines import Scratch
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.work import Workshop


def verify(shop: Workshop, name: str, now: datetime) -> tuple[Manifest, list[str]]:
    """What a backup says of itself, and what the doctor finds wrong with it. Raises `BackupError`
    for one that is not what was written.
    """
    with shop.folder(now) as place, shop.opened(name, place) as path:
        return of_archive(shop, path, place, now)


def of_archive(
    shop: Workshop, path: Path, place: Path, now: datetime
) -> tuple[Manifest, list[str]]:
    """The same of a plain archive; `place` is for its files."""
    manifest = checked_manifest(shop, path)
    with restored_beside(shop, path, manifest, place) as scratch:
        return manifest, doctored(shop, scratch, now)


def checked_manifest(shop: Workshop, path: Path) -> Manifest:
    """The manifest of an archive whose every bit is as it was written, and whose migration this
    code knows. Raises `BackupError`.
    """
    with shop.bar("Comparing the seal") as show:
        archive.check_seal(path, show)
    manifest = archive.read_manifest(path)
    if not readiness.knows(str(manifest.revision)):
        raise BackupError(
            f"The backup is of migration {manifest.revision}, which this code does not know: use "
            "the version that made it, or a later one."
        )
    return manifest


@contextmanager
def restored_beside(
    shop: Workshop, path: Path, manifest: Manifest, place: Path, *, beside: Path | None = None
) -> Iterator[Scratch]:
    """The backup as a database of its own, in `beside` if it is a file, with every row that was
    counted. Raises `BackupError`.
    """
    engine = shop.engine(manifest.kind)
    dump = archive.unpack(path, manifest, engine.part, place)
    with ExitStack() as stack:
        with shop.bar("Restoring the database") as show:
            made = engine.scratch(dump, manifest.locale, beside or place, show)
            scratch = stack.enter_context(made)
        dump.unlink()
        with shop.bar("Counting rows") as show:
            rows = engine.rows(scratch, show)
        if rows != manifest.rows:
            raise BackupError(f"Rows are missing or too many: {_differences(rows, manifest.rows)}.")
        yield scratch


def _differences(found: dict[str, int], counted: dict[str, int]) -> str:
    tables = sorted(found.keys() | counted.keys())
    return ", ".join(
        f"{table} {found.get(table, 'none')} of {counted.get(table, 'none')}"
        for table in tables
        if found.get(table) != counted.get(table)
    )


def doctored(shop: Workshop, scratch: Scratch, now: datetime) -> list[str]:
    """What the doctor finds, once an older backup is brought to the present migration."""
    with shop.bar("Asking the doctor") as show, shop.on_database(scratch.url) as upgrade:
        try:
            behind = readiness.database_revision() != readiness.head_revision()
            release()
            if behind:
                upgrade()
            found = checks.faults(now, journal=None)
        except DBAPIError as error:
            told = str(error.orig).strip().partition("\n")[0]
            raise BackupError(f"The restored database cannot be used: {told}.") from error
        show(1, 1)
    return found
