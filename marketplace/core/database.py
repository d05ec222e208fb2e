"""The database's house rules: column types, naming and the one way to write.

Reads run in the session's ordinary transaction. Every write goes through `transactional`.
"""

from __future__ import annotations

import functools
import logging
import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from marketplace.core import money

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

SQLITE_BUSY_MS = 5_000
WRITE_OPTION = "marketplace_write"
READ_OPTION = "marketplace_read"
PLAN_ONCE_OPTION = "marketplace_plan_once"
# What PostgreSQL says of a prepared statement whose table has changed since ("cached plan must not
# change result type"): until the end of the connection, or until it is prepared anew, as all are
# after a rollback.
OUTDATED_PLAN = "0A000"
_RETRIED_SQLSTATES = frozenset({"40001", "40P01", OUTDATED_PLAN})
# Of a standby, or a server whose disk is full.
_ONLY_READS = "25006"
_ATTEMPTS = 4
_BRIEF_MS = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(orm.DeclarativeBase):
    """The base of every model."""

    metadata = sa.MetaData(naming_convention=NAMING)


def table_of(model: type[Base]) -> sa.Table:
    """A model's table, for statements without the cost of the unit of work."""
    return cast("sa.Table", model.__table__)


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment, UTC inside. Naive values are refused with `ValueError`.

    PostgreSQL keeps `timestamptz`; SQLite keeps whole microseconds since 1970, which order and
    compare as the moments do.
    """

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive moment cannot be stored")
        if dialect.name == "postgresql":
            return value.astimezone(UTC)
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            moment: datetime = value
            return moment.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class Money(sa.types.TypeDecorator[Decimal]):
    """Roubles with two places in Python, whole kopecks in the database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else money.to_kopecks(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else money.to_amount(value)


class Database:
    """The present application's session and engine, bound at start, and this thread's reader."""

    def __init__(self) -> None:
        self._session: Callable[[], orm.Session] | None = None
        self._engine: Callable[[], sa.Engine] | None = None
        self._local = threading.local()

    def bind(self, session: Callable[[], orm.Session], engine: Callable[[], sa.Engine]) -> None:
        self._session, self._engine = session, engine

    def session(self) -> orm.Session:
        if self._session is None:
            raise RuntimeError("the database is not bound to an application yet")
        return self._session()

    def reader(self) -> sa.Connection:
        """The request's connection for reading, without the cost of a session."""
        engine = self.engine()
        connection: sa.Connection | None = getattr(self._local, "reader", None)
        if connection is None or connection.engine is not engine or connection.closed:
            self.close_reader()
            connection = self._local.reader = _connect_reader(engine)
        return connection

    def engine(self) -> sa.Engine:
        """The application's engine."""
        if self._engine is None:
            raise RuntimeError("the database is not bound to an application yet")
        return self._engine()

    def close_reader(self) -> None:
        """Give the reader back to the pool; its transaction is over."""
        connection: sa.Connection | None = getattr(self._local, "reader", None)
        if connection is not None:
            self._local.reader = None
            connection.close()


def _connect_reader(engine: sa.Engine) -> sa.Connection:
    # Single SELECTs need no transaction of their own around them.
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    return engine.connect().execution_options(**{READ_OPTION: True})


database = Database()


def read() -> sa.Connection:
    """The connection to read from: the present write transaction's, else the request's reader."""
    if getattr(_writing, "session", None) is not None:
        return database.session().connection()
    return database.reader()


def is_sqlite() -> bool:
    """Whether the present database is SQLite."""
    return read().dialect.name == "sqlite"


def session() -> orm.Session:
    """The session of the present transaction."""
    return database.session()


def release() -> None:
    """End what was read so far, so that no connection is held while something else takes long."""
    database.close_reader()
    database.session().rollback()


_writing = threading.local()


@contextmanager
def _write_transaction() -> Generator[orm.Session]:
    current = database.session()
    # Whatever was read before (authentication) belongs to a transaction that is over: SQLite
    # cannot turn a reader into a writer safely, and rules must read again inside.
    release()
    current.connection(execution_options={WRITE_OPTION: True})
    _writing.session = current
    actions: list[Callable[[], None]] = []
    _writing.actions = actions
    try:
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        raise
    finally:
        _writing.session = None
    for act in actions:
        try:
            act()
        except Exception:
            log.exception("an action after a commit failed")


def pending_actions() -> list[Callable[[], None]]:
    """What is to be done after the present transaction's commit (`core/after_commit.py`)."""
    if getattr(_writing, "session", None) is None:
        raise RuntimeError("there is no transaction to wait for")
    actions: list[Callable[[], None]] = _writing.actions
    return actions


def write_if_free(statement: sa.Update) -> None:
    """One small write that is not worth waiting for: left out while somebody holds a lock, or the
    database takes none.
    """
    release()
    with database.engine().connect().execution_options(**{WRITE_OPTION: True}) as connection:
        driver: Any = connection.connection.driver_connection
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            driver.execute(f"PRAGMA busy_timeout={_BRIEF_MS}")
        try:
            with connection.begin():
                if not sqlite:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_BRIEF_MS}")
                connection.execute(statement)
        except DBAPIError as error:
            if not is_passing(error):
                raise
            log.info("a write was left out: the database is busy")
        finally:
            if sqlite:
                driver.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")


def transactional(operation: Callable[P, R]) -> Callable[P, R]:
    """Run an operation in one write transaction: commit at its end, roll back on any exception.

    Serialization failures, deadlocks and outdated plans are retried a few times from the start, so
    an operation must not act outside the database. An operation called by another joins its
    transaction.
    """

    @functools.wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if getattr(_writing, "session", None) is not None:
            return operation(*args, **kwargs)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with _write_transaction():
                    return operation(*args, **kwargs)
            except DBAPIError as error:
                if attempt == _ATTEMPTS or not _worth_retrying(error):
                    raise
                time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    return run


def is_passing(error: DBAPIError) -> bool:
    """Whether the database is away, busy or takes no writes for now: nothing is wrong with what was
    asked of it.
    """
    return (
        isinstance(error, OperationalError)
        or error.connection_invalidated
        or getattr(error.orig, "sqlstate", None) == _ONLY_READS
    )


def _worth_retrying(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _RETRIED_SQLSTATES


def violated(error: IntegrityError) -> str:
    """The name of the violated constraint, or on SQLite the column list its message names."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None and diagnostics.constraint_name:
        return str(diagnostics.constraint_name)
    message = str(error.orig)
    columns = message.removeprefix("UNIQUE constraint failed: ")
    if columns != message:
        table = columns.split(".", 1)[0]
        return "_".join(["uq", table, *(part.split(".")[1] for part in columns.split(", "))])
    return message.rsplit(": ", 1)[-1]
