"""Slots of a service, holds, and the specialist's agenda."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Response

from marketplace.bookings import examples, operations, queries, schemas, slots, views
from marketplace.core import conditional, idempotency
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code, invalid
from marketplace.core.json import encode
from marketplace.core.languages import request_language
from marketplace.core.messages import text
from marketplace.core.permissions import Access, optional_viewer, viewer
from marketplace.schedule import queries as schedules
from marketplace.schedule.availability import Rule
from marketplace.schedule.localtime import day_of, moment_of, wall_of, zone
from marketplace.schedule.views import intervals_view

blp_slots = Blueprint("slots", __name__, url_prefix="/api/services")
blp_holds = Blueprint("holds", __name__, url_prefix="/api/holds")
blp_agenda = Blueprint("agenda", __name__, url_prefix="/api/schedule")
_ONE_DAY = timedelta(days=1)


@blp_slots.operation(
    "GET",
    f"/<{ID}:service_id>/slots/",
    access=Access.ANYONE,
    summary="Свободное время услуги",
    description="Не больше 31 дня; даты и смещения — в поясе `tz`, обе даты включены.",
    etag=True,
)
@blp_slots.arguments(schemas.SlotsQuery, location="query")
@blp_slots.response(200, schemas.SlotsOut, example=examples.SLOTS)
def list_slots(query: dict[str, Any], service_id: int) -> Response:
    now = utc_now()
    offer = slots.offer_of(service_id, optional_viewer())
    settings = schedules.settings_of(offer.specialist_id)
    timezone = query.get("tz", settings.timezone)
    first, last = _dates(query, timezone, now)
    clock = zone(timezone)
    since, until = clock.bound(wall_of(first)), clock.bound(wall_of(last + _ONE_DAY))
    # A clock put back at midnight shows a date again after the next has begun.
    around = slots.availability(
        offer.specialist_id,
        settings,
        offer.duration_minutes,
        since=since,
        until=until + 86_400,
        now=now,
    )
    body = {
        "service": service_id,
        "timezone": timezone,
        "duration_minutes": offer.duration_minutes,
        "rule": None if settings.has_hours else Rule.NO_HOURS,
        "days": views.slots_days(around.starts(since, until + 86_400), timezone, first, last),
    }
    encoded = encode(body)
    private = optional_viewer() is not None
    return conditional.tagged(encoded, conditional.etag_of([encoded]), private=private)


@blp_slots.operation(
    "GET",
    f"/<{ID}:service_id>/slots/explain/",
    access=Access.ANYONE,
    summary="Почему время не предлагается",
    description="Первое правило, которое отвергает время, и до трёх ближайших предлагаемых.",
)
@blp_slots.arguments(schemas.ExplainQuery, location="query")
@blp_slots.response(200, schemas.ExplainOut, example=examples.EXPLAINED)
def explain_slot(query: dict[str, Any], service_id: int) -> Response:
    offer = slots.offer_of(service_id, optional_viewer())
    settings = schedules.settings_of(offer.specialist_id)
    judgement = slots.judge(
        offer.specialist_id,
        settings,
        offer.duration_minutes,
        query["starts_at"],
        now=utc_now(),
    )
    rule = judgement.rule
    return conditional.private_json(
        {
            "bookable": rule is None,
            "rule": rule,
            "detail": text(f"slot_{rule or 'offered'}", request_language()),
            "nearest": judgement.nearest,
        }
    )


@blp_holds.operation(
    "POST",
    "/",
    access=Access.CLIENT,
    summary="Удержать время",
    description="На 10 минут, пока клиент оформляет запись; не больше двух сразу.",
    errors=[
        Code.NOT_FOUND,
        Code.SLOT_TAKEN,
        Code.SLOT_NOT_OFFERED,
        Code.TOO_MANY_HOLDS,
    ],
    idempotent=True,
)
@blp_holds.arguments(schemas.HoldIn, example=examples.HOLD_IN)
@blp_holds.response(201, schemas.HoldOut, example=examples.HOLD)
def create_hold(body: dict[str, Any]) -> Response:
    client_id, now = viewer().user_id, utc_now()

    def perform() -> Response:
        row = operations.hold(client_id, body["service"], body["starts_at"], now)
        response = conditional.json_response(encode(views.hold_view(row)), 201)
        response.headers["Cache-Control"] = "no-store"
        return response

    return idempotency.once(client_id, perform, now)


@blp_holds.operation("GET", "/", access=Access.CLIENT, summary="Мои удержания")
@blp_holds.response(200, schemas.HoldOut(many=True), example=[examples.HOLD])
def list_holds() -> Response:
    rows = queries.own_holds(viewer().user_id, utc_now())
    return conditional.private_json([views.hold_view(row) for row in rows])


@blp_holds.operation("DELETE", f"/<{ID}:hold_id>/", access=Access.CLIENT, summary="Отпустить время")
@blp_holds.response(204)
def delete_hold(hold_id: int) -> Response:
    operations.release_hold(viewer().user_id, hold_id, utc_now())
    return Response(status=204)


@blp_agenda.operation(
    "GET",
    "/agenda/",
    access=Access.SPECIALIST,
    summary="Мои дни",
    description="Часы, исключения и записи по датам в своём поясе; не больше 31 дня.",
)
@blp_agenda.arguments(schemas.AgendaQuery, location="query")
@blp_agenda.response(200, schemas.AgendaOut, example=examples.AGENDA)
def get_agenda(query: dict[str, Any]) -> Response:
    user_id, now = viewer().user_id, utc_now()
    timezone = schedules.settings_of(user_id).timezone
    first, last = _dates(query, timezone, now)
    clock = zone(timezone)
    working = schedules.working_time(user_id, first, last)
    rows = queries.busy_bookings(
        user_id,
        moment_of(clock.bound(wall_of(first))),
        moment_of(clock.bound(wall_of(last + _ONE_DAY))),
        now,
    )
    days = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        exception = working.exception_on(day)
        midnights = [moment_of(clock.bound(wall_of(each))) for each in (day, day + _ONE_DAY)]
        days.append(
            {
                "date": day.isoformat(),
                "exception": None if exception is None else exception.id,
                "reason": "" if exception is None else exception.reason,
                "intervals": intervals_view(working.intervals_on(day)),
                "bookings": [
                    views.booking_view(row, now)
                    for row in rows
                    # One that runs past midnight is of both dates.
                    if row.starts_at < midnights[1] and row.ends_at > midnights[0]
                ],
            }
        )
    return conditional.private_json({"timezone": timezone, "days": days})


def _dates(query: dict[str, Any], timezone: str, now: datetime) -> tuple[date, date]:
    """The dates asked for: by default today, and the first alone. Raises 422."""
    first = query.get("first")
    if first is None:
        # Not of the rounded moment: half a second before midnight it is still today.
        first = day_of(zone(timezone).wall(int(now.timestamp() // 1)))
    last = query.get("last", first)
    days = (last - first).days + 1
    if days < 1:
        raise invalid("to", "dates_reversed")
    if days > schemas.MAX_DAYS:
        raise invalid("to", "too_many_days", max=schemas.MAX_DAYS)
    return first, last
