"""Services whose name contains a text, in any case, on either database.

PostgreSQL has a trigram index under LIKE and chooses by its statistics when to use it. SQLite has
an FTS5 trigram table kept by triggers, and the choice is made here: few matches are looked up in
it, many are met soon enough by walking the list in its order.
"""

from __future__ import annotations

import time
from enum import Enum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core import text
from marketplace.core.database import read
from marketplace.services.models import Service

TRIGRAM = 3
TRIGRAM_TABLE = "services_name_trigrams"
# Where fetching and sorting all matches begins to cost more than walking past the others.
FEW_MATCHES = 700
PLAN_SECONDS = 30

_PROBE = (
    f"SELECT count(*) FROM (SELECT 1 FROM {TRIGRAM_TABLE}"  # noqa: S608 - a constant
    f" WHERE {TRIGRAM_TABLE} MATCH ? LIMIT {FEW_MATCHES})"
)
_MATCHING = sa.text(
    f"services.id IN (SELECT rowid FROM {TRIGRAM_TABLE}"  # noqa: S608 - a constant
    f" WHERE {TRIGRAM_TABLE} MATCH :match)"
)


class Plan(Enum):
    """How a part of a name is looked for; every plan finds the same rows."""

    LIKE = "like"
    WALK = "walk"
    TRIGRAMS = "trigrams"


def plan(part: str) -> tuple[Plan, dict[str, str]]:
    """The plan for a part of a name, and its statement parameters."""
    folded = text.caseless(part)
    engine = read().engine
    if engine.dialect.name != "sqlite":
        return Plan.LIKE, {"pattern": text.like_pattern(folded)}
    if len(folded) < TRIGRAM:
        return Plan.WALK, {"part": folded}
    match = '"' + folded.replace('"', '""') + '"'
    # Only the cost depends on the count, never the answer, so an old one will do for a while.
    if _is_common(engine, match, int(time.monotonic()) // PLAN_SECONDS):
        return Plan.WALK, {"part": folded}
    return Plan.TRIGRAMS, {"part": folded, "match": match}


def conditions(chosen: Plan) -> list[Any]:
    """What the plan asks of a row; parameters as `plan` gives them."""
    if chosen is Plan.LIKE:
        pattern = sa.bindparam("pattern", type_=sa.Text)
        return [Service.name_folded.like(pattern, escape="\\")]
    contains = sa.func.instr(Service.name_folded, sa.bindparam("part", type_=sa.Text)) > 0
    return [_MATCHING, contains] if chosen is Plan.TRIGRAMS else [contains]


def forget() -> None:
    """Look anew with the next question."""
    _is_common.cache_clear()


@lru_cache(maxsize=2048)
def _is_common(_engine: sa.Engine, match: str, _period: int) -> bool:
    found = read().exec_driver_sql(_PROBE, (match,)).scalar_one()
    return bool(found >= FEW_MATCHES)
