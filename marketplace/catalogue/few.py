"""Whether few services match a filter, so that SQLite had better look them up than walk past
others. The answers may be some seconds old: they decide the cost of a list, never its rows.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import read

# Fetching and sorting so many costs about what walking past the others does.
FEW = 2_000
_SECONDS = 30


def is_few(probe: str, *values: Any) -> bool:
    """Whether a probe (`FROM … WHERE …` in SQLite's words) finds less than `FEW` rows."""
    return _found(read().engine, probe, values, int(time.monotonic()) // _SECONDS)


@lru_cache(maxsize=4096)
def _found(_engine: sa.Engine, probe: str, values: tuple[Any, ...], _period: int) -> bool:
    counted = f"SELECT count(*) FROM (SELECT 1 {probe} LIMIT {FEW})"  # noqa: S608 - our own texts
    found = read().exec_driver_sql(counted, values).scalar_one()
    return bool(found < FEW)
