"""/api/auth/: the signed-in devices, the account, its password."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, current_app

from marketplace.auth import (
    account_schemas,
    examples,
    operations,
    queries,
    reauthentication,
    schemas,
    sessions,
    verification,
)
from marketplace.auth.http import counting_wrong_passwords
from marketplace.auth.models import User
from marketplace.auth.verification import AccountChange, Pending
from marketplace.core import conditional, limits, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now, wire_moment
from marketplace.core.errors import Code, invalid
from marketplace.core.json import encode
from marketplace.core.languages import request_language
from marketplace.core.messages import text
from marketplace.core.permissions import Access, viewer

blp = Blueprint("account", __name__, url_prefix="/api/auth")


@blp.operation("GET", "/me/", access=Access.SIGNED_IN, summary="Моя учётная запись", etag=True)
@blp.response(200, account_schemas.OwnAccountOut, example=examples.OWN_ACCOUNT)
def get_account() -> Response:
    user = queries.account(viewer().user_id)
    pending = verification.pending_of(user, utc_now())
    return conditional.tagged(_encoded(user, pending), _etag(user, pending), private=True)


@blp.operation(
    "PATCH",
    "/me/",
    access=Access.SIGNED_IN,
    summary="Изменить учётную запись",
    description=(
        "Язык сообщений меняется сразу. Новая почта или новый телефон требуют `current_password` и "
        "вступают в силу, когда подтверждён код, который на них уйдёт; прежний адрес узнает."
    ),
    errors=[
        Code.EMAIL_TAKEN,
        Code.PHONE_TAKEN,
        Code.WRONG_PASSWORD,
        Code.REAUTHENTICATION_REQUIRED,
    ],
    etag=True,
    if_match=True,
)
@blp.arguments(account_schemas.AccountPatch, example=examples.ACCOUNT_PATCH)
@blp.response(200, account_schemas.OwnAccountOut, example=examples.OWN_ACCOUNT)
def patch_account(body: dict[str, Any]) -> Response:
    user_id, now = viewer().user_id, utc_now()
    change = AccountChange(body.get("language"), body.get("email"), body.get("phone"))
    if change.changes_contact:
        _prove_who_it_is(body.get("current_password"), now)
        limits.hit(limits.by_address("code_address"))
    user, pending = verification.change_account(
        user_id, change, require_match=lambda present: _require_match(present, now), now=now
    )
    response = conditional.json_response(_encoded(user, pending))
    return conditional.with_etag(response, _etag(user, pending), private=True)


def _prove_who_it_is(password: str | None, now: datetime) -> None:
    caller = viewer()
    if password is None and operations.has_password(caller.user_id):
        raise invalid("current_password", "required")
    with counting_wrong_passwords(caller.user_id):
        reauthentication.prove(
            caller.user_id, caller.session_id, password, field="current_password", now=now
        )


@blp.operation(
    "GET",
    "/sessions/",
    access=Access.SIGNED_IN,
    summary="Мои устройства",
    description="Действующие сеансы, новые первыми; у нынешнего `current` равно true.",
    paged=True,
)
@blp.arguments(schemas.SessionsQuery, location="query")
@blp.response(200, schemas.SessionOut(many=True), example=examples.SESSIONS)
def list_sessions(query: dict[str, Any]) -> Response:
    caller = viewer()
    after = paging.decode_cursor(query.get("cursor"), "sessions")
    page = queries.own_sessions(
        caller.user_id, limit=query["limit"], after=after, count=query["count"], now=utc_now()
    )
    unknown = text("unknown_device", request_language())
    rows = [
        {
            "id": row.id,
            "name": row.device or unknown,
            "ip": row.ip,
            "created_at": wire_moment(row.created_at),
            "last_seen_at": wire_moment(row.last_seen_at),
            "current": row.id == caller.session_id,
        }
        for row in page.rows
    ]
    response = conditional.json_response(encode(rows))
    response.headers["Cache-Control"] = "no-store"
    return paging.paged(response, "sessions", page.next, page.total)


@blp.operation(
    "DELETE",
    f"/sessions/<{ID}:session_id>/",
    access=Access.SIGNED_IN,
    summary="Завершить сеанс на устройстве",
    if_match=True,
)
@blp.response(204)
def end_session(session_id: int) -> Response:
    sessions.end_own(
        viewer().user_id,
        session_id,
        "ended_by_owner",
        require_match=_require_session_match,
        now=utc_now(),
    )
    return Response(status=204)


@blp.operation(
    "DELETE",
    "/sessions/",
    access=Access.SIGNED_IN,
    summary="Завершить все другие сеансы",
    if_match=True,
)
@blp.response(204)
def end_other_sessions() -> Response:
    caller = viewer()
    # What is acted on has no version of its own, only the session that stays.
    _require_session_match(caller.session_id)
    sessions.end_others(caller.user_id, caller.session_id, "ended_by_owner", utc_now())
    return Response(status=204)


@blp.operation(
    "POST",
    "/password/change/",
    access=Access.SIGNED_IN,
    summary="Сменить пароль",
    description="Завершает все другие сеансы.",
    errors=[Code.WRONG_PASSWORD],
)
@blp.arguments(schemas.PasswordChangeIn, example=examples.PASSWORD_CHANGE)
@blp.response(204)
def change_password(body: dict[str, Any]) -> Response:
    caller = viewer()
    with counting_wrong_passwords(caller.user_id):
        operations.change_password(
            user_id=caller.user_id,
            session_id=caller.session_id,
            old_password=body["old_password"],
            new_password=body["new_password"],
            brand=current_app.config["MARKETPLACE"].brand,
            now=utc_now(),
        )
    return Response(status=204)


def _encoded(user: User, pending: Pending) -> str:
    waiting = {"pending_email": pending.email, "pending_phone": pending.phone}
    return encode(schemas.account_view(user) | waiting)


def _etag(user: User, pending: Pending) -> str:
    parts = ["account", user.id, user.version, pending.email or "", pending.phone or ""]
    return conditional.etag_of(parts)


def _require_match(user: User, now: datetime) -> None:
    conditional.require_match(_etag(user, verification.pending_of(user, now)))


def _require_session_match(session_id: int) -> None:
    conditional.require_match(conditional.etag_of(["session", session_id]))
