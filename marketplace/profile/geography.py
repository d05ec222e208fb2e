"""Points on the Earth: distances, boxes, and the grid that the public sees. Pure.

The public point is the nearest node of a grid of 500 m and depends on nothing but the point itself,
so neither asking again nor asking from many sides tells more than the node.
"""

from __future__ import annotations

from math import asin, cos, degrees, radians, sin, sqrt
from typing import NamedTuple

EARTH_METRES = 6_371_008.8
GRID_METRES = 500
_PLACES = 6
_POLE = 89.0
_HALF_TURN = 180.0
_GRID_DEGREES = degrees(GRID_METRES / EARTH_METRES)


class Point(NamedTuple):
    """Degrees north and east."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """What holds every point of a circle; both ends included."""

    south: float
    north: float
    west: float
    east: float


def public_point(exact: Point) -> Point:
    """The node of the grid that stands for a point."""
    row = round(exact.latitude / _GRID_DEGREES)
    latitude = max(-90.0, min(90.0, row * _GRID_DEGREES))
    if abs(latitude) > _POLE:
        return Point(round(latitude, _PLACES), 0.0)
    step = _GRID_DEGREES / cos(radians(latitude))
    longitude = max(-180.0, min(180.0, round(exact.longitude / step) * step))
    # Adding zero makes no difference but of minus zero.
    return Point(round(latitude, _PLACES) + 0.0, round(longitude, _PLACES) + 0.0)


def distance(one: Point, other: Point) -> int:
    """Whole metres along the great circle."""
    south, north = radians(one.latitude), radians(other.latitude)
    rise = sin((north - south) / 2) ** 2
    turn = sin(radians(other.longitude - one.longitude) / 2) ** 2
    chord = sqrt(min(1.0, rise + cos(south) * cos(north) * turn))
    return round(2 * EARTH_METRES * asin(chord))


def box_around(centre: Point, metres: int) -> Box:
    """A box that holds the circle; all longitudes where it takes in a pole or crosses the line
    between the days.
    """
    # A metre to spare: distances are compared in whole ones.
    angle = (metres + 1) / EARTH_METRES
    south = centre.latitude - degrees(angle)
    north = centre.latitude + degrees(angle)
    reach = cos(radians(centre.latitude))
    if south <= -_POLE or north >= _POLE or sin(angle) >= reach:
        return Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0)
    turn = degrees(asin(sin(angle) / reach))
    west, east = centre.longitude - turn, centre.longitude + turn
    if west < -_HALF_TURN or east > _HALF_TURN:
        return Box(south, north, -180.0, 180.0)
    return Box(south, north, west, east)
