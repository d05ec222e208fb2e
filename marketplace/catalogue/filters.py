"""The catalogue's own filters of services: one line each in `OF_CATALOGUE`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from marketplace.catalogue import near
from marketplace.catalogue.few import is_few
from marketplace.catalogue.near import Near, is_sqlite
from marketplace.core import text
from marketplace.profile.models import Profile
from marketplace.services.filters import OF_SERVICES, Filter, Steering, bound, named
from marketplace.services.models import Service

_LONGEST = 1_440
_BY_DATE = frozenset({"-created_at", "created_at", "-rating"})


def _city(at: Steering) -> Any:
    city = bound("city", sa.Text)
    if at.leads("city"):
        return Service.specialist_id.in_(
            sa.select(Profile.user_id).where(Profile.city_folded == city)
        )
    holder = aliased(Profile, name="city_holder")
    # Found by the service it belongs to, not by the city.
    folded: Any = holder.city_folded
    if at.sqlite:
        folded = sa.literal_column("+city_holder.city_folded", sa.Text)
    return (
        sa.select(sa.literal_column("1"))
        .where(holder.user_id == Service.specialist_id, folded == city)
        .correlate(Service)
        .exists()
    )


def _city_is_few(parameters: Mapping[str, Any], _ordering: str) -> bool:
    probe = (
        "FROM profiles JOIN services ON services.specialist_id = profiles.user_id"
        " AND services.listed = 1 WHERE profiles.city_folded = ?"
    )
    return is_few(probe, parameters["city"])


def _category(at: Steering) -> Any:
    return at.column("category_id") == bound("category")


def _category_is_few(parameters: Mapping[str, Any], ordering: str) -> bool:
    # Its index is in the order of creation already.
    if ordering in _BY_DATE:
        return True
    probe = "FROM services WHERE listed = 1 AND category_id = ?"
    return is_few(probe, parameters["category"])


def _branch(at: Steering) -> Any:
    if not at.sqlite:
        return Service.category_id == sa.func.any(bound("branch", postgresql.ARRAY(sa.Integer)))
    column = at.column("category_id")
    ids = sa.func.json_each(bound("branch", sa.Text)).table_valued("value")
    return column.in_(sa.select(ids.c.value))


def _branch_parameters(ids: tuple[int, ...]) -> dict[str, Any]:
    return {"branch": json.dumps(ids) if is_sqlite() else list(ids)}


def _branch_is_few(parameters: Mapping[str, Any], _ordering: str) -> bool:
    probe = "FROM services WHERE listed = 1 AND category_id IN (SELECT value FROM json_each(?))"
    return is_few(probe, parameters["branch"])


def _min_duration(at: Steering) -> Any:
    return at.column("duration_minutes") >= bound("min_duration")


def _max_duration(at: Steering) -> Any:
    return at.column("duration_minutes") <= bound("max_duration")


def _durations_are_few(parameters: Mapping[str, Any], _ordering: str) -> bool:
    probe = "FROM services WHERE listed = 1 AND duration_minutes BETWEEN ? AND ?"
    low, high = parameters.get("min_duration", 0), parameters.get("max_duration", _LONGEST)
    return is_few(probe, low, high)


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


def _near_is_few(parameters: Mapping[str, Any], _ordering: str) -> bool:
    probe, values = near.PROBE, [parameters[name] for name in near.BOX]
    return is_few(probe, *values)


_LISTED_DURATION = frozenset({"listed", "duration_minutes"})

OF_CATALOGUE = (
    *OF_SERVICES,
    Filter("city", lambda city: {"city": text.caseless(city)}, _city, _city_is_few),
    Filter(
        "category_id",
        named("category"),
        _category,
        _category_is_few,
        frozenset({"listed", "category_id"}),
    ),
    Filter(
        "branch", _branch_parameters, _branch, _branch_is_few, frozenset({"listed", "category_id"})
    ),
    Filter("near", Near.parameters, _near, _near_is_few),
    Filter(
        "min_duration", named("min_duration"), _min_duration, _durations_are_few, _LISTED_DURATION
    ),
    Filter(
        "max_duration", named("max_duration"), _max_duration, _durations_are_few, _LISTED_DURATION
    ),
    # Nobody has a rating before there are reviews, and who has none matches no least one.
    Filter("min_rating", lambda _: {}, lambda _: sa.false()),
)
