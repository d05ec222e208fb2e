"""How many services a question may match, by which its statements are steered, and which questions
need no second look. The answers may be some seconds old.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue.search_shape import CANDIDATES, MOST_RANKED
from marketplace.core.database import read
from marketplace.core.hot import moment_key
from marketplace.services.name_search import FEW_MATCHES, PLAN_SECONDS

_REMEMBERED = 2_048


class Recent:
    """What was noted within the last `PLAN_SECONDS`, in bounded memory."""

    def __init__(self) -> None:
        self._noted: dict[Hashable, float] = {}

    def __contains__(self, key: Hashable) -> bool:
        return time.monotonic() - self._noted.get(key, float("-inf")) < PLAN_SECONDS

    def add(self, key: Hashable) -> None:
        """Note a key now."""
        if len(self._noted) >= _REMEMBERED:
            self._noted.clear()
        self._noted[key] = time.monotonic()


def plan_through(now: datetime) -> int:
    """Until when an answer made now may be shown for the same question, in microseconds since 1970:
    the plan it rests on may be one for services that were others.
    """
    return moment_key(now) + int(PLAN_SECONDS * 1_000_000)


def is_common(match: str, words: int) -> bool:
    """Whether so many services match a question of so many words that walking past the others costs
    less than looking them up. Only a list's cost depends on it, never its rows.
    """
    return _is_common(read().engine, match, words, _period())


def is_whole(match: str) -> bool:
    """Whether so few services match that all of them are ranked; seconds later a few more may."""
    return _is_whole(read().engine, match, _period())


def _period() -> int:
    return int(time.monotonic() / PLAN_SECONDS)


@lru_cache(maxsize=_REMEMBERED)
def _is_common(engine: sa.Engine, match: str, words: int, period: int) -> bool:
    if engine.dialect.name == "sqlite":
        return _counted(match, FEW_MATCHES) >= FEW_MATCHES
    # To walk to the newest candidates is to pass `services / matches` rows for each. All that match
    # are looked up, each for about two rows passed by, and common words together for more.
    matches = _expected(engine, match, period)
    return 2 * words * matches * matches > _services(engine, period) * CANDIDATES


@lru_cache(maxsize=_REMEMBERED)
def _is_whole(engine: sa.Engine, match: str, period: int) -> bool:
    if engine.dialect.name == "sqlite":
        return _counted(match, MOST_RANKED + 1) <= MOST_RANKED
    # Statistics are never so far out, and common words take long to count.
    if _expected(engine, match, period) > 4 * MOST_RANKED:
        return False
    # Planned apart from the limit, as `SearchShape` plans what it looks up.
    counted = (
        "WITH found AS MATERIALIZED (SELECT 1 FROM service_search"  # noqa: S608 - a constant
        " WHERE words @@ CAST(%(match)s AS tsquery)) SELECT count(*) FROM"
        f" (SELECT 1 FROM found LIMIT {MOST_RANKED + 1}) AS some_found"
    )
    return bool(read().exec_driver_sql(counted, {"match": match}).scalar_one() <= MOST_RANKED)


def _counted(match: str, most: int) -> int:
    probe = (
        "SELECT count(*) FROM (SELECT 1 FROM service_search_words"  # noqa: S608 - a constant
        f" WHERE service_search_words MATCH ? LIMIT {most})"
    )
    return int(read().exec_driver_sql(probe, (match,)).scalar_one())


@lru_cache(maxsize=_REMEMBERED)
def _expected(_engine: sa.Engine, match: str, _period: int) -> int:
    """As many matches as PostgreSQL's statistics tell: counting them would cost what is saved."""
    question = (
        "EXPLAIN (FORMAT JSON) SELECT 1 FROM service_search"
        " WHERE words @@ CAST(%(match)s AS tsquery)"
    )
    plan: Any = read().exec_driver_sql(question, {"match": match}).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])


@lru_cache(maxsize=8)
def _services(_engine: sa.Engine, _period: int) -> int:
    known = "SELECT reltuples FROM pg_class WHERE oid = CAST('service_search' AS regclass)"
    return int(read().exec_driver_sql(known).scalar_one())
