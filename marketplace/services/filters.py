"""What lists of services are narrowed by: a table of filters, one line each.

A filter knows its statement parameters and its condition. SQLite, which keeps no statistics, is
also told with which of them to begin (`Way`): where an index finds so few services that they are
better looked up and sorted than met while walking the list in its order. PostgreSQL decides that
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from marketplace.core.money import MAX_KOPECKS, to_kopecks
from marketplace.services import few
from marketplace.services.models import Service

PRICE = sa.type_coerce(Service.price, sa.BigInteger)


@dataclass(frozen=True)
class Steering:
    """Which columns SQLite's planner may use an index for; a unary plus takes the others out."""

    sqlite: bool
    usable: frozenset[str]
    leading: Way | None = None

    def column(self, name: str) -> Any:
        if self.sqlite and name not in self.usable:
            type_ = sa.BigInteger() if name == "price" else Service.__table__.c[name].type
            return sa.literal_column(f"+services.{name}", type_)
        return PRICE if name == "price" else getattr(Service, name)

    def leads(self, way: str) -> bool:
        """Whether SQLite is to begin with what this way finds."""
        return self.sqlite and self.leading is not None and self.leading.name == way


def of_specialist(*, sqlite: bool) -> Steering:
    """Services are found by their specialist."""
    return Steering(sqlite, frozenset({"specialist_id"}))


Parameters = Callable[[Any], dict[str, Any]]
Condition = Callable[[Steering], Any]
# How many services, `few.FEW` at most, a way finds for statement parameters.
Probe = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True, eq=False)
class Filter:
    """A filter by its name in a request made ready."""

    name: str
    parameters: Parameters
    condition: Condition


@dataclass(frozen=True, eq=False)
class Way:
    """What SQLite may begin with when all of `needs` are given, each by any of its parameters.
    `usable` are the columns of the index that is used then.
    """

    name: str
    needs: Sequence[frozenset[str]]
    probe: Probe
    usable: frozenset[str]

    def is_open(self, parameters: Mapping[str, Any]) -> bool:
        """Whether a request has what this way begins with."""
        return all(not names.isdisjoint(parameters) for names in self.needs)


@dataclass(frozen=True, eq=False)
class Table:
    """The filters of a list, and where SQLite may begin; ways through pairs before single ones."""

    filters: Sequence[Filter]
    ways: Sequence[Way]

    def leading(self, parameters: Mapping[str, Any]) -> tuple[Way | None, int]:
        """The way with the fewest services and how many, None when none has few."""
        best: Way | None = None
        least = few.FEW
        for way in self.ways:
            if way.is_open(parameters):
                count = way.probe(parameters)
                if count < least:
                    best, least = way, count
        return best, least


def bound(name: str, type_: Any = None) -> sa.BindParameter[Any]:
    """A statement parameter."""
    return sa.bindparam(name, type_=type_)


def named(name: str) -> Parameters:
    """A value that is its own parameter."""
    return lambda value: {name: value}


def kopecks(name: str) -> Parameters:
    """An amount as a parameter."""
    return lambda value: {name: to_kopecks(value)}


def price_range(parameters: Mapping[str, Any]) -> tuple[int, int]:
    """Both bounds of the price in kopecks, given or not."""
    return parameters.get("min_price", 0), parameters.get("max_price", MAX_KOPECKS)


PRICE_NEEDED = frozenset({"min_price", "max_price"})
_BY_PRICE = "FROM services WHERE listed = 1 AND price BETWEEN ? AND ?"

# Contract section 1; the part of a name is planned apart (`name_search`).
OF_SERVICES = Table(
    (
        Filter(
            "specialist",
            named("specialist"),
            lambda at: at.column("specialist_id") == bound("specialist"),
        ),
        Filter(
            "min_price",
            kopecks("min_price"),
            lambda at: at.column("price") >= bound("min_price", sa.BigInteger),
        ),
        Filter(
            "max_price",
            kopecks("max_price"),
            lambda at: at.column("price") <= bound("max_price", sa.BigInteger),
        ),
        Filter(
            "duration_minutes",
            named("duration"),
            lambda at: at.column("duration_minutes") == bound("duration"),
        ),
    ),
    (
        Way(
            "price",
            (PRICE_NEEDED,),
            lambda given: few.found(_BY_PRICE, *price_range(given)),
            frozenset({"listed", "price"}),
        ),
        Way(
            "duration",
            (frozenset({"duration"}),),
            lambda given: few.found(
                "FROM services WHERE listed = 1 AND duration_minutes = ?", given["duration"]
            ),
            frozenset({"listed", "duration_minutes"}),
        ),
    ),
)
