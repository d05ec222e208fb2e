"""The archive of a backup: what any `tar` reads, and no bit of which can be turned unseen."""

from __future__ import annotations

import subprocess
import tarfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from marketplace.system.backup import archive
from marketplace.system.backup.archive import Manifest, Writer, check_seal, read_manifest, unpack
from marketplace.system.backup.programs import BackupError

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
PHOTO = "avatars/ab/0123-512.webp"
PART = "database.dump"


def show(_done: int, _total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    dump = tmp_path / PART
    dump.write_bytes(b"all of it" * 100)
    made = tmp_path / "backup.tar"
    with made.open("wb") as file:
        write(Writer(file, NOW), dump, PHOTO)
    dump.unlink()
    return made


def write(writer: Writer, dump: Path, photo: str) -> Manifest:
    writer.add_media(photo, BytesIO(b"picture"), 7)
    writer.add_part(PART, dump)
    return writer.finish(kind="postgresql", revision="1", server="15", locale={}, rows={"users": 2})


def test_what_was_written_is_read(path: Path, tmp_path: Path) -> None:
    check_seal(path, show)
    manifest = read_manifest(path)

    dump = unpack(path, manifest, PART, tmp_path)

    assert dump.read_bytes() == b"all of it" * 100
    assert list(archive.media_of(path)) == [(PHOTO, b"picture")]
    assert (manifest.created_at, manifest.rows) == ("2026-11-25T03:00:00Z", {"users": 2})
    assert manifest.media_files == 1


def test_any_tar_lists_it(path: Path) -> None:
    listed = subprocess.run(["tar", "-tf", path], capture_output=True, text=True, check=True)

    assert listed.stdout.split() == [f"media/{PHOTO}", PART, "manifest.json", "seal.sha256"]
    assert listed.stderr == ""


def test_no_bit_can_be_turned(path: Path) -> None:
    whole = path.read_bytes()
    assert len(whole) < 10_000

    for number in range(0, len(whole), 7):  # which comes to each of the eight bits in turn
        spoilt = bytearray(whole)
        spoilt[number] ^= 1 << number % 8
        path.write_bytes(spoilt)
        with pytest.raises(BackupError, match="damaged or cut off"):
            check_seal(path, show)


def test_it_cannot_be_cut_off_or_grow(path: Path) -> None:
    whole = path.read_bytes()

    for changed in (*(whole[:length] for length in range(0, len(whole), 97)), whole + b"\0"):
        path.write_bytes(changed)
        with pytest.raises(BackupError, match="damaged or cut off"):
            check_seal(path, show)


def test_a_part_that_its_manifest_does_not_know_is_told(path: Path, tmp_path: Path) -> None:
    manifest = read_manifest(path)
    path.write_bytes(path.read_bytes().replace(b"picture", b"pictura"))

    with pytest.raises(BackupError, match="holds as media is not what its manifest says"):
        unpack(path, manifest, PART, tmp_path)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.webp", "/etc/passwd", "avatars/ab/.x.webp"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    dump, made = tmp_path / PART, tmp_path / "backup.tar"
    dump.write_bytes(b"x")
    with made.open("wb") as file:
        manifest = write(Writer(file, NOW), dump, name)
    dump.unlink()

    with pytest.raises(BackupError, match="a file with the name"):
        unpack(made, manifest, PART, tmp_path)
    with pytest.raises(BackupError, match="a file with the name"):
        list(archive.media_of(made))


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    manifest = read_manifest(path)
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo(PART)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)

    with pytest.raises(BackupError, match="cannot be read"):
        unpack(path, manifest, PART, tmp_path)


def test_another_format_is_refused_in_words(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 9'))

    with pytest.raises(BackupError, match="format 9, this code reads 1"):
        read_manifest(path)
