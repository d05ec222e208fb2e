"""The wire's shape of the catalogue."""

from __future__ import annotations

import marshmallow as ma

from marketplace.core.schemas import OutSchema
from marketplace.services.schemas import ServiceOut


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
