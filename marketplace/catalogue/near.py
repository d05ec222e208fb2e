"""Who is near: public points in a box on an index, the great circle after.

Distances are between what was asked for and the public point, in whole metres: the exact one takes
part in nothing that anybody else can see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from marketplace.core.database import is_sqlite
from marketplace.core.hot import HotQuery
from marketplace.core.paging import Page, Position
from marketplace.profile.geography import EARTH_METRES, Point, box_around
from marketplace.profile.models import Profile
from marketplace.services.filters import of_specialist
from marketplace.services.models import Service

Row = TypeVar("Row")

# An ordering by distance begins with a circle of so many specialists, or fewer.
CANDIDATES = 500
_LEAST_METRES = 100


@dataclass(frozen=True, slots=True)
class Near:
    """A circle asked for."""

    centre: Point
    metres: int

    def parameters(self) -> dict[str, Any]:
        """Statement parameters of `in_box` and `metres_to`."""
        box = box_around(self.centre, self.metres)
        return {
            **box._asdict(),
            "near_latitude": self.centre.latitude,
            "near_longitude": self.centre.longitude,
            "metres": self.metres,
        }


class Columns(NamedTuple):
    """The public point of a profile in a statement."""

    latitude: Any
    longitude: Any


def columns_of(profile: Any) -> Columns:
    """The columns of a profile, or of an alias of it."""
    return Columns(profile.public_latitude, profile.public_longitude)


def in_box(at: Columns) -> sa.ColumnElement[bool]:
    """Whether a public point lies in the box around the circle."""
    return sa.and_(
        at.latitude.between(_degrees("south"), _degrees("north")),
        at.longitude.between(_degrees("west"), _degrees("east")),
    )


def in_circle(at: Columns) -> sa.ColumnElement[bool]:
    """Whether a public point lies in the circle."""
    metres = sa.bindparam("metres", type_=sa.Integer)
    return sa.and_(in_box(at), metres_to(at) <= metres)


def metres_to(at: Columns) -> sa.ColumnElement[int]:
    """Whole metres from the centre along the great circle, as `geography.distance` counts them."""
    latitude, longitude = _degrees("near_latitude"), _degrees("near_longitude")
    south, north = sa.func.radians(latitude), sa.func.radians(at.latitude)
    rise = _squared(sa.func.sin((north - south) / 2.0))
    turn = _squared(sa.func.sin(sa.func.radians(at.longitude - longitude) / 2.0))
    square = rise + sa.func.cos(south) * sa.func.cos(north) * turn
    # No least() on SQLite, no two-argument min() on PostgreSQL.
    chord = sa.case((square > 1.0, 1.0), else_=sa.func.sqrt(square))
    return sa.cast(sa.func.round(2 * EARTH_METRES * sa.func.asin(chord)), sa.Integer)


def _squared(value: Any) -> Any:
    return sa.func.power(value, 2.0, type_=sa.Double)


def _degrees(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Double)


@cache
def _crowd_query(*, sqlite: bool) -> HotQuery:
    found = (
        sa.select(Profile.user_id)
        .where(in_circle(columns_of(Profile)), offers(sqlite))
        .limit(sa.bindparam("most", type_=sa.Integer))
        .subquery()
    )
    return HotQuery(sa.select(sa.func.count()).select_from(found), plan_once=False)


def _crowd(near: Near, most: int) -> int:
    """How many specialists with something on offer there are, counted no further than `most`."""
    query = _crowd_query(sqlite=is_sqlite())
    return int(query.rows({**near.parameters(), "most": most})[0][0])


def nearest(asked: Near, after: Position | None, page_in: Callable[[Near], Page[Row]]) -> Page[Row]:
    """A page in the order of distance. `page_in` reads one within a circle, which is widened until
    the page is full or the circle the one asked for: whoever is outside is farther.
    """
    circle = narrowed(asked)
    while after is not None and circle.metres <= after.key and circle != asked:
        circle = _wider(circle, asked)
    page = page_in(circle)
    while page.next is None and circle != asked:
        circle = _wider(circle, asked)
        page = page_in(circle)
    return page


def _wider(circle: Near, asked: Near) -> Near:
    return replace(circle, metres=min(circle.metres * 2, asked.metres))


def narrowed(near: Near) -> Near:
    """The circle, or the largest of its halves that holds no more than there are candidates. Who
    are all in one place are not left out for being too many.
    """
    most, tried = CANDIDATES, near
    while tried.metres > _LEAST_METRES and _crowd(tried, most + 1) > most:
        half = replace(tried, metres=max(_LEAST_METRES, tried.metres // 2))
        if not _crowd(half, 1):
            break
        tried = half
    return tried


def offers(sqlite: bool) -> sa.Exists:
    """Whether a profile's person has a listed service."""
    listed = of_specialist(sqlite=sqlite).column("listed")
    return sa.exists().where(Service.specialist_id == Profile.user_id, listed == sa.true())


# What `few.found` asks of the services within the box. The plus keeps SQLite from beginning with
# all listed services.
PROBE = (
    "FROM profiles JOIN services ON services.specialist_id = profiles.user_id"
    " AND +services.listed = 1 WHERE public_latitude BETWEEN ? AND ?"
    " AND public_longitude BETWEEN ? AND ?"
)
BOX = ("south", "north", "west", "east")
