"""The catalogue's own filters of services: one line each in `OF_CATALOGUE`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.catalogue import near
from marketplace.catalogue.near import Near
from marketplace.core import many, text
from marketplace.profile.models import Profile
from marketplace.services import few
from marketplace.services.filters import (
    OF_SERVICES,
    PRICE_NEEDED,
    Filter,
    Probe,
    Steering,
    Table,
    Way,
    bound,
    named,
    price_range,
)
from marketplace.services.models import Service

_LONGEST = 1_440


def _city(at: Steering) -> Any:
    return at.column("city_folded") == bound("city", sa.Text)


def _category(at: Steering) -> Any:
    return at.column("category_id") == bound("category")


def _branch(at: Steering) -> Any:
    return many.among(at.column("category_id"), "branch", sqlite=at.sqlite)


def _branch_parameters(ids: tuple[int, ...]) -> dict[str, Any]:
    return {"branch": many.values(ids)}


def _min_duration(at: Steering) -> Any:
    return at.column("duration_minutes") >= bound("min_duration")


def _max_duration(at: Steering) -> Any:
    return at.column("duration_minutes") <= bound("max_duration")


def _durations(parameters: Mapping[str, Any]) -> tuple[int, int]:
    return parameters.get("min_duration", 0), parameters.get("max_duration", _LONGEST)


def _near(at: Steering) -> Any:
    if at.leads("near"):
        within = near.in_circle(near.columns_of(Profile))
        return Service.specialist_id.in_(sa.select(Profile.user_id).where(within))
    holder = aliased(Profile, name="place_holder")
    columns = near.columns_of(holder)
    if at.sqlite:
        columns = near.Columns(
            sa.literal_column("+place_holder.public_latitude", sa.Double),
            sa.literal_column("+place_holder.public_longitude", sa.Double),
        )
    return (
        sa.select(sa.literal_column("1"))
        .where(holder.user_id == Service.specialist_id, near.in_circle(columns))
        .correlate(Service)
        .exists()
    )


def _near_probe(parameters: Mapping[str, Any]) -> int:
    return few.found(near.PROBE, *(parameters[name] for name in near.BOX))


# What an index finds: its condition in SQLite's words, and the values of that.
_PARTS: dict[str, tuple[frozenset[str], str, Any, frozenset[str]]] = {
    "city": (
        frozenset({"city"}),
        "city_folded = ?",
        lambda given: (given["city"],),
        frozenset({"city_folded"}),
    ),
    "category": (
        frozenset({"category"}),
        "category_id = ?",
        lambda given: (given["category"],),
        frozenset({"category_id"}),
    ),
    "branch": (
        frozenset({"branch"}),
        "category_id IN (SELECT value FROM json_each(?))",
        lambda given: (given["branch"],),
        frozenset({"category_id"}),
    ),
    "price": (PRICE_NEEDED, "price BETWEEN ? AND ?", price_range, frozenset({"price"})),
    "durations": (
        frozenset({"min_duration", "max_duration"}),
        "duration_minutes BETWEEN ? AND ?",
        _durations,
        frozenset({"duration_minutes"}),
    ),
}


def _way(*names: str) -> Way:
    parts = [_PARTS[name] for name in names]
    probe = " AND ".join(["FROM services WHERE listed = 1", *(part[1] for part in parts)])
    values = [part[2] for part in parts]
    found: Probe = lambda given: few.found(probe, *(v for of in values for v in of(given)))  # noqa: E731
    usable = frozenset({"listed"}).union(*(part[3] for part in parts))
    return Way("+".join(names), [part[0] for part in parts], found, usable)


_NEAR = Way("near", (frozenset(near.BOX),), _near_probe, frozenset({"specialist_id"}))

OF_CATALOGUE = Table(
    (
        *OF_SERVICES.filters,
        Filter("city", lambda city: {"city": text.caseless(city)}, _city),
        Filter("category_id", named("category"), _category),
        Filter("branch", _branch_parameters, _branch),
        Filter("near", Near.parameters, _near),
        Filter("min_duration", named("min_duration"), _min_duration),
        Filter("max_duration", named("max_duration"), _max_duration),
        # Nobody has a rating before there are reviews, and who has none matches no least one.
        Filter("min_rating", lambda _: {}, lambda _: sa.false()),
    ),
    (
        _way("city", "category"),
        _way("city", "branch"),
        _way("city", "price"),
        _way("category", "price"),
        _way("branch", "price"),
        _way("city"),
        _way("category"),
        _way("branch"),
        _way("durations"),
        _NEAR,
        *OF_SERVICES.ways,
    ),
)

# The same filters where SQLite is to begin with the circle, however many are within.
NEAREST = Table(OF_CATALOGUE.filters, (replace(_NEAR, probe=lambda _: 0),))
