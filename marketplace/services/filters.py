"""What lists of services are narrowed by: a table of filters, one line each.

A filter knows its statement parameters and its condition. On SQLite, which keeps no statistics, it
may also know whether so few services match that they are better looked up and sorted than met while
walking the list in its order; PostgreSQL decides that itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from marketplace.core.money import to_kopecks
from marketplace.services.models import Service

PRICE = sa.type_coerce(Service.price, sa.BigInteger)


@dataclass(frozen=True)
class Steering:
    """Which columns SQLite's planner may use an index for; a unary plus takes the others out."""

    sqlite: bool
    usable: frozenset[str]
    leading: Filter | None = None

    def column(self, name: str) -> Any:
        if self.sqlite and name not in self.usable:
            type_ = sa.BigInteger() if name == "price" else Service.__table__.c[name].type
            return sa.literal_column(f"+services.{name}", type_)
        return PRICE if name == "price" else getattr(Service, name)

    def leads(self, name: str) -> bool:
        """Whether SQLite is to begin with what this filter finds."""
        return self.sqlite and self.leading is not None and self.leading.name == name


Parameters = Callable[[Any], dict[str, Any]]
Condition = Callable[[Steering], Any]
# Of (parameters, ordering).
IsFew = Callable[[Mapping[str, Any], str], bool]


@dataclass(frozen=True, eq=False)
class Filter:
    """`usable` are the columns of an index that SQLite may use when this filter leads."""

    name: str
    parameters: Parameters
    condition: Condition
    is_few: IsFew | None = None
    usable: frozenset[str] = frozenset({"specialist_id"})


def bound(name: str, type_: Any = None) -> sa.BindParameter[Any]:
    """A statement parameter."""
    return sa.bindparam(name, type_=type_)


def named(name: str) -> Parameters:
    """A value that is its own parameter."""
    return lambda value: {name: value}


def kopecks(name: str) -> Parameters:
    """An amount as a parameter."""
    return lambda value: {name: to_kopecks(value)}


# Contract section 1; the part of a name is planned apart (`name_search`).
OF_SERVICES = (
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
)
