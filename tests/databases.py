"""The two databases of the suite: a migrated one each a worker, emptied before every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from marketplace import create_app
from marketplace.core.database import Base
from marketplace.extensions import db
from marketplace.settings import Settings

SECRET = "a-test-key-of-forty-random-looking-bytes"
LOCAL_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
REQUIRED = "MARKETPLACE_TEST_REQUIRE_POSTGRES"


def postgres_server() -> str | None:
    """The administrative URL of a reachable PostgreSQL, or None."""
    url = os.environ.get("MARKETPLACE_TEST_POSTGRES_URL", LOCAL_SERVER)
    try:
        with psycopg.connect(_plain(url), connect_timeout=2):
            return url
    except psycopg.OperationalError:
        return None


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@dataclass(frozen=True)
class TestDatabase:
    """One migrated database and the settings of applications on it."""

    __test__ = False
    name: str
    url: str
    folder: Path

    def settings(self, **changes: object) -> Settings:
        values: dict[str, object] = {
            "instance_path": self.folder,
            "database_url": self.url,
            "secret_key": SECRET,
            "public_url": "http://testserver",
            "rate_limits": False,
            "demo_data": False,
            "log_level": "INFO",
        }
        return Settings(**(values | changes))  # type: ignore[arg-type]


def make_sqlite(folder: Path) -> Iterator[TestDatabase]:
    database = TestDatabase("sqlite", f"sqlite:///{folder / 'test.sqlite3'}", folder)
    _migrate(database)
    yield database
    shutil.rmtree(folder, ignore_errors=True)


def make_postgresql(folder: Path, worker: str) -> Iterator[TestDatabase]:
    server = postgres_server()
    if server is None:
        if os.environ.get(REQUIRED):
            pytest.fail("PostgreSQL is required here and cannot be reached", pytrace=False)
        pytest.skip("no PostgreSQL can be reached")
    name = f"marketplace_test_{worker}_{os.getpid()}"
    with psycopg.connect(_plain(server), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(
            f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"
            " LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        )
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    database = TestDatabase("postgresql", url, folder)
    _migrate(database)
    yield database
    with psycopg.connect(_plain(server), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _migrate(database: TestDatabase) -> None:
    app = create_app(database.settings())
    with app.app_context():
        upgrade()
        db.engine.dispose()


def empty(app: Flask) -> None:
    """Delete every row and start the ids anew; nobody was ever erased."""
    app.config["MARKETPLACE"].erasure_journal.unlink(missing_ok=True)
    tables = list(reversed(Base.metadata.sorted_tables))
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            _empty_postgresql(connection, [table.name for table in tables])
        else:
            # Categories refer to each other, so no order of tables helps.
            driver = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            for table in tables:
                connection.execute(table.delete())
            connection.exec_driver_sql("DELETE FROM sqlite_sequence")
            connection.commit()
            driver.execute("PRAGMA foreign_keys=ON")
        connection.commit()


def _empty_postgresql(connection: sa.Connection, names: list[str]) -> None:
    """Rows are deleted where there are some: truncating makes new files of every table and index,
    which takes longer than most tests do.
    """
    filled = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names
    )
    found = set(connection.exec_driver_sql(filled).scalars())
    for name in names:
        if name == "categories" and name in found:  # which refer to each other
            connection.exec_driver_sql("DELETE FROM categories WHERE parent_id IS NOT NULL")
        if name in found:
            connection.exec_driver_sql(f"DELETE FROM {name}")
    connection.exec_driver_sql(
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
    )
