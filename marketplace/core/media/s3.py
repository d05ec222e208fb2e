"""Files in a bucket of an S3-compatible server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from typing import TypeVar

import urllib3
from minio import Minio
from minio.error import S3Error

from marketplace.core.deadlines import NoRoom, Room
from marketplace.core.media.storage import Stored, checked, unavailable
from marketplace.settings_media import Bucket

log = logging.getLogger(__name__)

R = TypeVar("R")

CACHE_CONTROL = "public, max-age=31536000, immutable"
CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
# A bucket that is well answers sooner, so a place is free soon.
PATIENCE_SECONDS = 0.5
MAX_BYTES = 1024 * 1024
_MISSING = "NoSuchKey"


def client_of(bucket: Bucket, *, read_seconds: float, retries: int) -> Minio:
    """A client of the bucket's server."""
    client = Minio(
        bucket.endpoint,
        access_key=bucket.access_key,
        secret_key=bucket.secret_key,
        secure=bucket.secure,
        # Said, or the library would ask for it before each first request.
        region=bucket.region,
        http_client=urllib3.PoolManager(
            maxsize=8,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            retries=urllib3.Retry(total=retries, redirect=0),
        ),
    )
    client.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
    return client


class S3Storage:
    """Addresses name the bucket in the path, which every server understands."""

    def __init__(self, bucket: Bucket, room: Room) -> None:
        self._room = room
        self._bucket = bucket.name
        # A caller waits: one who must ask again is told so at once.
        self._client = client_of(bucket, read_seconds=READ_SECONDS, retries=0)

    def put(self, name: str, data: bytes, content_type: str) -> None:
        checked(name)
        headers = {"Cache-Control": CACHE_CONTROL, "Content-Disposition": "inline"}
        self._call(
            lambda: self._client.put_object(
                self._bucket,
                name,
                BytesIO(data),
                len(data),
                content_type=content_type,
                metadata=headers,  # type: ignore[arg-type]
            )
        )

    def get(self, name: str) -> bytes | None:
        checked(name)
        return self._call(lambda: self._get(name))

    def delete(self, name: str) -> None:
        checked(name)
        self._call(lambda: self._client.remove_object(self._bucket, name))

    def page(self, prefix: str, *, after: str, limit: int) -> list[Stored]:
        def listed() -> list[Stored]:
            objects = self._client.list_objects(
                self._bucket, prefix=f"{prefix}/", recursive=True, start_after=after or None
            )
            return [
                Stored(each.object_name, each.last_modified)
                for each in islice(objects, limit)
                if each.object_name and each.last_modified
            ]

        return self._call(listed)

    def _get(self, name: str) -> bytes | None:
        try:
            response = self._client.get_object(self._bucket, name, length=MAX_BYTES)
        except S3Error as error:
            if error.code == _MISSING:
                return None
            raise
        try:
            data: bytes = response.read()
            return data
        finally:
            response.close()
            response.release_conn()

    def _call(self, act: Callable[[], R]) -> R:
        try:
            with self._room.place(PATIENCE_SECONDS):
                return act()
        except NoRoom as error:
            raise unavailable() from error
        except Exception as error:
            # Whatever a server can make of its answers, down to the XML parser's own errors. Words
            # may hold the address with the key's name: the kind says enough.
            kind = error.code if isinstance(error, S3Error) else type(error).__name__
            log.error("the bucket does not serve: %s", kind)  # noqa: TRY400 - no traceback
            raise unavailable() from error
