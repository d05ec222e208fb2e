"""Whether this process can serve: database, migrations, cache, outbox, disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core.database import read
from marketplace.core.deadlines import OneAtOnce
from marketplace.notifications.queries import Standing, standing
from marketplace.settings import PROJECT_ROOT, Settings

OK = "ok"
DOWN = "down"
BEHIND = "behind"
MEMORY = "memory"
LATE = "late"
LOW = "low"
FULL = "full"
UNKNOWN = "unknown"
PATIENCE_SECONDS = 2.0
_REDIS_PATIENCE_SECONDS = 1.0
_MEGABYTE = 1_000_000
# What serving would be wrong with; the rest is told, and is no reason to send people away.
_FATAL = {"database": {DOWN}, "migrations": {DOWN, BEHIND}, "disk": {FULL}}


@dataclass(frozen=True, slots=True)
class State:
    """A word for each part; the outbox' standing and the free bytes of the instance folder where
    they are known.
    """

    parts: dict[str, str]
    outbox: Standing | None
    disk_free: int | None

    @property
    def is_ready(self) -> bool:
        return not any(self.parts[part] in words for part, words in _FATAL.items())


@lru_cache(maxsize=1)
def head_revision() -> str | None:
    """The newest migration this code knows."""
    return ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()


def knows(revision: str) -> bool:
    """Whether this code has a migration of that name."""
    try:
        return ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_revision(revision) is not None
    except CommandError:
        return False


def database_revision() -> str | None:
    """The migration the database stands at; None for an empty one. Raises `SQLAlchemyError`."""
    connection = read()
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


class Readiness:
    """An application's. `context` makes the application the present one of a thread."""

    def __init__(
        self, settings: Settings, context: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._settings = settings
        self._context = context
        self._database: OneAtOnce[tuple[bool, Standing | None]] = OneAtOnce()
        self._redis: OneAtOnce[str] = OneAtOnce()

    def state(self, now: datetime) -> State:
        """How things stand, after 2 s at the latest: what is silent by then is down. However many
        ask at once, one asks each part.
        """
        at_database = self._database.begin(lambda: self._ask_database(now))
        at_redis = self._redis.begin(lambda: _ask_redis(self._settings.redis_url))
        parts = {"database": OK, "migrations": OK}
        outbox = None
        try:
            at_head, outbox = at_database.within(PATIENCE_SECONDS)
            parts["migrations"] = OK if at_head else BEHIND
        except (SQLAlchemyError, TimeoutError):
            parts["database"] = parts["migrations"] = DOWN
        try:
            parts["cache"] = at_redis.within(PATIENCE_SECONDS)
        except TimeoutError:
            parts["cache"] = DOWN
        parts["outbox"] = self._outbox_word(outbox, now)
        disk_free = self._disk_free()
        parts["disk"] = self._disk_word(disk_free)
        return State(parts, outbox, disk_free)

    def _ask_database(self, now: datetime) -> tuple[bool, Standing | None]:
        with self._context():
            if database_revision() != head_revision():
                return False, None
            return True, standing(now)

    def _outbox_word(self, outbox: Standing | None, now: datetime) -> str:
        if outbox is None:
            return UNKNOWN
        patience = timedelta(seconds=self._settings.monitoring.outbox_late_seconds)
        return LATE if outbox.age(now) > patience else OK

    def _disk_free(self) -> int | None:
        try:
            return shutil.disk_usage(self._settings.instance_path).free
        except OSError:
            return None

    def _disk_word(self, free: int | None) -> str:
        limits = self._settings.monitoring
        if free is None:
            return UNKNOWN
        if free < limits.disk_full_mb * _MEGABYTE:
            return FULL
        return LOW if free < limits.disk_low_mb * _MEGABYTE else OK


def _ask_redis(redis_url: str) -> str:
    if not redis_url:
        return MEMORY
    # Its import weighs 10 MB, which a process without Redis need not carry.
    import redis  # noqa: PLC0415

    client = redis.Redis.from_url(
        redis_url,
        socket_timeout=_REDIS_PATIENCE_SECONDS,
        socket_connect_timeout=_REDIS_PATIENCE_SECONDS,
    )
    try:
        client.ping()
    except redis.RedisError:
        return DOWN
    finally:
        client.close()
    return OK
