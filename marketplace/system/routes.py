"""/health/, /ready/, /api/openapi.json and the documentation pages."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import flask_swagger_ui
import marshmallow as ma
from flask import Blueprint as PlainBlueprint
from flask import Response, current_app, send_from_directory

from marketplace.core import conditional
from marketplace.core.api import Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import not_found
from marketplace.core.json import encode
from marketplace.core.permissions import Access, declare_access
from marketplace.core.schemas import OutSchema
from marketplace.system import openapi
from marketplace.system.readiness import Readiness

blp_health = Blueprint("health", __name__)
blp_docs = PlainBlueprint("docs", __name__, url_prefix="/api")

_PAGES = Path(__file__).parent / "pages"
_SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"
_OWN_ASSETS = {"docs.css", "docs.js", "avatar-example.jpg"}
_SWAGGER_ASSETS = {"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"}
_ASSET_SECONDS = 86_400
# Swagger UI sets style attributes and draws its icons from data: addresses.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


open_to_all = partial(declare_access, access=Access.INFRASTRUCTURE)


class HealthOut(OutSchema):
    status = ma.fields.String(required=True)


class ReadyOut(OutSchema):
    status = ma.fields.String(required=True)
    parts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)


@blp_health.operation(
    "GET",
    "/health/",
    access=Access.INFRASTRUCTURE,
    summary="Процесс жив",
    description="База данных не нужна.",
)
@blp_health.response(200, HealthOut, example={"status": "ok"})
def health() -> Response:
    return _fresh({"status": "ok"}, 200)


@blp_health.operation(
    "GET",
    "/ready/",
    access=Access.INFRASTRUCTURE,
    summary="Готов обслуживать",
    description=(
        "База данных, миграции, кэш, очередь сообщений, место на диске: 200 или 503 с состоянием "
        "каждой части, не позже чем через 2 секунды. Без кэша, с опозданием сообщений и когда "
        "места мало, сервер всё же готов."
    ),
)
@blp_health.response(
    200,
    ReadyOut,
    example={
        "status": "ready",
        "parts": {
            "database": "ok",
            "migrations": "ok",
            "cache": "memory",
            "outbox": "ok",
            "disk": "ok",
        },
    },
)
@blp_health.alt_response(  # type: ignore[untyped-decorator]
    503,
    schema=ReadyOut,
    description="Не готов; какая часть виновата, сказано в `parts`",
    example={
        "status": "not_ready",
        "parts": {
            "database": "ok",
            "migrations": "behind",
            "cache": "down",
            "outbox": "unknown",
            "disk": "low",
        },
    },
)
def ready() -> Response:
    readiness: Readiness = current_app.extensions["marketplace_readiness"]
    state = readiness.state(utc_now())
    if state.is_ready:
        return _fresh({"status": "ready", "parts": state.parts}, 200)
    response = _fresh({"status": "not_ready", "parts": state.parts}, 503)
    response.headers["Retry-After"] = "5"
    return response


def _fresh(payload: dict[str, object], status: int) -> Response:
    response = conditional.json_response(encode(payload), status)
    response.headers["Cache-Control"] = "no-store"
    return response


@blp_docs.get("/openapi.json")
@open_to_all
def openapi_document() -> Response:
    text = openapi.document_text(utc_now().date())
    return conditional.tagged(text, conditional.etag_of([text]), private=False)


@blp_docs.get("/docs/")
@open_to_all
def docs_page() -> Response:
    response = send_from_directory(_PAGES, "docs.html", max_age=0)
    response.headers["Content-Security-Policy"] = _DOCS_POLICY
    return response


@blp_docs.get("/docs/assets/<name>")
@open_to_all
def docs_asset(name: str) -> Response:
    if name in _OWN_ASSETS:
        return send_from_directory(_PAGES, name, max_age=_ASSET_SECONDS)
    if name in _SWAGGER_ASSETS:
        return send_from_directory(_SWAGGER, name, max_age=_ASSET_SECONDS)
    raise not_found()
