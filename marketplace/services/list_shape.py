"""What decides the text of a list's statement, and its conditions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa

from marketplace.core import many
from marketplace.services import name_search
from marketplace.services.filters import Filter, Steering, Way
from marketplace.services.list_sources import Also, Key, Source
from marketplace.services.models import Service
from marketplace.services.name_search import Plan
from marketplace.services.ranking import RELEVANCE, SearchShape


class Scope(Enum):
    """Whose services a list is about."""

    LISTED = "listed"
    OWN = "own"


@dataclass(frozen=True)
class Shape:
    """All that decides a statement's text."""

    source: Source
    scope: Scope
    filters: tuple[Filter, ...]
    plan: Plan | None
    ordering: str
    follows: bool
    sqlite: bool
    leading: Way | None
    also: Also | None
    begins: bool
    search: SearchShape | None

    @property
    def is_ranked(self) -> bool:
        return self.ordering == RELEVANCE

    @property
    def descends(self) -> bool:
        return self.ordering.startswith("-")

    @property
    def key(self) -> Key:
        return self.source.keys[self.ordering.removeprefix("-")]


def conditions(shape: Shape, *, but_also: bool = False) -> list[Any]:
    """What a shape asks of a service, with or without the other part's condition."""
    steered = steering(shape)
    found: list[Any] = []
    if shape.scope is Scope.OWN:
        found += [Service.specialist_id == sa.bindparam("owner_id"), Service.archived_at.is_(None)]
    else:
        found.append(steered.column("listed") == sa.true())
    found += [each.condition(steered) for each in shape.filters]
    if shape.plan is not None:
        found += name_search.conditions(shape.plan)
    if shape.begins:
        found.append(many.among(Service.specialist_id, "begins", sqlite=shape.sqlite))
    if shape.also is not None and not but_also:
        found.append(shape.also.condition)
    if shape.search is not None and not shape.is_ranked:
        found.append(shape.search.condition())
    return found


def steering(shape: Shape) -> Steering:
    """What SQLite's planner may use. It keeps no statistics, guesses that a range on the price is
    narrow, and then sorts thousands of rows for a page of twenty. What stays to it is the index of
    a search or of trigrams when it has few matches, a specialist's own index, that of a way with
    few, else the ordering's, behind the columns that are known to be equal. PostgreSQL is left
    alone.
    """
    names = {each.name for each in shape.filters}
    searched = shape.search is not None and (shape.is_ranked or shape.search.leads)
    if shape.plan is Plan.TRIGRAMS or searched:
        usable = set()
    elif (
        "specialist" in names
        or shape.scope is Scope.OWN
        or shape.source.begins_elsewhere
        or shape.begins
    ):
        usable = {"specialist_id"}
    elif shape.leading is not None:
        usable = set(shape.leading.usable)
    else:
        usable = {"listed", shape.key.column, *_equal(names, shape.key.column)}
    return Steering(shape.sqlite, frozenset(usable), shape.leading)


def _equal(names: set[str], ordered_by: str) -> tuple[str, ...]:
    """The columns of one index that stand before the ordering's."""
    if ordered_by == "created_at" and {"city", "category_id"} <= names:
        return ("city_folded", "category_id")
    if ordered_by in ("created_at", "price"):
        for name, column in (("city", "city_folded"), ("category_id", "category_id")):
            if name in names:
                return (column,)
    return ("duration_minutes",) if "duration_minutes" in names else ()


def ordered_by(key: Key, steered: Steering) -> Any:
    """A key, out of the planner's sight as other columns are: else it would rather walk in its
    order than sort the few there are.
    """
    return steered.column(key.column) if key.column else key.expression
