"""The wire's shape of push devices."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma

from marketplace.core import fields
from marketplace.core.fields import refuse
from marketplace.core.schemas import BodySchema, OutSchema

PLATFORMS = ("android", "ios", "web")
# The longest seen are under 300; an index entry holds no more than some 2,700 bytes.
TOKEN_MAX = 1024
_TOKEN = re.compile(r"[\x21-\x7e]+")


class DeviceIn(BodySchema):
    """What the push service gave the app."""

    token = fields.Text(
        min_length=1,
        max_length=TOKEN_MAX,
        required=True,
        metadata={"description": "Токен FCM, как его получило приложение"},
    )
    platform = fields.Choice(PLATFORMS, required=True)

    @ma.validates_schema
    def _visible(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not _TOKEN.fullmatch(data["token"]):
            raise ma.ValidationError({"token": refuse("push_token").messages})


class DeviceOut(OutSchema):
    id = ma.fields.Integer()
    platform = ma.fields.String(metadata={"enum": list(PLATFORMS)})
