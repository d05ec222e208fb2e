"""Query parameters only the catalogue knows: a point, a radius, a least rating. Pure of HTTP."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import marshmallow as ma

from marketplace.core.fields import CatalogueField, refuse
from marketplace.profile.geography import Point

_DEGREES = r"-?[0-9]{1,3}(\.[0-9]{1,10})?"
_POINT = re.compile(rf"({_DEGREES}),({_DEGREES})", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_POINT_LENGTH = 40
_LATITUDE, _LONGITUDE = 90, 180


class QueryPoint(CatalogueField, ma.fields.String):
    """`latitude,longitude` in degrees."""

    def __init__(self, **kwargs: Any) -> None:
        told = {"maxLength": _POINT_LENGTH, "pattern": f"^{_DEGREES},{_DEGREES}$"}
        super().__init__(metadata={**told, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        found = _POINT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise refuse("point")
        point = Point(float(found[1]), float(found[3]))
        if abs(point.latitude) > _LATITUDE or abs(point.longitude) > _LONGITUDE:
            raise refuse("point")
        return point


class QueryDecimal(CatalogueField, ma.fields.Float):
    """A decimal number in a query string, ASCII digits with a point."""

    _wrong_type = "number"

    def __init__(self, *, low: str, high: str, **kwargs: Any) -> None:
        metadata = {"minimum": float(low), "maximum": float(high), **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self._low, self._high = Decimal(low), Decimal(high)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            raise refuse("number")
        number = Decimal(value)
        if not self._low <= number <= self._high:
            raise refuse("range", min=self._low, max=self._high)
        return number
