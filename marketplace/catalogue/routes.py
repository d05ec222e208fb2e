"""/api/services/, /api/categories/: what anyone may find."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from marketplace.catalogue import (
    availability,
    counts,
    facets,
    queries,
    schemas,
    soonest,
    suggestions,
    upcoming,
    views,
)
from marketplace.catalogue import examples as catalogue_examples
from marketplace.catalogue.near import CANDIDATES
from marketplace.catalogue.orderings import NEWEST, NEXT_SLOT
from marketplace.core import conditional, paging, unchanged
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.conditional import Shown
from marketplace.core.json import encode
from marketplace.core.permissions import Access, optional_viewer
from marketplace.schedule.free_spans import FOREVER
from marketplace.services import examples
from marketplace.services.queries import category_rows
from marketplace.services.ranking import RELEVANCE
from marketplace.services.views import json_list

_LIST = f"""\
Все видимые услуги с карточкой специалиста, новые первыми, а с `q` — подходящие первыми. Фильтры
сочетаются.

Отзывов пока нет, а значит и оценок: `min_rating` не находит ничего, `ordering=-rating` ставит новые
первыми.

`available_on` оставляет услуги, у которых в эту дату есть свободное время: ровно то, что есть в
`slots`.

`near` с `radius_km` оставляет тех, кто рядом, и добавляет строкам `distance_km` — до точки, которую
видят все (она округлена до 500 м).

`next_slot` — ближайшее время, на которое можно записаться: первое из `slots`.
`ordering=next_slot` ставит первыми тех, кто свободен раньше; просматриваются {soonest.CANDIDATES}
новейших из подходящих услуг.

С `facets=true` в `Link` есть и ссылка `rel="facets"`: сколько услуг с этими фильтрами в каждой
категории, в каждом городе и за какую цену."""

# For how many seconds a cache may keep what an anonymous caller is shown.
LISTED_SECONDS, COUNTED_SECONDS = 10, 60
_OF_PAGES = schemas.FacetsQuery.Meta.exclude

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
@unchanged.kept()
@blp.arguments(schemas.CatalogueQuery, location="query")
@blp.response(200, schemas.CatalogueRowOut(many=True), example=[examples.CATALOGUE_SERVICE])
def list_catalogue(query: dict[str, Any]) -> Shown:
    ordering = _ordering(query)
    after = paging.decode_cursor(query.get("cursor"), ordering, ways=queries.ways_of(query))
    now = utc_now()
    if ordering == NEXT_SLOT:
        availability.require_built(now)
    asked = queries.wanted(query, free=availability.window_of(query, now), after=after)
    page = queries.catalogue_page(
        asked, now, ordering=ordering, after=after, limit=query["limit"], count=query["count"]
    )
    slots, slots_through = upcoming.of_services(page.rows, now)
    good_through = min(slots_through, asked.good_through(now))
    if ordering == NEXT_SLOT:
        good_through = 0  # who else is in the list depends on the time too
    links = []
    if query["facets"]:
        given = {name: value for name, value in request.args.items() if name not in _OF_PAGES}
        links.append(paging.link("/api/services/facets/", given, "facets"))
    return Shown(
        json_list([views.catalogue_json(*each) for each in zip(page.rows, slots, strict=True)]),
        conditional.etag_of([*map(views.row_versions, page.rows), page.next, *slots]),
        LISTED_SECONDS,
        paging.page_headers(ordering, page.next, page.total, links),
        good_through,
    )


def _ordering(query: dict[str, Any]) -> str:
    asked: str | None = query.get("ordering")
    if query.get("q") is not None:
        return asked or RELEVANCE
    return NEWEST if asked in (None, RELEVANCE) else str(asked)


@blp.operation(
    "GET",
    "/services/suggest/",
    access=Access.ANYONE,
    summary="Подсказки при вводе",
    description=(
        "Названия услуг, категории и имена специалистов, слова которых так начинаются: не больше"
        " десяти вместе."
    ),
    etag=True,
)
@unchanged.kept()
@blp.arguments(schemas.SuggestQuery, location="query")
@blp.response(200, schemas.SuggestionsOut, example=examples.SUGGESTIONS)
def suggest(query: dict[str, Any]) -> Shown:
    found = encode(suggestions.suggest(query["q"]))
    return Shown(found, conditional.etag_of([found]), LISTED_SECONDS, good_through=FOREVER)


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
    row, offered = queries.catalogue_service(viewer, service_id)
    slot = upcoming.of_services([row], utc_now()).slots[0] if offered else None
    etag = conditional.etag_of(["catalogue", *views.row_versions(row), slot])
    return conditional.answer(Shown(views.catalogue_json(row, slot), etag, LISTED_SECONDS))


@blp.operation(
    "GET",
    "/services/facets/",
    access=Access.ANYONE,
    summary="Сколько услуг по категориям, городам и ценам",
    etag=True,
    description=(
        "С теми же фильтрами, что и список; родительская категория считает и подкатегории. Не "
        f"больше {facets.TOP} категорий и городов. Считаются не больше "
        f"{facets.CANDIDATES} новейших услуг, а с `available_on` свободное время ищут у "
        f"{facets.CANDIDATES_FREE} новейших, с широким `near` — не больше {CANDIDATES} "
        "специалистов: если их больше, `approximate` — true."
    ),
)
@unchanged.kept()
@blp.arguments(schemas.FacetsQuery, location="query")
@blp.response(200, schemas.FacetsOut, example=catalogue_examples.FACETS)
def count_facets(query: dict[str, Any]) -> Shown:
    now = utc_now()
    asked = queries.wanted(query, free=availability.window_of(query, now))
    body = encode(views.facets_view(facets.facets_of(asked.given, asked.also(), asked.search)))
    etag = conditional.etag_of([body])
    return Shown(body, etag, COUNTED_SECONDS, good_through=asked.good_through(now))


@blp.operation(
    "GET",
    "/categories/",
    access=Access.ANYONE,
    summary="Категории",
    description=(
        "`services_count` — видимые услуги, у верхних категорий вместе с подкатегориями; "
        f"пересчитывается раз в {counts.SECONDS} с."
    ),
    etag=True,
)
@blp.response(200, schemas.CountedCategoryOut(many=True), example=catalogue_examples.CATEGORIES)
def list_categories() -> Response:
    body = encode(views.tree_view(category_rows(), counts.services_by_category()))
    return conditional.answer(Shown(body, conditional.etag_of([body]), COUNTED_SECONDS))


@blp.operation(
    "GET",
    "/cities/",
    access=Access.ANYONE,
    summary="Города",
    description=(
        "Города специалистов, у которых есть видимые услуги; сначала те, где специалистов больше. "
        f"Пересчитывается раз в {counts.SECONDS} с."
    ),
    etag=True,
    paged=True,
)
@blp.arguments(schemas.CitiesQuery, location="query")
@blp.response(200, schemas.CityOut(many=True), example=catalogue_examples.CITIES)
def list_cities(query: dict[str, Any]) -> Response:
    after = paging.decode_cursor(query.get("cursor"), "cities")
    rows, following, total = counts.cities_page(after, query["limit"])
    body = encode([{"city": row.name, "specialists_count": row.specialists} for row in rows])
    headers = paging.page_headers("cities", following, total if query["count"] else None, ())
    etag = conditional.etag_of([body, following])
    return conditional.answer(Shown(body, etag, COUNTED_SECONDS, headers))
