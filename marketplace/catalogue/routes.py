"""/api/services/, /api/categories/: what anyone may find."""

from __future__ import annotations

from typing import Any

from flask import Response

from marketplace.catalogue import queries, schemas, views
from marketplace.core import conditional, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.json import encode
from marketplace.core.permissions import Access, optional_viewer
from marketplace.services import examples
from marketplace.services.listing import Filters
from marketplace.services.queries import category_rows
from marketplace.services.schemas import CategoryOut, ServicesQuery
from marketplace.services.views import json_list

blp = Blueprint("catalogue", __name__, url_prefix="/api")


@blp.operation(
    "GET",
    "/services/",
    access=Access.ANYONE,
    summary="Каталог услуг",
    description="Все видимые услуги с карточкой специалиста, новые первыми.",
    etag=True,
    paged=True,
)
@blp.arguments(ServicesQuery, location="query")
@blp.response(200, schemas.CatalogueServiceOut(many=True), example=[examples.CATALOGUE_SERVICE])
def list_catalogue(query: dict[str, Any]) -> Response:
    ordering = query["ordering"]
    page = queries.catalogue_page(
        Filters.of(query),
        ordering=ordering,
        after=paging.decode_cursor(query.get("cursor"), ordering),
        limit=query["limit"],
        count=query["count"],
    )
    body = json_list([views.catalogue_json(row) for row in page.rows])
    etag = conditional.etag_of([*map(views.row_versions, page.rows), page.next])
    response = conditional.tagged(body, etag, private=False)
    return paging.paged(response, ordering, page.next, page.total)


@blp.operation(
    "GET",
    f"/services/<{ID}:service_id>/",
    access=Access.ANYONE,
    knows_caller=True,
    summary="Услуга",
    etag=True,
)
@blp.response(200, schemas.CatalogueServiceOut, example=examples.CATALOGUE_SERVICE)
def get_catalogue_service(service_id: int) -> Response:
    viewer = optional_viewer()
    row = queries.catalogue_service(viewer, service_id)
    etag = conditional.etag_of(["catalogue", *views.row_versions(row)])
    return conditional.tagged(views.catalogue_json(row), etag, private=viewer is not None)


@blp.operation("GET", "/categories/", access=Access.ANYONE, summary="Категории", etag=True)
@blp.response(200, CategoryOut(many=True), example=examples.CATEGORIES)
def list_categories() -> Response:
    rows = category_rows()
    children: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        if row.parent_id is not None:
            children.setdefault(row.parent_id, []).append({"slug": row.slug, "name": row.name})
    tree = [
        {"slug": row.slug, "name": row.name, "children": children.get(row.id, [])}
        for row in rows
        if row.parent_id is None
    ]
    etag = conditional.etag_of((row.id, row.version) for row in rows)
    return conditional.tagged(encode(tree), etag, private=False)
