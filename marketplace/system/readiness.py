"""Whether this process can serve: database, migrations, cache."""

from __future__ import annotations

from functools import lru_cache

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core.database import read
from marketplace.settings import PROJECT_ROOT, Settings

OK = "ok"
DOWN = "down"
BEHIND = "behind"
MEMORY = "memory"
_PATIENCE_SECONDS = 1.0


@lru_cache(maxsize=1)
def head_revision() -> str | None:
    """The newest migration this code knows."""
    return ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()


def database_revision() -> str | None:
    """The migration the database stands at; None for an empty one. Raises `SQLAlchemyError`."""
    connection = read()
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def parts(settings: Settings) -> dict[str, str]:
    """Each part's state: `ok`, `down`, `behind` (migrations), `memory` (no Redis is configured)."""
    state = {"database": OK, "migrations": OK}
    try:
        if database_revision() != head_revision():
            state["migrations"] = BEHIND
    except SQLAlchemyError:
        state["database"] = state["migrations"] = DOWN
    state["cache"] = _cache(settings.redis_url)
    return state


def is_ready(state: dict[str, str]) -> bool:
    """The cache being down degrades limits only and does not stop traffic."""
    return state["database"] == OK and state["migrations"] == OK


def _cache(redis_url: str) -> str:
    if not redis_url:
        return MEMORY
    # Its import weighs 10 MB, which a process without Redis need not carry.
    import redis  # noqa: PLC0415

    client = redis.Redis.from_url(
        redis_url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
    try:
        client.ping()
    except redis.RedisError:
        return DOWN
    finally:
        client.close()
    return OK
