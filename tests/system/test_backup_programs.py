"""PostgreSQL's programs: missing, too old, failing, interrupted; what the server must allow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from bookings.racing import own_database
from databases import SECRET, TestDatabase
from sqlalchemy.engine import make_url
from system.backups import (
    House,
    contents,
    furnish,
    last_words,
    new_app,
    new_house,
    server,
    wait_for,
)

from marketplace.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

TOO_OLD = '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n'
FAILING = '#!/bin/sh\n[ "$1" = --version ] && exec {} --version\necho "disk full" >&2\nexit 1\n'
ENDLESS = (
    '#!/bin/sh\n[ "$1" = --version ] && exec {} --version\necho $$ >"$0.pid"\nexec sleep 600\n'
)


@pytest.fixture(scope="module")
def server_database(
    tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[TestDatabase]:
    folder = tmp_path_factory.mktemp("programs")
    with own_database("postgresql", folder, f"{worker}_programs") as database:
        yield database


@pytest.fixture
def house(server_database: TestDatabase, tmp_path: Path) -> Iterator[House]:
    with new_house(server_database, tmp_path) as made:
        yield made


def replace(folder: Path, name: str, script: str) -> str:
    """A PATH on which a program is ours; `{}` in the script is the real one."""
    real = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout
    programs = folder / "bin"
    programs.mkdir()
    (programs / name).write_text(script.replace("{}", real.strip()), encoding="utf-8")
    (programs / name).chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


def test_a_missing_program_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    told = last_words(house.flask, "backup", "create")

    assert told == (
        "Error: pg_dump is not on the PATH of this machine; on Debian and Ubuntu: "
        "apt install postgresql-client."
    )


def test_a_program_older_than_the_server_is_refused(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", replace(tmp_path, "pg_dump", TOO_OLD))

    told = last_words(house.flask, "backup", "create")

    assert "pg_dump is of version 9, older than the server's" in told
    assert "apt install postgresql-client-" in told


@pytest.mark.parametrize(("name", "command"), [("pg_dump", "create"), ("pg_restore", "verify")])
def test_a_program_that_fails_is_quoted_and_leaves_nothing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    house.backup()
    monkeypatch.setenv("PATH", replace(tmp_path, name, FAILING))

    told = last_words(house.flask, "backup", command)

    assert told == f"Error: {name} failed: disk full"
    assert len(house.flask.json("backup", "list")) == 1
    assert house.left_behind() == []


def test_a_restore_that_fails_changes_nothing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(house)
    before = contents(house.app)
    house.backup()
    monkeypatch.setenv("PATH", replace(tmp_path, "pg_restore", FAILING))

    last_words(house.flask, "backup", "restore", "--yes")

    assert contents(house.app) == before
    assert house.databases("before") == []
    assert house.left_behind() == []


def test_whoever_is_asked_to_stop_leaves_nothing(house: House, tmp_path: Path) -> None:
    folder = house.backups
    variables = {
        "MARKETPLACE_DATABASE_URL": house.database.url,
        "MARKETPLACE_INSTANCE_PATH": str(tmp_path),
        "MARKETPLACE_SECRET_KEY": SECRET,
        "PATH": replace(tmp_path, "pg_dump", ENDLESS),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi:app", "backup", "create"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started = tmp_path / "bin" / "pg_dump.pid"
    try:
        wait_for(lambda: started.exists() or process.poll() is not None)
        os.killpg(process.pid, signal.SIGTERM)  # as systemd does: its programs, too
        _, said = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    assert process.returncode == 128 + signal.SIGTERM, said
    assert list(folder.iterdir()) == []


def test_a_role_that_may_not_make_databases_is_told_what_it_needs(
    house: House, tmp_path: Path
) -> None:
    role = f"poor_{os.getpid()}"
    house.backup()
    with server(house.database) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        poor = make_url(house.database.url).set(username=role, password="x")
        url = poor.render_as_string(hide_password=False)
        other = House(TestDatabase("postgresql", url, tmp_path), tmp_path, house.app)
        told = last_words(other.again().flask, "backup", "verify")
    finally:
        with server(house.database) as connection:
            connection.execute(f"DROP ROLE {role}")

    assert "permission denied to create database" in told
    assert "CREATEDB" in told


def test_a_role_that_may_make_databases_restores_all(house: House, tmp_path: Path) -> None:
    furnish(house)
    before = contents(house.app)
    house.backup()
    name, role = f"restored_{os.getpid()}", f"able_{os.getpid()}"
    with server(house.database) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'x'")
    url = make_url(house.database.url).set(username=role, password="x", database=name)
    database = TestDatabase("postgresql", url.render_as_string(hide_password=False), tmp_path)
    other = House(database, tmp_path, new_app(database, tmp_path))
    try:
        other.flask.do("backup", "restore")
        assert contents(other.app) == before
        assert other.flask.do("doctor") == "No faults found.\n"
        assert "It is proved" in other.flask.do("backup", "run")
    finally:
        other.close()
        with server(house.database) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"DROP ROLE {role}")
