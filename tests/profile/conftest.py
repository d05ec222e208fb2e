"""Fixtures of profiles: the folder of media is as empty as the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from avatar_files import folder
from flask import Flask


@pytest.fixture
def no_media(app: Flask) -> Iterator[None]:
    shutil.rmtree(folder(app), ignore_errors=True)
    yield
    shutil.rmtree(folder(app), ignore_errors=True)
