"""The file of a backup: a tar that any `tar` reads, closed by a seal.

Media first, then the database, then `manifest.json` with the digests of both, then the seal: a last
member that holds the SHA-256 of all bytes before it. The seal's own bytes follow from the digest
alone, so no bit anywhere can be turned and no byte be missing without its being seen.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from marketplace.core.clock import wire_moment
from marketplace.core.media.storage import is_name
from marketplace.system.backup.programs import BackupError

FORMAT = 1
MEDIA = "media"
_MANIFEST = "manifest.json"
_SEAL = "seal.sha256"
_BLOCK = 512
_CHUNK = 1 << 20
_MAX_MANIFEST = 1 << 24

Show = Callable[[int, int], None]


@dataclass(frozen=True)
class Part:
    """What is in the archive under one name, or of media under all their names together."""

    sha256: str
    bytes: int
    files: int = 1


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `rows` are counted in the very snapshot that was dumped;
    `media_bucket` names where media are that are not in it.
    """

    created_at: str
    kind: str
    revision: str | None
    server: str
    locale: dict[str, str]
    rows: dict[str, int]
    parts: dict[str, Part]
    media_bucket: str | None = None
    format: int = FORMAT

    @property
    def media_files(self) -> int:
        return self.parts[MEDIA].files


class _Digest:
    """A digest of files one after another, each with its name and length."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._bytes = self._files = 0

    def begin(self, name: str, size: int) -> None:
        self._hash.update(f"{name}\0{size}\0".encode())
        self._files += 1

    def update(self, data: bytes) -> None:
        self._hash.update(data)
        self._bytes += len(data)

    def part(self) -> Part:
        return Part(self._hash.hexdigest(), self._bytes, self._files)


@dataclass
class _Hashed:
    """A file that is hashed while it is written, or while it is read."""

    file: IO[bytes]
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self.file.write(data)

    def read(self, size: int = -1, /) -> bytes:
        data = self.file.read(size)
        self.digest.update(data)
        return data

    def tell(self) -> int:
        return self.file.tell()


class Writer:
    """Writes an archive into an open file."""

    def __init__(self, file: IO[bytes], moment: datetime) -> None:
        self._file = _Hashed(file)
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w")  # type: ignore[arg-type]
        self._moment = moment.replace(microsecond=0)
        self._media = _Digest()
        self._parts: dict[str, Part] = {}

    def add_media(self, name: str, file: IO[bytes], size: int) -> None:
        self._media.begin(name, size)
        self._add(f"{MEDIA}/{name}", _Hashed(file, self._media), size)

    def add_part(self, name: str, path: Path) -> None:
        digest = hashlib.sha256()
        size = path.stat().st_size
        with path.open("rb") as file:
            self._add(name, _Hashed(file, digest), size)
        self._parts[name] = Part(digest.hexdigest(), size)

    def finish(self, **about: Any) -> Manifest:
        """Write the manifest, of which `about` is what is not a digest, and the seal."""
        manifest = Manifest(
            created_at=wire_moment(self._moment),
            parts={MEDIA: self._media.part(), **self._parts},
            **about,
        )
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
        self._add(_MANIFEST, _Bytes(text), len(text))
        self._file.file.write(_seal(self._file.digest.hexdigest()))
        return manifest

    def _add(self, name: str, file: Any, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        member.mtime = int(self._moment.timestamp())
        self._tar.addfile(member, file)


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


def _seal(digest: str) -> bytes:
    member = tarfile.TarInfo(_SEAL)
    member.size, member.mode = len(digest), 0o600
    body = digest.encode().ljust(_BLOCK, b"\0")
    return member.tobuf(tarfile.USTAR_FORMAT) + body + bytes(2 * _BLOCK)


def check_seal(path: Path, show: Show) -> None:
    """Raises `BackupError` unless the file is what was written, to the last bit."""
    length = len(_seal("0" * 64))
    whole = path.stat().st_size
    left = whole - length
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (data := file.read(min(left, _CHUNK))):
            digest.update(data)
            left -= len(data)
            show(file.tell(), whole)
        if left != 0 or file.read() != _seal(digest.hexdigest()):
            raise BackupError("The archive is damaged or cut off: its seal does not fit.")


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError, KeyError, ValueError, TypeError) as error:
        raise BackupError(f"The archive cannot be read: {error}.") from error


def read_manifest(path: Path) -> Manifest:
    """The manifest of a sealed archive. Raises `BackupError` for one this code cannot read."""
    with _opened(path) as tar:
        member = tar.getmember(_MANIFEST)
        file = tar.extractfile(member)
        if file is None or member.size > _MAX_MANIFEST:
            raise BackupError("The archive has no manifest.")
        told = json.loads(file.read())
        if told["format"] != FORMAT:
            raise BackupError(f"The archive is of format {told['format']}, this code reads 1.")
        told["parts"] = {name: Part(**part) for name, part in told["parts"].items()}
        return Manifest(**told)


def unpack(path: Path, manifest: Manifest, part: str, place: Path) -> Path:
    """Write the database's part into a folder, and compare it and the media with the manifest.
    Where it is now. Raises `BackupError`.
    """
    found, dump = _Digest(), place / part
    with _opened(path) as tar:
        for member, file in _files(tar):
            if member.name == part:
                digest = hashlib.sha256()
                source: IO[bytes] = _Hashed(file, digest)  # type: ignore[assignment]
                with dump.open("xb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
                _compare(part, Part(digest.hexdigest(), member.size), manifest)
            elif name := _media_name(member):
                found.begin(name, member.size)
                while data := file.read(_CHUNK):
                    found.update(data)
    _compare(MEDIA, found.part(), manifest)
    if not dump.exists():
        raise BackupError("The archive holds no database.")
    return dump


def media_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """The media of an archive that was compared with its manifest."""
    with _opened(path) as tar:
        for member, file in _files(tar):
            if name := _media_name(member):
                yield name, file.read()


def _files(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in tar:
        file = tar.extractfile(member)
        if file is None:
            raise BackupError(f"The archive holds {member.name!r}, which is no file.")
        yield member, file


def _media_name(member: tarfile.TarInfo) -> str | None:
    name = member.name.removeprefix(f"{MEDIA}/")
    if name == member.name:
        return None
    if not is_name(name):
        raise BackupError(f"The archive holds a file with the name {name!r}.")
    return name


def _compare(name: str, found: Part, manifest: Manifest) -> None:
    if manifest.parts.get(name) != found:
        raise BackupError(f"What the archive holds as {name} is not what its manifest says.")
