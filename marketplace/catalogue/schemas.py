"""The wire's shape of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from marketplace.catalogue.near import Near
from marketplace.catalogue.parameters import QueryDecimal, QueryPoint
from marketplace.core import fields
from marketplace.core.fields import refuse
from marketplace.core.schemas import OutSchema, QuerySchema
from marketplace.services.listing import ORDERINGS
from marketplace.services.schemas import (
    DURATION_MAX,
    DURATION_MIN,
    SLUG_MAX,
    ServiceOut,
    ServicesQuery,
)

DEFAULT_RADIUS = 10
_RANGES = (("min_price", "max_price"), ("min_duration", "max_duration"))


class PlaceQuery(QuerySchema):
    """What both lists that know places take; `near` is loaded as a circle."""

    city = fields.Text(
        min_length=1, max_length=100, metadata={"description": "Город, регистр не важен"}
    )
    category = fields.Text(
        min_length=1,
        max_length=SLUG_MAX,
        metadata={"description": "slug категории; её подкатегории тоже"},
    )
    min_rating = QueryDecimal(
        low="1",
        high="5",
        metadata={"description": "Оценка от; у кого оценки нет, тот не подходит"},
    )
    near = QueryPoint(
        metadata={"description": "Широта и долгота через запятую", "example": "55.7558,37.6176"}
    )
    radius_km = QueryDecimal(
        low="0.1",
        high="100",
        metadata={"description": f"Радиус вокруг near, км; по умолчанию {DEFAULT_RADIUS}"},
    )

    @ma.post_load
    def _circle(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        centre = data.get("near")
        if centre is None:
            return data
        kilometres = data.get("radius_km", DEFAULT_RADIUS)
        return {**data, "near": Near(centre, int(kilometres * 1_000))}

    @ma.validates_schema(skip_on_field_errors=True)
    def _near_is_there(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        needs = data.get("radius_km") is not None or data.get("ordering") == "distance"
        if needs and data.get("near") is None:
            raise ma.ValidationError({"near": refuse("required").messages})


class ServiceFilters(PlaceQuery):
    """The catalogue's filters on top of those of contract section 1."""

    min_duration = fields.QueryInteger(
        low=DURATION_MIN, high=DURATION_MAX, metadata={"description": "Длительность от, мин"}
    )
    max_duration = fields.QueryInteger(
        low=DURATION_MIN, high=DURATION_MAX, metadata={"description": "Длительность до, мин"}
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        for low, high in _RANGES:
            if low in data and high in data and data[low] > data[high]:
                raise ma.ValidationError({high: refuse("bounds_reversed").messages})


class CatalogueQuery(ServicesQuery, ServiceFilters):
    ordering = fields.Choice((*ORDERINGS, "-rating", "distance"), load_default="-created_at")


class SpecialistCardOut(OutSchema):
    id = ma.fields.Integer(required=True)
    full_name = ma.fields.String(required=True)
    avatar = ma.fields.String(required=True, allow_none=True)
    avatar_small = ma.fields.String(required=True, allow_none=True)
    city = ma.fields.String(required=True)
    rating = ma.fields.String(required=True, allow_none=True)
    reviews_count = ma.fields.Integer(required=True)


class CatalogueServiceOut(ServiceOut):
    specialist_profile = ma.fields.Nested(SpecialistCardOut, required=True)


class CatalogueRowOut(CatalogueServiceOut):
    """`distance_km` is there when `near` was asked for."""

    distance_km = ma.fields.Float()
