"""Making backups and throwing old ones away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from marketplace.core.media import FOLDER
from marketplace.system.backup import encryption, media_files, proof, rotation
from marketplace.system.backup.archive import Manifest, Writer
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.targets import Kept
from marketplace.system.backup.work import Workshop

LATEST = "latest"


@dataclass(frozen=True)
class Made:
    """A backup just made; `faults` are the doctor's, where it was asked."""

    name: str
    size: int
    manifest: Manifest
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What `run` did: the backup and the names of those that were thrown away for it."""

    made: Made
    removed: list[str]


def run(shop: Workshop, now: datetime) -> Outcome:
    """Make a backup, prove it and throw away what is old; nothing is thrown away for a backup that
    is not proved. Raises `BackupError`.
    """
    if encryption.can_decrypt(shop.settings.backup):
        made = create(shop, now)
        manifest, faults = proof.verify(shop, made.name, now)
        made = Made(made.name, made.size, manifest, faults)
    else:
        # Who holds a public key alone cannot read it afterwards.
        made = create(shop, now, prove=partial(proof.of_archive, shop))
    return Outcome(made, [] if made.faults else rotate(shop))


def create(
    shop: Workshop,
    now: datetime,
    *,
    prove: Callable[[Path, Path, datetime], tuple[Manifest, list[str]]] | None = None,
) -> Made:
    """Make a backup of database and media; with `prove` it is proved before it is encrypted, and
    what is stored compared. Raises `BackupError`.
    """
    suffix = encryption.suffix(shop.settings.backup)
    name = rotation.name_of(now, suffix)
    with shop.folder(now) as place:
        finished = place / "backup.tar"
        manifest = _write(shop, finished, place, now)
        faults = prove(finished, place, now)[1] if prove else []
        if suffix:
            plain, finished = finished, place / f"backup.tar{suffix}"
            with shop.bar("Encrypting it") as show:
                encryption.encrypt(plain, finished, shop.settings.backup)
                show(1, 1)
            plain.unlink()
        finished.chmod(0o600)
        size = finished.stat().st_size
        digest = _digest(finished) if prove else ""
        with shop.bar("Storing it") as show:
            shop.target.put(finished, name, show)
        if prove:
            with shop.bar("Comparing what is stored") as show:
                stored = shop.target.fetch(name, place, show)
            if _digest(stored) != digest:
                raise BackupError(f"{name} is not stored as it was made.")
    return Made(name, size, manifest, faults)


def _write(shop: Workshop, path: Path, place: Path, now: datetime) -> Manifest:
    engine = shop.engine(shop.url.get_backend_name())
    settings, bucket = shop.settings, shop.settings.media.bucket
    dump = place / engine.part
    known: set[str] = set()
    try:
        with path.open("xb") as file:
            archive = Writer(file, now)
            add_media = partial(
                media_files.add_new, settings.instance_path / FOLDER, known, archive
            )
            if bucket is None:
                with shop.bar("Copying media") as show:
                    add_media(show)
            with engine.snapshot() as snapshot:
                if snapshot.revision is None:
                    raise BackupError("The database is empty: there is nothing to back up.")
                if bucket is None:
                    add_media(lambda _done, _total: None)
                with shop.bar("Copying the database") as show:
                    snapshot.dump(dump, show)
                with shop.bar("Counting rows") as show:
                    rows = snapshot.rows(show)
            archive.add_part(engine.part, dump)
            dump.unlink()
            return archive.finish(
                kind=engine.kind,
                revision=snapshot.revision,
                server=snapshot.server,
                locale=snapshot.locale,
                rows=rows,
                media_bucket=bucket and bucket.name,
            )
    except OSError as error:
        raise BackupError(f"The backup cannot be written: {error.strerror}.") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rotate(shop: Workshop) -> list[str]:
    """Throw away the backups that are not to be kept; their names."""
    made = {each.name: rotation.moment_of(each.name) for each in shop.target.backups()}
    kept = rotation.kept(moment for moment in made.values() if moment)
    removed = [name for name, moment in made.items() if moment not in kept]
    for name in removed:
        shop.target.remove(name)
    return removed


def named(shop: Workshop, name: str) -> str:
    """The name of a backup; `latest` is the newest there is. Raises `BackupError`."""
    if name == LATEST:
        found: list[Kept] = shop.target.backups()
        if not found:
            raise BackupError("There is no backup yet.")
        return found[0].name
    if rotation.moment_of(name) is None:
        raise BackupError(f"{name} is not the name of a backup: flask backup list.")
    return name
