"""PostgreSQL's server and its programs, as backups reach them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from marketplace.system.backup import programs
from marketplace.system.backup.engines import Show, quoted
from marketplace.system.backup.programs import BackupError

_PACKAGE = "postgresql-client"
_PATIENCE_SECONDS = 10
# Where a server has none of its own, every role may connect.
_MAINTENANCE = ("postgres", "template1")


@dataclass(frozen=True)
class Place:
    """A database of the server; the password goes apart, by the environment."""

    url: URL

    def parameters(self, database: str | None = None) -> dict[str, str]:
        url = self.url
        given = {
            "host": url.host,
            "port": url.port and str(url.port),
            "user": url.username,
            "password": url.password,
            "dbname": database or url.database,
            **{name: str(value) for name, value in url.query.items()},
        }
        return {name: str(value) for name, value in given.items() if value}

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        """Each statement commits by itself."""
        return psycopg.connect(
            make_conninfo("", **self.parameters(database)),
            connect_timeout=_PATIENCE_SECONDS,
            autocommit=True,
            # A whole table is counted, and the snapshot waits while a file is written.
            options="-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
            " -c timezone=UTC",
        )

    def maintenance(self) -> psycopg.Connection[Any]:
        """A connection to a database of the server that is not ours."""
        try:
            return self.connect(_MAINTENANCE[0])
        except psycopg.OperationalError:
            return self.connect(_MAINTENANCE[1])

    def words(self, database: str | None = None) -> tuple[str, dict[str, str]]:
        """The connection for a program's arguments, and what must not stand there."""
        given = self.parameters(database)
        password = given.pop("password", "")
        return make_conninfo("", **given), {"PGPASSWORD": password} if password else {}


@contextmanager
def words_of_server() -> Iterator[None]:
    """Have what the server refuses raise `BackupError`."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise BackupError(
            f"PostgreSQL refuses: {_first_line(error)}. Restoring and verifying make a database, "
            "so the role needs ALTER ROLE … CREATEDB and must own the present one."
        ) from error
    except errors.ObjectInUse as error:
        raise BackupError(
            f"PostgreSQL refuses: {_first_line(error)}; stop the server and all workers first."
        ) from error
    except psycopg.Error as error:
        raise BackupError(f"PostgreSQL refuses: {_first_line(error)}.") from error


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")


def fitting(name: str, connection: psycopg.Connection[Any]) -> str:
    """The program, which must know all that the server does. Raises `BackupError`."""
    path = programs.found(name, _PACKAGE)
    said = programs.output([path, "--version"])
    version = re.search(r"\) ([0-9]+)", said)
    server = connection.info.server_version // 10_000
    if version is None or int(version[1]) < server:
        raise BackupError(
            f"{name} is of version {version[1] if version else said.strip()}, older than the "
            f"server's {server}; on Debian and Ubuntu: apt install {_PACKAGE}-{server}."
        )
    return path


def one_value(connection: psycopg.Connection[Any], query: str, *values: object) -> Any:
    """The first value of the first row, or None."""
    row = connection.execute(query, values or None).fetchone()
    return row and row[0]


def create_database(server: psycopg.Connection[Any], name: str, locale: Mapping[str, str]) -> None:
    """Make an empty database. Texts sort and fold in it as they did where the dump was made."""
    options = {
        "ENCODING": locale.get("encoding"),
        "LC_COLLATE": locale.get("collate"),
        "LC_CTYPE": locale.get("ctype"),
    }
    if locale.get("provider") == "i":
        options |= {"LOCALE_PROVIDER": "icu", "ICU_LOCALE": locale.get("icu")}
    said = " ".join(
        f"{option} {psycopg.sql.quote(value)}" for option, value in options.items() if value
    )
    server.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE template0 {said}".encode())


def tables_in(program: str, dump: Path) -> int:
    """How many tables with rows a dump lists."""
    return programs.output([program, "--list", str(dump)]).count(" TABLE DATA ")


def run_by_tables(
    words: list[str], variables: Mapping[str, str], told: tuple[str, int], show: Show
) -> None:
    """Run a program that names each table when it comes to it; `told` is in which words, and how
    many tables there are.
    """
    phrase, total = told
    done = 0

    def count(line: str) -> None:
        nonlocal done
        if phrase in line:
            done += 1
            show(min(done, total), total)

    programs.run(words, variables=variables, on_line=count)
