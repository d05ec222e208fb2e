"""From what the blueprints declare to the OpenAPI document that is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import flask_smorest
from flask import Flask

from marketplace.core.api import IdConverter
from marketplace.core.errors import STATUS, Code
from marketplace.core.fields import MAX_ID, Money
from marketplace.core.messages import FIELDS
from marketplace.core.problem_texts import PROBLEMS
from marketplace.core.schemas import PatchSchema

# Stands in examples for a coming working day of the demo specialist, put in its place when the
# document is made.
EXAMPLE_DAY = "2030-01-15"
_MONEY_TYPES = ["string", "number"]
_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_METHODS = ("get", "post", "put", "patch", "delete")
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": [str(code) for code in Code]},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "error_codes": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {"type": "string", "enum": sorted(FIELDS)},
            },
        },
    },
}
_ANSWER_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "Версия ответа", "schema": {"type": "string"}},
    "Link": {
        "description": 'Следующая страница: `<…>; rel="next"`; на последней заголовка нет',
        "schema": {"type": "string"},
    },
    "X-Total-Count": {
        "description": "Всего строк, если передан `count=true`; больше десяти тысяч — `10000+`",
        "schema": {"type": "string", "pattern": "^([0-9]{1,5}|10000\\+)$"},
    },
    "Location": {"description": "Адрес созданного объекта", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Через сколько секунд повторить",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Idempotency-Replayed": {
        "description": "`true`, если это прежний ответ на тот же ключ",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "WWW-Authenticate": {"schema": {"type": "string"}},
}
_REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "If-None-Match": {
        "description": "Прежний ETag: если ничего не изменилось, ответ 304",
        "schema": {"type": "string", "maxLength": 500},
    },
    "If-Match": {
        "description": "Прежний ETag: если объект изменился, ответ 412",
        "schema": {"type": "string", "maxLength": 500},
    },
    "Idempotency-Key": {
        "description": (
            "Ключ повтора: запрос с тем же ключом и телом получит тот же ответ в течение 24 часов"
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
}


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The generator; our own problems stand in for its error answers."""

    def _register_error_handlers(self) -> None:
        pass


def new_api(app: Flask, *, title: str, version: str, description: str) -> Api:
    """Bind the generator; the document is served by our own routes."""
    app.config.update(
        API_TITLE=title,
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": description},
            "components": {
                "securitySchemes": {
                    "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                }
            },
        },
    )
    api = Api(app)
    api.register_converter(
        IdConverter, lambda _: {"type": "integer", "minimum": 1, "maximum": MAX_ID}
    )
    api.ma_plugin.converter.add_attribute_function(_money)
    return api


def _money(_converter: object, field: object, **_: object) -> dict[str, Any]:
    if not isinstance(field, Money):
        return {}
    return {"type": _MONEY_TYPES, "maxLength": 11, "minimum": 0, "maximum": 99_999_999.99}


def document(
    api: Api,
    tags: Mapping[str, str],
    *,
    examples: Mapping[str, int],
    own_examples: Mapping[str, Mapping[str, int]],
    any_of: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The finished document: tags in order, every error answer with its codes, headers.

    `examples` are of the parameters in paths, by name; `own_examples` of one operation's, by its
    id; `any_of` names the bodies that need at least one of some fields.
    """
    spec: dict[str, Any] = deepcopy(api.spec.to_dict())
    spec["tags"] = [{"name": name, "description": text} for name, text in tags.items()]
    components = spec.setdefault("components", {})
    components["headers"] = _ANSWER_HEADERS
    components.pop("responses", None)
    schemas = components.setdefault("schemas", {})
    for unused in ("Error", "PaginationMetadata"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    for key, name in api.ma_plugin.converter.refs.items():
        if issubclass(key[0], PatchSchema):
            schemas[name]["minProperties"] = 1
    for name, fields in any_of.items():
        schemas[name]["anyOf"] = [{"required": [field]} for field in fields]
    for path in spec["paths"].values():
        for parameter in path.get("parameters", ()):
            parameter["example"] = examples[parameter["name"]]
        for method in _METHODS:
            if method in path:
                own = own_examples.get(path[method]["operationId"], {})
                _override_examples(path[method], path.get("parameters", ()), own)
                _finish(path[method])
    return spec


def _override_examples(
    operation: dict[str, Any], in_path: Sequence[dict[str, Any]], own: Mapping[str, int]
) -> None:
    for parameter in in_path:
        if parameter["name"] in own:
            shown = {**parameter, "example": own[parameter["name"]]}
            operation.setdefault("parameters", []).append(shown)


def _finish(operation: dict[str, Any]) -> None:
    codes = [Code(code) for code in operation.pop("x-codes", [])]
    flags = operation.pop("x-headers", {})
    for parameter in operation.get("parameters", ()):
        if parameter["schema"]["type"] == _MONEY_TYPES:
            parameter["schema"]["type"] = "string"  # as everything in a query
    # References are to the generator's own errors.
    responses = {
        status: answer for status, answer in operation["responses"].items() if "$ref" not in answer
    }
    for status, answer in responses.items():
        if status.startswith("2"):
            _add_answer_headers(answer, flags)
        else:
            _add_error_header(answer, int(status))
    if flags.get("etag") and "200" in responses and "requestBody" not in operation:
        responses["304"] = {"description": "Не изменилось: клиент держит эту версию"}
        _add_parameter(operation, "If-None-Match")
    if flags.get("idempotent"):
        _add_parameter(operation, "Idempotency-Key")
    if flags.get("if_match"):
        _add_parameter(operation, "If-Match")
    for status in sorted({STATUS[code] for code in codes}):
        responses[str(status)] = _error_answer([c for c in codes if STATUS[c] == status])
    operation["responses"] = dict(sorted(responses.items()))


def _add_answer_headers(answer: dict[str, Any], flags: dict[str, bool]) -> None:
    names = []
    names += ["ETag"] if flags.get("etag") else []
    names += ["Link", "X-Total-Count"] if flags.get("paged") else []
    names += ["Location"] if flags.get("location") else []
    names += ["Idempotency-Replayed"] if flags.get("idempotent") else []
    if names:
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _add_parameter(operation: dict[str, Any], name: str) -> None:
    parameter = {"name": name, "in": "header", "required": False, **_REQUEST_HEADERS[name]}
    operation.setdefault("parameters", []).append(parameter)


def _error_answer(codes: list[Code]) -> dict[str, Any]:
    status = STATUS[codes[0]]
    lines = [f"`{code}` — {PROBLEMS[code][0][1]}" for code in codes]
    title, detail = PROBLEMS[codes[0]][0]
    example = {
        "type": f"urn:marketplace:problem:{codes[0]}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": str(codes[0]),
    }
    answer: dict[str, Any] = {
        "description": "\n\n".join(lines),
        "content": {"application/problem+json": {"schema": _PROBLEM_REF, "example": example}},
    }
    _add_error_header(answer, status)
    return answer


def _add_error_header(answer: dict[str, Any], status: int) -> None:
    header = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    if header:
        answer["headers"] = {header: {"$ref": f"#/components/headers/{header}"}}
