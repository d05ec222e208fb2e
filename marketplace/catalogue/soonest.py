"""Lists in the order of who is free next.

They look at the newest `CANDIDATES` that meet the filters and no further: to sort all, the next
slots of all would have to be known, and they change with every minute that passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.core.hot import HotQuery
from marketplace.profile.models import Profile
from marketplace.schedule.next_slots import NEVER, next_start
from marketplace.services.filters import bound, of_specialist
from marketplace.services.list_shape import Shape, conditions, ordered_by, steering
from marketplace.services.models import Service

CANDIDATES = 2_000
_MOST: Any = sa.literal_column(str(CANDIDATES))
# Who offers nothing comes last.
_LAST = sa.literal_column(str(NEVER), sa.BigInteger)


@lru_cache(maxsize=64)
def services_query(shape: Shape, *, follows: bool) -> HotQuery:
    """A page of the services of a shape in the order of creation; the key is each row's last
    column, in seconds.
    """
    created_at = ordered_by(shape.key, steering(shape))
    found = _kept(
        sa.select(Service.id, Service.specialist_id, Service.duration_minutes)
        .where(*conditions(shape))
        .order_by(created_at.desc(), Service.id.desc())
        .limit(_MOST),
        "found",
    )
    # Services of one length of one specialist are free at the same times.
    pairs = _kept(sa.select(found.c.specialist_id, found.c.duration_minutes).distinct(), "pairs")
    start = next_start(pairs.c.specialist_id, pairs.c.duration_minutes, pairs)
    nexts = _kept(sa.select(*pairs.c, sa.func.coalesce(start, _LAST).label("key")), "nexts")
    keyed = sa.select(found.c.id, nexts.c.key).join(
        nexts,
        sa.and_(
            nexts.c.specialist_id == found.c.specialist_id,
            nexts.c.duration_minutes == found.c.duration_minutes,
        ),
    )
    page = _paged(keyed, nexts.c.key, found.c.id, follows=follows).subquery("page")
    query = shape.source.select.join(page, page.c.id == Service.id).add_columns(page.c.key)
    return HotQuery(query.order_by(page.c.key, page.c.id), plan_once=False)


def specialists_query(
    columns: Sequence[Any], asked: Sequence[Any], *, sqlite: bool, follows: bool
) -> HotQuery:
    """A page of the profiles that meet the conditions `asked`; the key is each row's last column,
    in seconds.
    """
    found = _kept(
        sa.select(Profile.user_id)
        .where(*asked)
        .order_by(Profile.created_at.desc(), Profile.user_id.desc())
        .limit(_MOST),
        "found",
    )
    shortest = (
        sa.select(sa.func.min(Service.duration_minutes))
        .where(
            Service.specialist_id == found.c.user_id,
            of_specialist(sqlite=sqlite).column("listed") == sa.true(),
        )
        .correlate(found)
        .scalar_subquery()
    )
    lengths = _kept(sa.select(found.c.user_id, shortest.label("minutes")), "lengths")
    start = next_start(lengths.c.user_id, lengths.c.minutes, lengths)
    key = sa.func.coalesce(start, _LAST).label("key")
    nexts = _kept(sa.select(lengths.c.user_id, key), "nexts")
    page = _paged(sa.select(*nexts.c), nexts.c.key, nexts.c.user_id, follows=follows)
    limited = page.subquery("page")
    query = sa.select(*columns, limited.c.key).join(limited, limited.c.user_id == Profile.user_id)
    return HotQuery(query.order_by(limited.c.key, limited.c.user_id), plan_once=False)


def _paged(query: sa.Select[Any], key: Any, row_id: Any, *, follows: bool) -> sa.Select[Any]:
    if follows:
        there = sa.tuple_(bound("after_key", sa.BigInteger), bound("after_id", sa.Integer))
        query = query.where(sa.tuple_(key, row_id) > there)
    return query.order_by(key, row_id).limit(bound("limit", sa.Integer))


def _kept(query: sa.Select[*tuple[Any, ...]], name: str) -> sa.CTE:
    # Counted once: planners would work the next slots out anew wherever they are named.
    return query.cte(name).prefix_with("MATERIALIZED")
