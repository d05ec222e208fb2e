"""Databases filled with demo data: prepared once for each scale, copied for each run.

A prepared database is made again when a migration or the generator of the data changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from benchmarks.servers import OUT, ROOT, BenchmarkError, environment

Say = Callable[[str], None]

# What decides the contents of a prepared database.
SOURCES = (
    "migrations",
    "marketplace/system/demo",
    "marketplace/core/text.py",
    "marketplace/catalogue/search_text.py",
)
DEFAULT_POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1/postgres"
SEED = "1"


@dataclass(frozen=True)
class Scale:
    name: str
    specialists: int
    services_each: int = 10


SCALES = {"small": Scale("small", 2_000), "large": Scale("large", 20_000)}


@dataclass(frozen=True)
class Dataset:
    """A database a server may write to. `postgresql` is its name there, empty on SQLite."""

    scale: Scale
    settings: Mapping[str, str]
    postgresql: str = ""


def _key() -> str:
    digest = hashlib.sha256(SEED.encode())
    for source in SOURCES:
        path = ROOT / source
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _flask(settings: Mapping[str, str], *arguments: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT,
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if result.returncode != 0:
        output = result.stdout.decode("utf-8", "replace")[-3000:]
        raise BenchmarkError(f"flask {' '.join(arguments)} failed:\n{output}")


def _fill(settings: Mapping[str, str], scale: Scale) -> None:
    complete = {"RATE_LIMITS": "off", "DEMO_DATA": "off", **settings}
    _flask(complete, "db", "upgrade")
    specialists, each = str(scale.specialists), str(scale.services_each)
    load = ("demo", "load", "--specialists", specialists, "--services-each", each, "--seed", SEED)
    _flask(complete, *load)


def _sqlite_settings(file: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{file.as_posix()}", "INSTANCE_PATH": str(file.parent)}


def _prepared_sqlite(scale: Scale, say: Say) -> Path:
    prepared = OUT / f"{scale.name}-{_key()}.sqlite3"
    if prepared.exists():
        return prepared
    say(f"preparing SQLite at {scale.name} scale ({scale.specialists} × {scale.services_each})")
    for outdated in OUT.glob(f"{scale.name}-*.sqlite3"):
        outdated.unlink()
    folder = OUT / f"prepare-{scale.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "marketplace.sqlite3"
    _fill(_sqlite_settings(file), scale)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.rename(prepared)
    shutil.rmtree(folder)
    return prepared


@contextmanager
def _sqlite(scale: Scale, say: Say, copy: str) -> Iterator[Dataset]:
    prepared = _prepared_sqlite(scale, say)
    folder = OUT / f"run-{scale.name}{copy}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "marketplace.sqlite3"
    shutil.copyfile(prepared, file)
    try:
        yield Dataset(scale, _sqlite_settings(file))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgresql_url(database: str = "") -> URL:
    url = make_url(os.environ.get("MARKETPLACE_TEST_POSTGRES_URL", "") or DEFAULT_POSTGRESQL)
    return url.set(database=database) if database else url


def connect(url: URL) -> psycopg.Connection:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return psycopg.connect(address, autocommit=True)
    except psycopg.OperationalError as error:
        shown = url.render_as_string(hide_password=True)
        raise BenchmarkError(f"PostgreSQL does not answer at {shown}: {error}") from error


def _drop(connection: psycopg.Connection, database: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
    )


def _create(connection: psycopg.Connection, database: str, template: str) -> None:
    statement = "CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE {}"
    names = (sql.Identifier(database), sql.Identifier(template))
    connection.execute(sql.SQL(statement).format(*names))


def _postgresql_settings(database: str, folder: Path) -> dict[str, str]:
    url = postgresql_url(database).render_as_string(hide_password=False)
    return {"DATABASE_URL": url, "INSTANCE_PATH": str(folder)}


def _prepare_postgresql(
    connection: psycopg.Connection, scale: Scale, folder: Path, say: Say
) -> str:
    """The name of a filled database; its comment holds the key of what filled it."""
    database = f"marketplace_bench_{scale.name}"
    key = _key()
    found = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
        (database,),
    ).fetchone()
    if found is not None and found[0] == key:
        return database
    count = f"{scale.specialists} × {scale.services_each}"
    say(f"preparing PostgreSQL at {scale.name} scale ({count})")
    _drop(connection, database)
    _create(connection, database, "template0")
    _fill(_postgresql_settings(database, folder), scale)
    with connect(postgresql_url(database)) as filled:
        filled.execute("VACUUM (ANALYZE)")
    comment = sql.SQL("COMMENT ON DATABASE {} IS {}")
    connection.execute(comment.format(sql.Identifier(database), sql.Literal(key)))
    return database


@contextmanager
def _postgresql(scale: Scale, say: Say, copy: str) -> Iterator[Dataset]:
    folder = OUT / f"run-{scale.name}{copy}"
    folder.mkdir(parents=True, exist_ok=True)
    with connect(postgresql_url()) as connection:
        prepared = _prepare_postgresql(connection, scale, folder, say)
        database = f"{prepared}_run{copy}"
        _drop(connection, database)
        _create(connection, database, prepared)
    try:
        yield Dataset(scale, _postgresql_settings(database, folder), database)
    finally:
        with connect(postgresql_url()) as connection:
            _drop(connection, database)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def dataset(database: str, scale: Scale, say: Say, copy: str = "") -> Iterator[Dataset]:
    """A fresh copy of the scale's prepared database on `sqlite` or `postgresql`; `copy` tells
    several of one scale apart.

    Raises `BenchmarkError` when it cannot be made.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    make = _sqlite if database == "sqlite" else _postgresql
    with make(scale, say, copy) as made:
        yield made
