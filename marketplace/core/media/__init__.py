"""Files that people see: kept by name behind one small interface, in a folder or in a bucket.

A name is used once and its file never changes, so it may be remembered for ever.
"""

from __future__ import annotations

from flask import Flask, current_app

from marketplace.core.media.local import LocalStorage
from marketplace.core.media.storage import Storage, Stored, unavailable
from marketplace.settings import Settings
from marketplace.settings_media import media_address

__all__ = ["Storage", "Stored", "configure", "storage", "unavailable", "url_of"]

FOLDER = "media"


def configure(app: Flask, settings: Settings) -> None:
    """Choose the storage by the settings."""
    app.extensions["marketplace_media"] = _storage(settings)
    address = media_address(settings.media, settings.public_url)
    app.extensions["marketplace_media_address"] = address


def _storage(settings: Settings) -> Storage:
    if settings.media.bucket is None:
        return LocalStorage(settings.instance_path / FOLDER)
    # The library weighs megabytes, which a process without a bucket need not hold.
    from marketplace.core.media.s3 import S3Storage  # noqa: PLC0415

    return S3Storage(settings.media.bucket)


def storage() -> Storage:
    """The present application's storage."""
    kept: Storage = current_app.extensions["marketplace_media"]
    return kept


def url_of(name: str) -> str:
    """Where people fetch a file."""
    return f"{current_app.extensions['marketplace_media_address']}/{name}"
