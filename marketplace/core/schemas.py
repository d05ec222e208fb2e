"""The bases of every schema: what comes in a body, what comes in a query, what goes out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.core import fields
from marketplace.core.fields import refuse

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class BodySchema(ma.Schema):
    """A JSON object; unknown fields are refused."""

    error_messages = {"unknown": "unknown", "type": "object"}
    _unknown_key = "unknown"

    def handle_error(self, error: ma.ValidationError, data: Any, **kwargs: Any) -> None:
        error.messages = _with_messages(error.messages, self._unknown_key)


class PatchSchema(BodySchema):
    """A JSON object of which every field is optional and one at least must be there."""

    @ma.validates_schema(pass_original=False)
    def _something(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data:
            raise ma.ValidationError({"_schema": refuse("empty_patch").messages})


class QuerySchema(BodySchema):
    """Query parameters; unknown ones are refused."""

    _unknown_key = "unknown_parameter"


class PageQuery(QuerySchema):
    """What every list takes: `limit`, `cursor`, `count` (contract, conventions)."""

    limit = fields.QueryInteger(
        low=1,
        high=MAX_LIMIT,
        load_default=DEFAULT_LIMIT,
        metadata={"description": "Сколько строк на странице"},
    )
    cursor = fields.Text(
        min_length=1,
        max_length=500,
        metadata={"description": "Продолжение списка: из заголовка Link прошлой страницы"},
    )
    count = fields.QueryBoolean(
        load_default=False, metadata={"description": "Добавить X-Total-Count"}
    )


class OutSchema(ma.Schema):
    """An answer; its fields are written in the order of declaration."""


def _with_messages(messages: Any, unknown_key: str) -> Any:
    """Marshmallow's own few texts (unknown field, not an object) as messages of the catalogue."""
    if isinstance(messages, dict):
        return {name: _with_messages(value, unknown_key) for name, value in messages.items()}
    keys = {"unknown": unknown_key, "object": "object"}
    return [
        refuse(keys[item]).messages[0] if isinstance(item, str) and item in keys else item
        for item in messages
    ]
