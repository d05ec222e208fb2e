"""/api/services/, /api/categories/: what anyone may find."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response

from marketplace.catalogue import queries, schemas, views
from marketplace.catalogue.near import CANDIDATES, Near
from marketplace.core import conditional, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.json import encode
from marketplace.core.permissions import Access, optional_viewer
from marketplace.services import examples
from marketplace.services.queries import category_rows
from marketplace.services.schemas import CategoryOut
from marketplace.services.views import json_list

_LIST = f"""\
Все видимые услуги с карточкой специалиста, новые первыми. Фильтры сочетаются.

Отзывов пока нет, а значит и оценок: `min_rating` не находит ничего, `ordering=-rating` ставит новые
первыми.

`near` с `radius_km` оставляет тех, кто рядом, и добавляет строкам `distance_km` — до точки, которую
видят все (она округлена до 500 м). `ordering=distance` просматривает не больше {CANDIDATES}
специалистов: где их больше, радиус уменьшается вдвое, пока не станет меньше; в `Link` стоит радиус,
который взят на самом деле."""

blp = Blueprint("catalogue", __name__, url_prefix="/api")


@blp.operation(
    "GET",
    "/services/",
    access=Access.ANYONE,
    summary="Каталог услуг",
    description=_LIST,
    etag=True,
    paged=True,
)
@blp.arguments(schemas.CatalogueQuery, location="query")
@blp.response(200, schemas.CatalogueRowOut(many=True), example=[examples.CATALOGUE_SERVICE])
def list_catalogue(query: dict[str, Any]) -> Response:
    ordering = query["ordering"]
    after = paging.decode_cursor(query.get("cursor"), ordering)
    asked = queries.wanted(query, follows=after is not None)
    page = queries.catalogue_page(
        asked, ordering=ordering, after=after, limit=query["limit"], count=query["count"]
    )
    body = json_list([views.catalogue_json(row) for row in page.rows])
    etag = conditional.etag_of([*map(views.row_versions, page.rows), page.next])
    response = conditional.tagged(body, etag, private=False)
    return paging.paged(response, ordering, page.next, page.total, **_radius(asked.near))


def _radius(circle: Near | None) -> dict[str, str]:
    """The radius that was really used, for the next page to keep."""
    return {} if circle is None else {"radius_km": format(Decimal(circle.metres) / 1_000, "f")}


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
