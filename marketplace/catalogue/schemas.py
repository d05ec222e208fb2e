"""The wire's shape of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from marketplace.catalogue.near import Near
from marketplace.catalogue.orderings import DISTANCE, NEWEST, OF_SERVICES, OF_SPECIALISTS
from marketplace.catalogue.parameters import QueryDecimal, QueryPoint
from marketplace.core import fields
from marketplace.core.fields import refuse
from marketplace.core.schemas import OutSchema, PageQuery, QuerySchema
from marketplace.core.time_fields import Date, WallTime
from marketplace.profile.models import MAX_EXPERIENCE_YEARS
from marketplace.profile.schemas import ProfileOut, PublicPlaceOut
from marketplace.schedule.schemas import WeeklyIntervalOut
from marketplace.services.schemas import (
    DURATION_MAX,
    DURATION_MIN,
    SLUG_MAX,
    ServiceOut,
    ServicesQuery,
)

DEFAULT_RADIUS = 10
DAY_MINUTES = 1_440
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
        needs = data.get("radius_km") is not None or data.get("ordering") == DISTANCE
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


class WindowQuery(QuerySchema):
    """When whoever is looked for is to be free."""

    available_on = Date(
        metadata={"description": "Только услуги, на которые в эту дату можно записаться"}
    )
    available_from = WallTime(metadata={"description": "Начало не раньше; с available_on"})
    available_to = WallTime(
        end_of_day=True, metadata={"description": "Начало раньше этого; с available_on"}
    )
    tz = fields.TimeZone(
        metadata={"description": "Пояс этой даты и времени; по умолчанию пояс специалиста"}
    )

    @ma.validates_schema
    def _a_window(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "available_on" not in data:
            for name in ("available_from", "available_to", "tz"):
                if name in data:
                    raise ma.ValidationError({name: refuse("without_available_on").messages})
        elif data.get("available_from", 0) >= data.get("available_to", DAY_MINUTES):
            raise ma.ValidationError({"available_to": refuse("interval_reversed").messages})


def _question(**kwargs: Any) -> fields.Text:
    metadata = {
        "description": "Слова в любой форме; последнее может быть не дописано",
        "example": "мас",
    }
    return fields.Text(min_length=1, max_length=100, metadata=metadata, **kwargs)


class CatalogueQuery(ServicesQuery, ServiceFilters, WindowQuery):
    q = _question()
    ordering = fields.Choice(
        OF_SERVICES,
        metadata={
            "description": "По умолчанию -created_at, а с q — relevance; без q relevance значит"
            " -created_at"
        },
    )
    facets = fields.QueryBoolean(
        load_default=False,
        metadata={"description": "Добавить в Link ссылку rel=facets на число услуг по категориям"},
    )


class FacetsQuery(CatalogueQuery):
    """The filters of the list, without what makes pages of it."""

    class Meta:
        exclude = ("limit", "cursor", "count", "ordering", "facets")


class DirectoryQuery(PageQuery, PlaceQuery):
    q = fields.Text(
        min_length=1, max_length=100, metadata={"description": "Часть имени, регистр не важен"}
    )
    min_experience = fields.QueryInteger(
        low=0, high=MAX_EXPERIENCE_YEARS, metadata={"description": "Стаж от, лет"}
    )
    # It may hold a whole name.
    cursor = fields.Text(
        min_length=1,
        max_length=6_000,
        metadata={"description": "Продолжение списка: из заголовка Link прошлой страницы"},
    )
    ordering = fields.Choice(OF_SPECIALISTS, load_default=NEWEST)


class CitiesQuery(PageQuery):
    """The most used come first."""


class SuggestQuery(QuerySchema):
    q = _question(required=True)


class SuggestionsOut(OutSchema):
    names = ma.fields.List(ma.fields.String(), required=True)
    categories = ma.fields.List(ma.fields.String(), required=True)
    specialists = ma.fields.List(ma.fields.String(), required=True)


class SpecialistCardOut(OutSchema):
    id = ma.fields.Integer(required=True)
    full_name = ma.fields.String(required=True)
    avatar = ma.fields.String(required=True, allow_none=True)
    avatar_small = ma.fields.String(required=True, allow_none=True)
    city = ma.fields.String(required=True)
    rating = ma.fields.String(required=True, allow_none=True)
    reviews_count = ma.fields.Integer(required=True)


def _next_slot() -> ma.fields.String:
    told = (
        "Ближайшее время, на которое можно записаться, в поясе специалиста; null, если его нет или"
        " оно неизвестно"
    )
    return ma.fields.String(
        required=True, allow_none=True, metadata={"format": "date-time", "description": told}
    )


class CatalogueServiceOut(ServiceOut):
    specialist_profile = ma.fields.Nested(SpecialistCardOut, required=True)
    next_slot = _next_slot()


class CatalogueRowOut(CatalogueServiceOut):
    """`distance_km` is there when `near` was asked for."""

    distance_km = ma.fields.Float()


class CategoryCountOut(OutSchema):
    slug = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class CityCountOut(OutSchema):
    city = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class PriceBandOut(OutSchema):
    """Both ends included, as `min_price` and `max_price` take them."""

    min_price = ma.fields.String(required=True)
    max_price = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class FacetsOut(OutSchema):
    """`approximate`: more services match than were counted."""

    categories = ma.fields.List(ma.fields.Nested(CategoryCountOut), required=True)
    cities = ma.fields.List(ma.fields.Nested(CityCountOut), required=True)
    price_bands = ma.fields.List(ma.fields.Nested(PriceBandOut), required=True)
    approximate = ma.fields.Boolean(required=True)


class CityOut(OutSchema):
    city = ma.fields.String(required=True)
    specialists_count = ma.fields.Integer(required=True)


class CountedCategoryNode(OutSchema):
    slug = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    services_count = ma.fields.Integer(required=True)


class CountedCategoryOut(CountedCategoryNode):
    children = ma.fields.List(ma.fields.Nested(CountedCategoryNode), required=True)


class SpecialistOut(SpecialistCardOut):
    """`distance_km` is there when `near` was asked for."""

    experience_years = ma.fields.Integer(required=True)
    place = ma.fields.Nested(PublicPlaceOut, required=True, allow_none=True)
    distance_km = ma.fields.Float()
    next_slot = _next_slot()


class PageServiceOut(ServiceOut):
    next_slot = _next_slot()


class SpecialistPageOut(ProfileOut):
    rating = ma.fields.String(required=True, allow_none=True)
    reviews_count = ma.fields.Integer(required=True)
    hours = ma.fields.List(ma.fields.Nested(WeeklyIntervalOut), required=True)
    hours_text = ma.fields.List(ma.fields.String(), required=True)
    next_slot = _next_slot()
    services = ma.fields.List(ma.fields.Nested(PageServiceOut), required=True)
