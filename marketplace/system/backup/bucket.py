"""Backups in a bucket of an S3-compatible server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from marketplace.core.media.s3 import client_of
from marketplace.settings_media import Bucket
from marketplace.system.backup.engines import Show
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.rotation import PREFIX, moment_of
from marketplace.system.backup.targets import Kept

_READ_SECONDS = 60.0
_RETRIES = 3
# A piece is held in memory; 10,000 of them make 160 GB.
_PART_BYTES = 16 * 1024 * 1024
_CHUNK = 1 << 20
_MISSING = ("NoSuchKey", "NoSuchBucket")


@dataclass
class _Told:
    """A file whose reading is shown."""

    file: IO[bytes]
    size: int
    show: Show

    def read(self, size: int) -> bytes:
        data = self.file.read(size)
        self.show(self.file.tell(), self.size)
        return data


class BucketTarget:
    """A bucket that holds backups, under their names."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket.name
        self._client = client_of(bucket, read_seconds=_READ_SECONDS, retries=_RETRIES)

    def backups(self) -> list[Kept]:
        with self._words():
            found = [
                Kept(each.object_name, each.size or 0)
                for each in self._client.list_objects(self._bucket, prefix=PREFIX)
                if each.object_name and moment_of(each.object_name)
            ]
        return sorted(found, key=lambda each: each.name, reverse=True)

    def put(self, path: Path, name: str, show: Show) -> None:
        size = path.stat().st_size
        if any(each.name == name for each in self.backups()):
            raise BackupError(f"There is a backup {name} already.")
        with self._words(), path.open("rb") as file:
            self._client.put_object(
                *(self._bucket, name, cast("BinaryIO", _Told(file, size, show)), size),
                part_size=_PART_BYTES,
            )
        path.unlink()

    def fetch(self, name: str, place: Path, show: Show) -> Path:
        path, done = place / name, 0
        with self._words(name):
            answer = self._client.get_object(self._bucket, name)
            try:
                total = int(answer.headers.get("Content-Length", 0))
                with path.open("xb") as file:
                    for data in answer.stream(_CHUNK):
                        done += file.write(data)
                        show(done, max(done, total))
            finally:
                answer.close()
                answer.release_conn()
        return path

    def remove(self, name: str) -> None:
        with self._words():
            self._client.remove_object(self._bucket, name)

    @contextmanager
    def _words(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except (MinioException, HTTPError, OSError, ValueError) as error:
            kind = error.code if isinstance(error, S3Error) else type(error).__name__
            if name and kind == _MISSING[0]:
                raise BackupError(f"There is no backup {name} in {self._bucket}.") from error
            # Words may hold the address with the key's name: the kind says enough.
            raise BackupError(f"The bucket {self._bucket} does not serve: {kind}.") from error
