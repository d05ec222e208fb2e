"""/api/auth/services/: the services as apps in the field know them."""

from __future__ import annotations

from typing import Any

from flask import Response

from marketplace.core import conditional, idempotency, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.permissions import Access, optional_viewer, viewer
from marketplace.services import examples, operations, queries, schemas, views
from marketplace.services.models import Service

blp = Blueprint("services", __name__, url_prefix="/api/auth/services")


@blp.operation(
    "GET",
    "/",
    access=Access.ANYONE,
    knows_caller=True,
    summary="Услуги: свои или все",
    description=(
        "Специалист видит только свои услуги, скрытые тоже; все остальные — все видимые. "
        "По умолчанию 100 строк, новые первыми."
    ),
    etag=True,
    paged=True,
)
@blp.arguments(schemas.OwnServicesQuery, location="query")
@blp.response(200, schemas.ServiceOut(many=True), example=[examples.SERVICE])
def list_services(query: dict[str, Any]) -> Response:
    ordering = query["ordering"]
    page = queries.list_services(
        optional_viewer(),
        query,
        ordering=ordering,
        after=paging.decode_cursor(query.get("cursor"), ordering),
        limit=query["limit"],
        count=query["count"],
    )
    body = views.json_list([views.service_json(row) for row in page.rows])
    versions = [(row[0], row[views.WIDTH - 1]) for row in page.rows]
    etag = conditional.etag_of([*versions, page.next])
    response = conditional.tagged(body, etag, private=optional_viewer() is not None)
    return paging.paged(response, ordering, page.next, page.total)


@blp.operation(
    "POST",
    "/",
    access=Access.SPECIALIST,
    summary="Добавить услугу",
    description="Войдите как специалист (demo_specialist).",
    etag=True,
    location=True,
    idempotent=True,
)
@blp.arguments(schemas.ServiceIn, example=examples.SERVICE_IN)
@blp.response(201, schemas.ServiceOut, example=examples.SERVICE)
def create_service(body: dict[str, Any]) -> Response:
    user_id, now = viewer().user_id, utc_now()

    def perform() -> Response:
        service_id = operations.create_service(user_id, body, now)
        response = _answer(service_id, 201)
        response.headers["Location"] = f"/api/auth/services/{service_id}/"
        return response

    return idempotency.once(user_id, perform, now)


@blp.operation(
    "GET",
    f"/<{ID}:service_id>/",
    access=Access.ANYONE,
    knows_caller=True,
    summary="Одна услуга",
    etag=True,
)
@blp.response(200, schemas.ServiceOut, example=examples.SERVICE)
def get_service(service_id: int) -> Response:
    row = queries.one_service(optional_viewer(), service_id)
    etag = _etag(views.ServiceRow(*row))
    return conditional.tagged(views.service_json(row), etag, private=optional_viewer() is not None)


@blp.operation(
    "PATCH",
    f"/<{ID}:service_id>/",
    access=Access.SPECIALIST,
    summary="Изменить услугу",
    description="Меняет только переданные поля. Чужая услуга — 404.",
    etag=True,
    if_match=True,
)
@blp.arguments(schemas.ServicePatch, example=examples.SERVICE_PATCH)
@blp.response(200, schemas.ServiceOut, example=examples.SERVICE)
def patch_service(body: dict[str, Any], service_id: int) -> Response:
    return _change(body, service_id)


@blp.operation(
    "PUT",
    f"/<{ID}:service_id>/",
    access=Access.SPECIALIST,
    summary="Заменить услугу",
    description="Не переданные необязательные поля получают значения по умолчанию.",
    etag=True,
    if_match=True,
)
@blp.arguments(schemas.ServiceIn, example=examples.SERVICE_IN)
@blp.response(200, schemas.ServiceOut, example=examples.SERVICE)
def put_service(body: dict[str, Any], service_id: int) -> Response:
    return _change(body, service_id)


@blp.operation(
    "DELETE",
    f"/<{ID}:service_id>/",
    access=Access.SPECIALIST,
    summary="Удалить услугу",
    description="Услуга, на которую есть записи, уходит в архив.",
    if_match=True,
)
@blp.response(204)
def delete_service(service_id: int) -> Response:
    operations.delete_service(
        viewer().user_id, service_id, require_match=_require_match, now=utc_now()
    )
    return Response(status=204)


def _change(body: dict[str, Any], service_id: int) -> Response:
    operations.change_service(
        viewer().user_id, service_id, body, require_match=_require_match, now=utc_now()
    )
    return _answer(service_id, 200)


def _answer(service_id: int, status: int) -> Response:
    row = queries.one_service(viewer(), service_id)
    response = conditional.json_response(views.service_json(row), status)
    return conditional.with_etag(response, _etag(views.ServiceRow(*row)), private=True)


def _require_match(service: Service) -> None:
    conditional.require_match(_etag(service))


def _etag(row: Any) -> str:
    return conditional.etag_of(["service", row.id, row.version])
