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

    def page(self, conditions: Sequence[Any], there: Any, limit: Any) -> sa.Select[Any]:
        """`id` and `rank` of the first `limit` candidates, after the pair `there` if any."""

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
    there = None
    if follows:
        key = sa.bindparam("after_key", type_=sa.BigInteger)
        there = sa.tuple_(key, sa.bindparam("after_id", type_=sa.Integer))
    limit = sa.bindparam("limit", type_=sa.Integer)
    page = search.page(conditions, there, limit).subquery("page")
    query = source.join(page, page.c.id == Service.id).add_columns(page.c.rank)
    return query.order_by(page.c.rank.desc(), page.c.id.desc())


def ranked_count(search: SearchShape, conditions: Sequence[Any]) -> sa.Select[Any]:
    """How many candidates there are, bounded as they are."""
    ranked = search.candidates(conditions).subquery()
    return sa.select(sa.func.count()).select_from(ranked)
