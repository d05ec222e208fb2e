"""A list of services in the order of a full-text search: its statements, and what they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from marketplace.services.models import Service

RELEVANCE = "relevance"


class SearchShape(Protocol):
    """The SQL of a full-text search; hashable, as a part of a statement's shape."""

    @property
    def leads(self) -> bool:
        """Whether SQLite had better begin with what the search finds, whatever the order."""

    def candidates(self, conditions: Sequence[Any]) -> sa.Select[Any]:
        """`id` and `rank` of a bounded number of matches."""

    def condition(self) -> sa.ColumnElement[bool]:
        """What a row of `Service` must meet."""


class Search(Protocol):
    """A full-text question, planned by the catalogue."""

    @property
    def is_empty(self) -> bool: ...
    @property
    def shape(self) -> SearchShape: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


def ranked_page(
    source: sa.Select[Any], search: SearchShape, conditions: Sequence[Any], *, follows: bool
) -> sa.Select[Any]:
    """A page by rank, ties by id; the rank is each row's last column."""
    ranked = search.candidates(conditions).subquery("ranked")
    here, order = sa.tuple_(ranked.c.rank, ranked.c.id), (ranked.c.rank.desc(), ranked.c.id.desc())
    page = sa.select(ranked.c.id, ranked.c.rank)
    if follows:
        there = sa.tuple_(
            sa.bindparam("after_key", type_=sa.BigInteger),
            sa.bindparam("after_id", type_=sa.Integer),
        )
        page = page.where(here < there)
    limited = page.order_by(*order).limit(sa.bindparam("limit", type_=sa.Integer)).subquery("page")
    query = source.join(limited, limited.c.id == Service.id).add_columns(limited.c.rank)
    return query.order_by(limited.c.rank.desc(), limited.c.id.desc())


def ranked_count(search: SearchShape, conditions: Sequence[Any]) -> sa.Select[Any]:
    """How many candidates there are, bounded as they are."""
    ranked = search.candidates(conditions).subquery()
    return sa.select(sa.func.count()).select_from(ranked)
