"""An application that may be backed up and overwritten."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bookings.racing import KINDS, own_database
from databases import TestDatabase
from system.backups import House, new_house


@pytest.fixture(scope="module", params=KINDS)
def backed_up(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[TestDatabase]:
    if request.param == "postgresql" and shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    folder = tmp_path_factory.mktemp("backup")
    with own_database(request.param, folder, f"{worker}_backup") as database:
        yield database


@pytest.fixture
def house(backed_up: TestDatabase, tmp_path: Path) -> Iterator[House]:
    with new_house(backed_up, tmp_path) as made:
        yield made
