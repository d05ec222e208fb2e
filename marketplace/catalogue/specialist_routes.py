"""/api/specialists/: the directory and the specialists' public pages."""

from __future__ import annotations

from typing import Any

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
from marketplace.core import conditional, paging, unchanged
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.conditional import Shown
from marketplace.core.json import encode
from marketplace.core.languages import request_language
from marketplace.core.permissions import Access
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
@unchanged.kept()
@blp.arguments(schemas.DirectoryQuery, location="query")
@blp.response(200, schemas.SpecialistOut(many=True), example=[examples.SPECIALIST])
def list_specialists(query: dict[str, Any]) -> Shown:
    ordering = query["ordering"]
    after = paging.decode_cursor(query.get("cursor"), ordering, by_text=ordering == "name")
    given = queries.directory_filters(query)
    now = utc_now()
    if ordering == NEXT_SLOT:
        availability.require_built(now)
    page = directory.directory_page(
        given, now, ordering=ordering, after=after, limit=query["limit"], count=query["count"]
    )
    rows = [views.SpecialistRow(*row) for row in page.rows]
    slots, good_through = upcoming.of_specialists([row.user_id for row in rows], now)
    if ordering == NEXT_SLOT:
        good_through = 0  # who else is in the list depends on the time too
    return Shown(
        encode([views.specialist_view(*each) for each in zip(rows, slots, strict=True)]),
        conditional.etag_of([*((row.user_id, row.version) for row in rows), page.next, *slots]),
        KEPT_SECONDS,
        paging.page_headers(ordering, page.next, page.total, ()),
        good_through,
    )


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
@unchanged.kept(by_language=True)
@blp.response(200, schemas.SpecialistPageOut, example=examples.SPECIALIST_PAGE)
def get_specialist(user_id: int) -> Shown:
    profile = ProfileRow(*public_profile(user_id))
    hours = hours_view(weekly_hours(user_id))["hours"]
    services = queries.services_of(user_id, MAX_LIMIT)
    now = utc_now()
    slots, services_good = upcoming.of_services(services, now)
    (soonest,), good_through = upcoming.of_specialists([user_id], now)
    language = request_language()
    listed = list(zip(services, slots, strict=True))
    versions = [(row[0], row[WIDTH - 1], slot) for row, slot in listed]
    return Shown(
        encode(views.page_view(profile, hours, listed, soonest, language)),
        conditional.etag_of([user_id, profile.version, hours, soonest, *versions, language]),
        KEPT_SECONDS,
        good_through=min(services_good, good_through),
    )
