"""/api/auth/: registration, signing in and out, tokens."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app

from marketplace.auth import examples, identifiers, operations, schemas, sessions
from marketplace.auth.http import device as _device
from marketplace.auth.http import secret as _secret
from marketplace.core import limits
from marketplace.core.api import Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code
from marketplace.core.languages import request_language
from marketplace.core.messages import text
from marketplace.core.permissions import Access, unauthorized, viewer

blp = Blueprint("auth", __name__, url_prefix="/api/auth")


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
    limits.hit(limits.by_address("registration"))
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
        agreed=body.get("consents", {}),
        versions=current_app.config["MARKETPLACE"].privacy.text_versions,
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
    account = str(credentials.user_id or f"{login.kind.value}:{login.value}")
    buckets = [limits.by_address("login_address"), ("login_account", account)]
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
