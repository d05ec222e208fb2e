"""`flask doctor` names no fault where there is none, and says when it cannot look."""

from __future__ import annotations

from pathlib import Path

from command_line import CommandLine, refusal
from databases import TestDatabase
from flask import Flask

from marketplace import create_app
from marketplace.core.clock import utc_now
from marketplace.extensions import db
from marketplace.system.demo import operations as demo

CLEAN = "No faults found.\n"


def test_demo_data_are_without_faults(app: Flask) -> None:
    with app.app_context():
        demo.load(
            specialists=20, services_each=2, clients=10, seed=1, actor="system", now=utc_now()
        )

    assert CommandLine(app).do("doctor") == CLEAN


def test_an_empty_database_is_without_faults(app: Flask) -> None:
    assert CommandLine(app).do("doctor") == CLEAN


def test_a_database_that_is_not_migrated_is_told(sqlite: TestDatabase, tmp_path: Path) -> None:
    app = create_app(sqlite.settings(database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}"))
    try:
        said = refusal(CommandLine(app).run("doctor"))
    finally:
        with app.app_context():
            db.engine.dispose()

    assert said.startswith("The database cannot be used: ")
    assert said.endswith("to migrate it: flask db upgrade).")
