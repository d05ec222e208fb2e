"""The wire's shape of services and categories."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.core import fields
from marketplace.core.fields import MAX_ID
from marketplace.core.schemas import MAX_LIMIT, BodySchema, OutSchema, PageQuery, PatchSchema
from marketplace.services.listing import ORDERINGS

DURATION_MIN, DURATION_MAX = 5, 1_440
SLUG_MAX = 60


class _Slug(fields.Text):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=SLUG_MAX, **kwargs)


def _name(**kwargs: Any) -> fields.Text:
    return fields.Text(min_length=1, max_length=100, **kwargs)


def _description(**kwargs: Any) -> fields.Text:
    return fields.Text(max_length=5_000, multiline=True, **kwargs)


def _duration(**kwargs: Any) -> fields.Integer:
    return fields.Integer(low=DURATION_MIN, high=DURATION_MAX, **kwargs)


class ServiceIn(BodySchema):
    """A whole service: what POST makes and PUT replaces."""

    name = _name(required=True)
    description = _description(load_default="")
    price = fields.Money(required=True)
    duration_minutes = _duration(required=True)
    category = _Slug(load_default=None, allow_none=True)
    visible = fields.Boolean(load_default=True)


class ServicePatch(PatchSchema):
    name = _name()
    description = _description()
    price = fields.Money()
    duration_minutes = _duration()
    category = _Slug(allow_none=True)
    visible = fields.Boolean()


class ServicesQuery(PageQuery):
    """The filters of contract section 1."""

    name = fields.Text(
        min_length=1, max_length=100, metadata={"description": "Часть названия, регистр не важен"}
    )
    min_price = fields.Money(metadata={"description": "Цена от, ₽"})
    max_price = fields.Money(metadata={"description": "Цена до, ₽"})
    duration_minutes = fields.QueryInteger(low=DURATION_MIN, high=DURATION_MAX)
    specialist = fields.QueryInteger(low=1, high=MAX_ID, metadata={"description": "id специалиста"})
    ordering = fields.Choice(ORDERINGS, load_default="-created_at")


class OwnServicesQuery(ServicesQuery):
    """As the above, but 100 a page: apps in the field do not follow `Link` here."""

    limit = fields.QueryInteger(low=1, high=MAX_LIMIT, load_default=MAX_LIMIT)


class ServiceOut(OutSchema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    price = ma.fields.String(required=True)
    currency = ma.fields.String(required=True)
    duration_minutes = ma.fields.Integer(required=True)
    specialist = ma.fields.Integer(required=True)
    category = ma.fields.String(required=True, allow_none=True)
    visible = ma.fields.Boolean(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
