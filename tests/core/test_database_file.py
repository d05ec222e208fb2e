"""The file of SQLite: people's contacts and hashes, for nobody else on the machine."""

from __future__ import annotations

import stat
from pathlib import Path

import sqlalchemy as sa
from databases import TestDatabase

from marketplace import create_app
from marketplace.extensions import db


def modes(folder: Path) -> dict[str, int]:
    """The files of the database there and who may do what, while a connection is open."""
    database = TestDatabase("new", f"sqlite:///{folder / 'new.sqlite3'}", folder)
    app = create_app(database.settings())
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS things (id INTEGER)"))
            connection.execute(sa.text("INSERT INTO things VALUES (1)"))
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        db.engine.dispose()
    return found


def test_only_its_owner_may_read_a_new_database(tmp_path: Path) -> None:
    found = modes(tmp_path)

    assert {"new.sqlite3", "new.sqlite3-wal", "new.sqlite3-shm"} <= set(found)
    assert set(found.values()) == {0o600}


def test_the_mode_somebody_gave_a_database_stays(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    file.touch()
    file.chmod(0o640)

    assert modes(tmp_path)["new.sqlite3"] == 0o640
