"""The wire's shape of profiles."""

from __future__ import annotations

import marshmallow as ma

from marketplace.core import fields
from marketplace.core.schemas import BodySchema, OutSchema, PatchSchema
from marketplace.profile.models import MAX_EXPERIENCE_YEARS

MAX_LINKS = 5
LINK_MAX = 500


ADDRESS_MAX = 255


class PlaceIn(BodySchema):
    """Where a person works. The public sees a point rounded to 500 m and no address."""

    latitude = fields.Coordinate(low=-90, high=90, required=True)
    longitude = fields.Coordinate(low=-180, high=180, required=True)
    address = fields.Text(max_length=ADDRESS_MAX, load_default="")


class ProfilePatch(PatchSchema):
    full_name = fields.Text(max_length=255)
    bio = fields.Text(max_length=5_000, multiline=True)
    city = fields.Text(max_length=100)
    experience_years = fields.Integer(low=0, high=MAX_EXPERIENCE_YEARS)
    timezone = fields.TimeZone()
    links = fields.Items(fields.HttpsUrl(max_length=LINK_MAX), max_items=MAX_LINKS)
    place = fields.Nested(PlaceIn, allow_none=True)


class PublicPlaceOut(OutSchema):
    """The node of a 500 m grid that stands for the place."""

    latitude = ma.fields.Float(required=True)
    longitude = ma.fields.Float(required=True)


class ExactPlaceOut(PublicPlaceOut):
    address = ma.fields.String(required=True)


class ProfileOut(OutSchema):
    id = ma.fields.Integer(required=True)
    full_name = ma.fields.String(required=True)
    avatar = ma.fields.String(required=True, allow_none=True)
    avatar_small = ma.fields.String(required=True, allow_none=True)
    bio = ma.fields.String(required=True)
    city = ma.fields.String(required=True)
    experience_years = ma.fields.Integer(required=True)
    timezone = ma.fields.String(required=True)
    links = ma.fields.List(ma.fields.String(), required=True)
    place = ma.fields.Nested(PublicPlaceOut, required=True, allow_none=True)


class OwnProfileOut(ProfileOut):
    place = ma.fields.Nested(ExactPlaceOut, required=True, allow_none=True)
