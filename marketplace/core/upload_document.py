"""How the document of the API describes a multipart body with one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def upload_body(
    field: str, *, limit: int, content_types: Sequence[str], example: str
) -> dict[str, Any]:
    """The `requestBody` of an operation; `example` is the address of a file to send."""
    # `format` is what makes the documentation page offer to choose a file.
    file = {"type": "string", "format": "binary", "maxLength": limit}
    schema = {
        "type": "object",
        "properties": {field: file},
        "required": [field],
        "additionalProperties": False,
    }
    content = {
        "schema": schema,
        "encoding": {field: {"contentType": ", ".join(content_types)}},
        "examples": {"file": {"summary": field, "externalValue": example}},
    }
    return {"required": True, "content": {"multipart/form-data": content}}
