"""Files that people see: kept by name behind one small interface, in a folder or in a bucket.

A name is used once and its file never changes, so it may be remembered for ever.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from flask import Flask, current_app

from marketplace.core.deadlines import NoRoom, Room
from marketplace.core.media.local import LocalStorage
from marketplace.core.media.storage import Storage, Stored, unavailable
from marketplace.settings import Settings
from marketplace.settings_media import media_address

__all__ = ["Storage", "Stored", "configure", "place_to_wait", "storage", "unavailable", "url_of"]

FOLDER = "media"
PATIENCE_SECONDS = 0.5


def configure(app: Flask, settings: Settings, room: Room) -> None:
    """Choose the storage by the settings; whoever waits for it or for the scanner takes a place."""
    app.extensions["marketplace_media"] = _storage(settings, room)
    app.extensions["marketplace_media_room"] = room
    address = media_address(settings.media, settings.public_url)
    app.extensions["marketplace_media_address"] = address


def _storage(settings: Settings, room: Room) -> Storage:
    if settings.media.bucket is None:
        return LocalStorage(settings.instance_path / FOLDER)
    # The library weighs megabytes, which a process without a bucket need not hold.
    from marketplace.core.media.s3 import S3Storage  # noqa: PLC0415

    return S3Storage(settings.media.bucket, room)


def storage() -> Storage:
    """The present application's storage."""
    kept: Storage = current_app.extensions["marketplace_media"]
    return kept


@contextmanager
def place_to_wait() -> Generator[None]:
    """A place to wait for another service in. Raises 503 when there is none."""
    room: Room = current_app.extensions["marketplace_media_room"]
    try:
        with room.place(PATIENCE_SECONDS):
            yield
    except NoRoom as error:
        raise unavailable() from error


def url_of(name: str) -> str:
    """Where people fetch a file."""
    return f"{current_app.extensions['marketplace_media_address']}/{name}"
