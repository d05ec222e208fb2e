"""/api/bookings/: a booking's life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response

from marketplace.bookings import examples, lifecycle, operations, queries, schemas, views
from marketplace.bookings.states import Action
from marketplace.core import conditional, idempotency, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code
from marketplace.core.json import encode
from marketplace.core.permissions import Access, viewer
from marketplace.schedule import queries as schedules
from marketplace.schedule.localtime import moment_of, wall_of, zone

blp = Blueprint("bookings", __name__, url_prefix="/api/bookings")
_ONE_DAY = timedelta(days=1)
_ONE = f"/<{ID}:booking_id>"


@blp.operation(
    "POST",
    "/",
    access=Access.CLIENT,
    summary="Записаться",
    description=(
        "Войдите как клиент (demo_client). Передайте `service` и `starts_at` или `hold`. При 409 и "
        "422 в `rule` названа причина, в `nearest` — ближайшее предлагаемое время."
    ),
    errors=[Code.NOT_FOUND, Code.SLOT_TAKEN, Code.SLOT_NOT_OFFERED, Code.HOLD_EXPIRED],
    etag=True,
    location=True,
    idempotent=True,
)
@blp.arguments(schemas.BookingIn, example=examples.BOOKING_IN)
@blp.response(201, schemas.BookingOut, example=examples.BOOKING)
def create_booking(body: dict[str, Any]) -> Response:
    client_id, now = viewer().user_id, utc_now()

    def perform() -> Response:
        if "hold" in body:
            made = operations.book_hold(client_id, body["hold"], body["note"], now)
        else:
            made = operations.book(client_id, body["service"], body["starts_at"], body["note"], now)
        response = _answer(made, 201)
        response.headers["Location"] = f"/api/bookings/{made}/"
        return response

    return idempotency.once(client_id, perform, now)


@blp.operation(
    "GET",
    "/",
    access=Access.SIGNED_IN,
    summary="Мои записи",
    description="Как клиента и как специалиста; даты — в поясе своего профиля, обе включены.",
    paged=True,
)
@blp.arguments(schemas.BookingsQuery, location="query")
@blp.response(200, schemas.BookingRowOut(many=True), example=[examples.BOOKING_ROW])
def list_bookings(query: dict[str, Any]) -> Response:
    caller, now, ordering = viewer(), utc_now(), query["ordering"]
    clock = zone(schedules.settings_of(caller.user_id).timezone)
    first, last = query.get("first"), query.get("last")
    page = queries.own_bookings(
        caller.user_id,
        status=query.get("status"),
        since=None if first is None else moment_of(clock.bound(wall_of(first))),
        until=None if last is None else moment_of(clock.bound(wall_of(last + _ONE_DAY))),
        ordering=ordering,
        limit=query["limit"],
        after=paging.decode_cursor(query.get("cursor"), ordering),
        count=query["count"],
        now=now,
    )
    response = conditional.private_json([views.booking_view(row, now) for row in page.rows])
    return paging.paged(response, ordering, page.next, page.total)


@blp.operation(
    "GET",
    f"{_ONE}/",
    access=Access.SIGNED_IN,
    summary="Одна запись",
    description="Только для её сторон. Контакты видны, пока запись подтверждена.",
    etag=True,
)
@blp.response(200, schemas.BookingOut, example=examples.BOOKING)
def get_booking(booking_id: int) -> Response:
    now = utc_now()
    row, events = queries.own_booking(viewer().user_id, booking_id)
    etag = conditional.etag_of(views.booking_versions(row, now))
    return conditional.tagged(_encoded(row, events, now), etag, private=True)


def _declare(action: Action, summary: str, description: str = "") -> None:
    def view(booking_id: int) -> Response:
        lifecycle.act(booking_id, viewer().user_id, action, utc_now())
        return _answer(booking_id, 200)

    view.__name__ = f"{action.name.lower()}_booking"
    documented = blp.response(200, schemas.BookingOut, example=examples.BOOKING)(view)
    blp.operation(
        "POST",
        f"{_ONE}/{action}/",
        access=Access.SIGNED_IN,
        summary=summary,
        description=description,
        errors=[Code.WRONG_STATE],
        etag=True,
    )(documented)


_declare(Action.CONFIRM, "Подтвердить запись", "Специалист, пока запись ждёт ответа.")
_declare(Action.DECLINE, "Отклонить запись", "Специалист, пока запись ждёт ответа.")
_declare(Action.COMPLETE, "Отметить, что услуга оказана", "Специалист, после начала.")
_declare(Action.NO_SHOW, "Отметить, что клиент не пришёл", "Специалист, после начала.")


@blp.operation(
    "POST",
    f"{_ONE}/cancel/",
    access=Access.SIGNED_IN,
    summary="Отменить запись",
    description="Клиент — до срока отмены, специалист — до начала.",
    errors=[Code.WRONG_STATE, Code.TOO_LATE_TO_CANCEL],
    etag=True,
)
@blp.arguments(schemas.CancelIn, required=False, example=examples.CANCEL_IN)
@blp.response(200, schemas.BookingOut, example=examples.BOOKING)
def cancel_booking(body: dict[str, Any], booking_id: int) -> Response:
    user_id = viewer().user_id
    lifecycle.act(booking_id, user_id, Action.CANCEL, utc_now(), reason=body["reason"])
    return _answer(booking_id, 200)


@blp.operation(
    "POST",
    f"{_ONE}/reschedule/",
    access=Access.SIGNED_IN,
    summary="Перенести запись",
    description=(
        "На предлагаемое время, с прежними ценой и длительностью. Клиент — до срока отмены; его "
        "перенос снова ждёт подтверждения, если специалист подтверждает сам."
    ),
    errors=[
        Code.WRONG_STATE,
        Code.TOO_LATE_TO_RESCHEDULE,
        Code.SLOT_TAKEN,
        Code.SLOT_NOT_OFFERED,
    ],
    etag=True,
)
@blp.arguments(schemas.RescheduleIn, example=examples.RESCHEDULE_IN)
@blp.response(200, schemas.BookingOut, example=examples.BOOKING)
def reschedule_booking(body: dict[str, Any], booking_id: int) -> Response:
    lifecycle.reschedule(booking_id, viewer().user_id, body["starts_at"], utc_now())
    return _answer(booking_id, 200)


def _answer(booking_id: int, status: int) -> Response:
    now = utc_now()
    row, events = queries.own_booking(viewer().user_id, booking_id)
    response = conditional.json_response(_encoded(row, events, now), status)
    etag = conditional.etag_of(views.booking_versions(row, now))
    return conditional.with_etag(response, etag, private=True)


def _encoded(row: Any, events: list[queries.Event], now: datetime) -> str:
    history = views.events_view(events, row.timezone)
    return encode({**views.booking_view(row, now), "events": history})
