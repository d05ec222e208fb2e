"""What tests of avatars share: uploading, and looking into the storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import photos
from actors import Actor
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.core.media import FOLDER

MINE = "/api/auth/profile/me/"


def upload(person: Actor, data: bytes, **kwargs: Any) -> TestResponse:
    return person.put(photos.AVATAR, **photos.form(data), **kwargs)


def uploaded(person: Actor, color: Any = photos.RED) -> dict[str, Any]:
    """The profile after an upload."""
    answer = upload(person, photos.plain(color=color))
    assert answer.status_code == 200, answer.text
    profile: dict[str, Any] = answer.get_json()
    return profile


def folder(app: Flask) -> Path:
    path: Path = app.config["MARKETPLACE"].instance_path / FOLDER
    return path


def kept(app: Flask) -> list[str]:
    """The names of all files in the folder, drafts too."""
    root = folder(app)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def names(profile: dict[str, Any]) -> list[str]:
    """The names of a profile's two files, as the storage knows them."""
    addresses = (profile["avatar_small"], profile["avatar"])
    return sorted(address.partition("/media/")[2] for address in addresses)
