"""Bringing a backup back: beside the present database first, then in its place in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from marketplace.auth import privacy
from marketplace.core import audit, media
from marketplace.core.database import database, release, transactional
from marketplace.system.backup import archive, proof, rotation
from marketplace.system.backup.archive import Manifest
from marketplace.system.backup.engines import Scratch
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.work import Workshop

_CONTENT_TYPE = "image/webp"


@dataclass(frozen=True)
class Restored:
    """What came of it: where the former database is kept, if there was one, how many media were
    missing and are back, how many people were erased again; `faults` are the doctor's, and with
    any that were not to be accepted nothing was changed.
    """

    manifest: Manifest
    faults: list[str]
    done: bool = False
    former: str | None = None
    media: int = 0
    erased: int = 0


def restore(
    shop: Workshop,
    name: str,
    now: datetime,
    *,
    overwrite: bool,
    accept: Callable[[list[str]], bool],
    actor: str,
) -> Restored:
    """Put a backup in the present database's place, all of it or nothing. Whoever was erased since
    is erased from it before anybody can see it. `accept` is asked about the doctor's faults.

    Raises `BackupError`: for a backup that is not what was written or of another kind of database,
    while the present one is in use, and when it holds data and is not to be overwritten.
    """
    engine = shop.engine(shop.url.get_backend_name())
    # This process counts as somebody who uses it, too.
    release()
    database.engine().dispose()
    if engine.holds_data() and not overwrite:
        raise BackupError(
            "The present database holds data. With --yes it is put aside and kept, and the "
            "backup takes its place."
        )
    engine.require_alone()
    with shop.folder(now) as place, shop.opened(name, place) as path:
        manifest = proof.checked_manifest(shop, path)
        if manifest.kind != engine.kind:
            raise BackupError(f"This is a backup of {manifest.kind}, not of {engine.kind}.")
        beside = engine.place_beside(place)
        with proof.restored_beside(shop, path, manifest, place, beside=beside) as scratch:
            faults = proof.doctored(shop, scratch, now)
            if faults and not accept(faults):
                return Restored(manifest, faults)
            with shop.bar("Restoring media") as show, shop.on_database(scratch.url):
                # Kept under names that are never used twice: what is here is the same or newer.
                back = 0
                for done, (file, data) in enumerate(archive.media_of(path), 1):
                    if media.storage().get(file) is None:
                        media.storage().put(file, data, _CONTENT_TYPE)
                        back += 1
                    show(done, manifest.media_files)
            erased = _finish(shop, scratch, name, actor, now)
            former = engine.put_in_place(scratch, rotation.stamp(now))
    return Restored(manifest, faults, done=True, former=former, media=back, erased=erased)


def _finish(shop: Workshop, scratch: Scratch, name: str, actor: str, now: datetime) -> int:
    with shop.on_database(scratch.url):
        erased = privacy.replay(shop.settings.erasure_journal, actor=actor, now=now)
        _note(name, actor, now)
    return erased


@transactional
def _note(name: str, actor: str, now: datetime) -> None:
    audit.record("backup.restore", "database", 0, actor=actor, now=now, name=name)
