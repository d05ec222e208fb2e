"""/api/schedule/: the specialist's own hours, exceptions and settings."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response

from marketplace.core import conditional, idempotency, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code
from marketplace.core.json import encode
from marketplace.core.permissions import Access, viewer
from marketplace.schedule import examples, operations, queries, schemas, views
from marketplace.schedule.records import ScheduleSettings

blp = Blueprint("schedule", __name__, url_prefix="/api/schedule")
_DRY_RUN = "С `dry_run=true` ничего не меняется, ответ лишь называет затронутые записи."


@blp.operation("GET", "/hours/", access=Access.SPECIALIST, summary="Мои рабочие часы", etag=True)
@blp.response(200, schemas.HoursOut, example=examples.HOURS)
def get_hours() -> Response:
    user_id = viewer().user_id
    etag = _present_hours_etag(user_id)
    body = encode(views.hours_view(queries.weekly_hours(user_id)))
    return conditional.tagged(body, etag, private=True)


@blp.operation(
    "PUT",
    "/hours/",
    access=Access.SPECIALIST,
    summary="Задать рабочие часы",
    description=f"Вся неделя целиком; понедельник — 1, `end` может быть `24:00`. {_DRY_RUN}",
    etag=True,
    if_match=True,
)
@blp.arguments(schemas.DryRunQuery, location="query")
@blp.arguments(schemas.HoursIn, example=examples.HOURS)
@blp.response(200, schemas.HoursChangedOut, example=examples.HOURS_CHANGED)
def put_hours(body: dict[str, Any], query: dict[str, Any]) -> Response:
    user_id = viewer().user_id
    change = partial(
        operations.replace_hours,
        user_id,
        [(each["weekday"], each["start"], each["end"]) for each in body["hours"]],
        require_match=lambda present: conditional.require_match(_hours_etag(present)),
        dry_run=query["dry_run"],
        now=utc_now(),
    )
    if query["dry_run"]:
        return conditional.private_json(views.affected_view(operations.rehearsal(change)))
    affected = views.affected_view(change())
    etag = _present_hours_etag(user_id)
    return _tagged(views.hours_view(queries.weekly_hours(user_id)) | affected, etag)


@blp.operation(
    "GET",
    "/exceptions/",
    access=Access.SPECIALIST,
    summary="Мои исключения из расписания",
    description="По первой дате; `from` и `to` оставляют те, что задевают эти даты.",
    paged=True,
)
@blp.arguments(schemas.ExceptionsQuery, location="query")
@blp.response(200, schemas.ExceptionOut(many=True), example=[examples.EXCEPTION])
def list_exceptions(query: dict[str, Any]) -> Response:
    page = queries.exceptions_page(
        viewer().user_id,
        first=query.get("first"),
        last=query.get("last"),
        limit=query["limit"],
        after=paging.decode_cursor(query.get("cursor"), "exceptions"),
        count=query["count"],
    )
    response = conditional.private_json(
        [views.exception_view(row, intervals) for row, intervals in page.rows]
    )
    return paging.paged(response, "exceptions", page.next, page.total)


@blp.operation(
    "POST",
    "/exceptions/",
    access=Access.SPECIALIST,
    summary="Добавить исключение",
    description=f"Заменяет часы названных дат; без интервалов это выходные. {_DRY_RUN}",
    errors=[Code.EXCEPTION_OVERLAPS],
    etag=True,
    idempotent=True,
)
@blp.arguments(schemas.DryRunQuery, location="query")
@blp.arguments(schemas.ExceptionIn, example=examples.EXCEPTION_IN)
@blp.response(201, schemas.ExceptionMadeOut, example=examples.EXCEPTION_MADE)
@blp.alt_response(  # type: ignore[untyped-decorator]
    200,
    schema=schemas.AffectedOut,
    description="Только с `dry_run=true`",
    example=examples.AFFECTED,
)
def create_exception(body: dict[str, Any], query: dict[str, Any]) -> Response:
    user_id, now = viewer().user_id, utc_now()
    intervals = sorted((each["start"], each["end"]) for each in body["intervals"])
    add = partial(
        operations.add_exception,
        user_id,
        date_from=body["date_from"],
        date_to=body["date_to"],
        intervals=intervals,
        reason=body["reason"],
        dry_run=query["dry_run"],
        now=now,
    )
    if query["dry_run"]:
        return conditional.private_json(views.affected_view(operations.rehearsal(add)))

    def perform() -> Response:
        exception, affected = add()
        shown = views.exception_view(exception, intervals) | views.affected_view(affected)
        return _tagged(shown, _exception_etag(exception), 201)

    return idempotency.once(user_id, perform, now)


@blp.operation(
    "DELETE",
    f"/exceptions/<{ID}:exception_id>/",
    access=Access.SPECIALIST,
    summary="Убрать исключение",
    description=f"Снова действуют недельные часы. {_DRY_RUN}",
    if_match=True,
)
@blp.arguments(schemas.DryRunQuery, location="query")
@blp.response(200, schemas.AffectedOut, example=examples.AFFECTED)
def delete_exception(query: dict[str, Any], exception_id: int) -> Response:
    change = partial(
        operations.delete_exception,
        viewer().user_id,
        exception_id,
        require_match=lambda present: conditional.require_match(_exception_etag(present)),
        dry_run=query["dry_run"],
        now=utc_now(),
    )
    affected = operations.rehearsal(change) if query["dry_run"] else change()
    return conditional.private_json(views.affected_view(affected))


@blp.operation("GET", "/settings/", access=Access.SPECIALIST, summary="Настройки записи", etag=True)
@blp.response(200, schemas.SettingsOut, example=examples.SETTINGS)
def get_schedule_settings() -> Response:
    settings = queries.settings_of(viewer().user_id)
    body = encode(views.settings_view(settings))
    return conditional.tagged(body, _settings_etag(settings), private=True)


@blp.operation(
    "PATCH",
    "/settings/",
    access=Access.SPECIALIST,
    summary="Изменить настройки записи",
    description=(
        "Минуты, кроме пояса и `horizon_days`. Пояс тот же, что в профиле; его смена не двигает "
        f"записи. {_DRY_RUN}"
    ),
    etag=True,
    if_match=True,
)
@blp.arguments(schemas.DryRunQuery, location="query")
@blp.arguments(schemas.SettingsPatch, example=examples.SETTINGS_PATCH)
@blp.response(200, schemas.SettingsChangedOut, example=examples.SETTINGS_CHANGED)
def patch_schedule_settings(body: dict[str, Any], query: dict[str, Any]) -> Response:
    user_id = viewer().user_id
    change = partial(
        operations.change_settings,
        user_id,
        body,
        require_match=lambda present: conditional.require_match(_settings_etag(present)),
        dry_run=query["dry_run"],
        now=utc_now(),
    )
    if query["dry_run"]:
        return conditional.private_json(views.affected_view(operations.rehearsal(change)))
    affected = views.affected_view(change())
    settings = queries.settings_of(user_id)
    return _tagged(views.settings_view(settings) | affected, _settings_etag(settings))


def _tagged(shown: Any, etag: str, status: int = 200) -> Response:
    response = conditional.json_response(encode(shown), status)
    return conditional.with_etag(response, etag, private=True)


def _present_hours_etag(user_id: int) -> str:
    # Read before the hours: a change between the two then leaves an old tag on new hours, which the
    # next condition refuses; the other way round stale hours would pass for the newest.
    return _hours_etag(queries.settings_of(user_id))


def _hours_etag(settings: ScheduleSettings) -> str:
    return conditional.etag_of(["hours", settings.version])


def _settings_etag(settings: ScheduleSettings) -> str:
    return conditional.etag_of(["settings", settings.version, settings.profile_version])


def _exception_etag(row: Any) -> str:
    return conditional.etag_of(["exception", row.id])
