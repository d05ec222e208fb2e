"""Whether few services lie in a range of prices, so that SQLite's index beats walking the list."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import read
from marketplace.core.money import MAX_KOPECKS
from marketplace.services.name_search import FEW_MATCHES, PLAN_SECONDS

_PROBE = (
    "SELECT count(*) FROM (SELECT 1 FROM services"  # noqa: S608 - a constant
    f" WHERE listed = 1 AND price BETWEEN ? AND ? LIMIT {FEW_MATCHES})"
)


def is_narrow(parameters: Mapping[str, Any]) -> bool:
    """For the statement parameters `min_price` and `max_price` in kopecks, either of them or none.

    The answer may be some seconds old: it decides the cost of a list, never its rows.
    """
    if "min_price" not in parameters and "max_price" not in parameters:
        return False
    low, high = parameters.get("min_price", 0), parameters.get("max_price", MAX_KOPECKS)
    return _has_few(read().engine, low, high, int(time.monotonic()) // PLAN_SECONDS)


@lru_cache(maxsize=2048)
def _has_few(_engine: sa.Engine, low: int, high: int, _period: int) -> bool:
    found = read().exec_driver_sql(_PROBE, (low, high)).scalar_one()
    return bool(found < FEW_MATCHES)
