"""/api/specialists/: the directory and the specialists' public pages."""

from __future__ import annotations

from typing import Any

from flask import Response

from marketplace.catalogue import (
    availability,
    directory,
    examples,
    queries,
    schemas,
    upcoming,
    views,
)
from marketplace.catalogue.orderings import NEXT_SLOT
from marketplace.core import conditional, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.json import encode
from marketplace.core.languages import request_language
from marketplace.core.permissions import Access, optional_viewer
from marketplace.core.schemas import MAX_LIMIT
from marketplace.profile.queries import public_profile
from marketplace.profile.views import ProfileRow
from marketplace.schedule.queries import weekly_hours
from marketplace.schedule.views import hours_view
from marketplace.services.views import WIDTH

KEPT_SECONDS = 10

blp = Blueprint("specialists", __name__, url_prefix="/api/specialists")


@blp.operation(
    "GET",
    "/",
    access=Access.ANYONE,
    summary="Специалисты",
    description=(
        "Те, у кого есть хотя бы одна видимая услуга, новые первыми. `category` и `city` — как в "
        "списке услуг, `q` — часть имени; оценок пока нет, и `min_rating` не находит никого. "
        "`near`, `radius_km`, `ordering=distance` и `ordering=next_slot` — тоже как в списке "
        "услуг; `next_slot` — ближайшее время на любую из услуг."
    ),
    etag=True,
    paged=True,
)
@blp.arguments(schemas.DirectoryQuery, location="query")
@blp.response(200, schemas.SpecialistOut(many=True), example=[examples.SPECIALIST])
def list_specialists(query: dict[str, Any]) -> Response:
    ordering = query["ordering"]
    after = paging.decode_cursor(query.get("cursor"), ordering, by_text=ordering == "name")
    asked = queries.directory_wanted(query, follows=after is not None)
    now = utc_now()
    if ordering == NEXT_SLOT:
        availability.require_built(now)
    page = directory.directory_page(
        asked.given, now, ordering=ordering, after=after, limit=query["limit"], count=query["count"]
    )
    rows = [views.SpecialistRow(*row) for row in page.rows]
    slots = upcoming.of_specialists([row.user_id for row in rows], now).slots
    body = encode([views.specialist_view(*each) for each in zip(rows, slots, strict=True)])
    etag = conditional.etag_of([*((row.user_id, row.version) for row in rows), page.next, *slots])
    response = conditional.tagged(body, etag, private=_is_known(), max_age=KEPT_SECONDS)
    return paging.paged(response, ordering, page.next, page.total, **asked.radius())


@blp.operation(
    "GET",
    f"/<{ID}:user_id>/",
    access=Access.ANYONE,
    summary="Страница специалиста",
    description=(
        "Профиль, часы работы данными и словами, сто новейших видимых услуг. Страница есть и у "
        "того, у кого видимых услуг нет; клиенты и заблокированные — 404."
    ),
    etag=True,
)
@blp.response(200, schemas.SpecialistPageOut, example=examples.SPECIALIST_PAGE)
def get_specialist(user_id: int) -> Response:
    profile = ProfileRow(*public_profile(user_id))
    hours = hours_view(weekly_hours(user_id))["hours"]
    services = queries.services_of(user_id, MAX_LIMIT)
    now = utc_now()
    slots = upcoming.of_services(services, now).slots
    soonest = upcoming.of_specialists([user_id], now).slots[0]
    language = request_language()
    listed = list(zip(services, slots, strict=True))
    body = encode(views.page_view(profile, hours, listed, soonest, language))
    versions = [(row[0], row[WIDTH - 1], slot) for row, slot in listed]
    etag = conditional.etag_of([user_id, profile.version, hours, soonest, *versions, language])
    return conditional.tagged(
        body, etag, private=_is_known(), max_age=KEPT_SECONDS, by_language=True
    )


def _is_known() -> bool:
    return optional_viewer() is not None
