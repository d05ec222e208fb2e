"""/api/auth/: registration, signing in and out, tokens, sessions, the account."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request

from marketplace.auth import examples, identifiers, operations, queries, schemas, sessions
from marketplace.auth.devices import USER_AGENT_MAX, Device
from marketplace.auth.models import User
from marketplace.core import conditional, limits, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now, wire_moment
from marketplace.core.errors import Code, DomainError
from marketplace.core.json import encode
from marketplace.core.languages import request_language
from marketplace.core.messages import text
from marketplace.core.permissions import Access, unauthorized, viewer

blp = Blueprint("auth", __name__, url_prefix="/api/auth")
blp_account = Blueprint("account", __name__, url_prefix="/api/auth")


@blp.operation(
    "POST",
    "/register/",
    access=Access.ANYONE,
    summary="Зарегистрироваться",
    description="Создаёт учётную запись клиента или специалиста и сразу открывает сеанс.",
    errors=[Code.USERNAME_TAKEN, Code.EMAIL_TAKEN, Code.PHONE_TAKEN],
)
@blp.arguments(schemas.RegisterIn, example=examples.REGISTER)
@blp.response(201, schemas.RegisteredOut, example=examples.REGISTERED)
def register(body: dict[str, Any]) -> Response:
    limits.hit(("registration", limits.address_key(limits.client_address())))
    language = request_language()
    user, pair = operations.register(
        username=body["username"],
        password=body["password"],
        email=body.get("email"),
        phone=body.get("phone"),
        role=body["role"],
        language=language,
        device=_device(),
        now=utc_now(),
    )
    message = {"message": text("registered", language), "user": schemas.account_view(user)}
    return _secret(message | {"access": pair.access, "refresh": pair.refresh}, 201)


@blp.operation(
    "POST",
    "/login/",
    access=Access.ANYONE,
    summary="Войти",
    description="В `username` можно передать имя пользователя, почту или телефон.",
    errors=[Code.WRONG_CREDENTIALS, Code.ACCOUNT_BLOCKED],
)
@blp.arguments(schemas.LoginIn, example=examples.LOGIN)
@blp.response(200, schemas.TokensOut, example=examples.TOKENS)
def log_in(body: dict[str, Any]) -> Response:
    login = identifiers.identify(body["username"])
    credentials = operations.find_credentials(login)
    address = limits.address_key(limits.client_address())
    account = str(credentials.user_id or f"{login.kind.value}:{login.value}")
    buckets = [("login_address", address), ("login_account", account)]
    limits.require_room(*buckets)
    right = operations.password_matches(credentials, body["password"])
    if not right:
        limits.hit(*buckets)
        raise unauthorized(Code.WRONG_CREDENTIALS)
    # Again: parallel guesses that all passed the first check must not learn who was right.
    limits.require_room(*buckets)
    pair = operations.log_in(credentials, body["password"], _device(), utc_now())
    return _secret({"access": pair.access, "refresh": pair.refresh})


@blp.operation(
    "POST",
    "/refresh/",
    access=Access.ANYONE,
    summary="Обновить токены",
    description=(
        "Меняет refresh-токен на новую пару; прежний больше не действует. Подставьте "
        "refresh-токен из ответа на вход (на этой странице он подставляется сам)."
    ),
    errors=[Code.REFRESH_TOKEN_INVALID, Code.REFRESH_TOKEN_REUSED],
)
@blp.arguments(schemas.RefreshIn, example=examples.REFRESH)
@blp.response(200, schemas.TokensOut, example=examples.TOKENS)
def refresh_tokens(body: dict[str, Any]) -> Response:
    pair = sessions.refresh(body["refresh"], utc_now())
    return _secret({"access": pair.access, "refresh": pair.refresh})


@blp.operation(
    "POST",
    "/logout/",
    access=Access.SIGNED_IN,
    summary="Выйти",
    description="Завершает этот сеанс: его access- и refresh-токены сразу перестают действовать.",
)
@blp.response(204)
def log_out() -> Response:
    sessions.log_out(viewer().session_id, utc_now())
    return Response(status=204)


@blp_account.operation(
    "GET",
    "/sessions/",
    access=Access.SIGNED_IN,
    summary="Мои устройства",
    description="Действующие сеансы, новые первыми; у нынешнего `current` равно true.",
    paged=True,
)
@blp_account.arguments(schemas.SessionsQuery, location="query")
@blp_account.response(200, schemas.SessionOut(many=True), example=examples.SESSIONS)
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
    response = _secret(rows)
    return paging.paged(response, "sessions", page.next, page.total)


@blp_account.operation(
    "DELETE",
    f"/sessions/<{ID}:session_id>/",
    access=Access.SIGNED_IN,
    summary="Завершить сеанс на устройстве",
    if_match=True,
)
@blp_account.response(204)
def end_session(session_id: int) -> Response:
    sessions.end_own(
        viewer().user_id,
        session_id,
        "ended_by_owner",
        require_match=_require_session_match,
        now=utc_now(),
    )
    return Response(status=204)


@blp_account.operation(
    "DELETE",
    "/sessions/",
    access=Access.SIGNED_IN,
    summary="Завершить все другие сеансы",
    if_match=True,
)
@blp_account.response(204)
def end_other_sessions() -> Response:
    caller = viewer()
    # What is acted on has no version of its own, only the session that stays.
    _require_session_match(caller.session_id)
    sessions.end_others(caller.user_id, caller.session_id, "ended_by_owner", utc_now())
    return Response(status=204)


@blp_account.operation(
    "GET", "/me/", access=Access.SIGNED_IN, summary="Моя учётная запись", etag=True
)
@blp_account.response(200, schemas.AccountOut, example=examples.ACCOUNT)
def get_account() -> Response:
    user = queries.account(viewer().user_id)
    return conditional.tagged(encode(schemas.account_view(user)), _etag(user), private=True)


@blp_account.operation(
    "PATCH",
    "/me/",
    access=Access.SIGNED_IN,
    summary="Выбрать язык сообщений",
    etag=True,
    if_match=True,
)
@blp_account.arguments(schemas.AccountPatch, example=examples.ACCOUNT_PATCH)
@blp_account.response(200, schemas.AccountOut, example=examples.ACCOUNT)
def patch_account(body: dict[str, Any]) -> Response:
    user = operations.set_language(
        viewer().user_id,
        body["language"],
        require_match=lambda present: conditional.require_match(_etag(present)),
        now=utc_now(),
    )
    response = conditional.json_response(encode(schemas.account_view(user)))
    return conditional.with_etag(response, _etag(user), private=True)


@blp_account.operation(
    "POST",
    "/password/change/",
    access=Access.SIGNED_IN,
    summary="Сменить пароль",
    description="Завершает все другие сеансы.",
    errors=[Code.WRONG_PASSWORD],
)
@blp_account.arguments(schemas.PasswordChangeIn, example=examples.PASSWORD_CHANGE)
@blp_account.response(204)
def change_password(body: dict[str, Any]) -> Response:
    caller = viewer()
    bucket = ("password_change", str(caller.user_id))
    limits.require_room(bucket)
    try:
        operations.change_password(
            user_id=caller.user_id,
            session_id=caller.session_id,
            old_password=body["old_password"],
            new_password=body["new_password"],
            brand=current_app.config["MARKETPLACE"].brand,
            now=utc_now(),
        )
    except DomainError as error:
        if error.code is Code.WRONG_PASSWORD:
            limits.hit(bucket)
        raise
    return Response(status=204)


def _device() -> Device:
    user_agent = request.headers.get("User-Agent", "")
    printable = "".join(char for char in user_agent if char.isprintable())
    return Device(printable[:USER_AGENT_MAX], limits.client_address())


def _require_session_match(session_id: int) -> None:
    conditional.require_match(conditional.etag_of(["session", session_id]))


def _etag(user: User) -> str:
    return conditional.etag_of(["account", user.id, user.version])


def _secret(payload: Any, status: int = 200) -> Response:
    """An answer no cache may keep."""
    response = conditional.json_response(encode(payload), status)
    response.headers["Cache-Control"] = "no-store"
    return response
