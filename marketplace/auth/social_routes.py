"""/api/auth/social/ and /api/auth/me/identities/: signing in through Google, Apple and VK.

A provider's routes are a blueprint of their own, so that one that is not set up is left out of the
document; it is answered 404 all the same.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask import Response, current_app

from marketplace.auth import (
    failures,
    identities,
    identity_queries,
    schemas,
    social_examples,
    social_operations,
    social_schemas,
)
from marketplace.auth.http import counting_wrong_passwords, device, secret
from marketplace.auth.social_claims import NotProven, Proven
from marketplace.auth.social_keys import ProviderDown
from marketplace.auth.social_operations import Newcomer
from marketplace.auth.social_providers import Providers
from marketplace.core import conditional, limits, paging
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.database import release
from marketplace.core.errors import Code, DomainError
from marketplace.core.languages import request_language
from marketplace.core.permissions import Access, unauthorized, viewer
from marketplace.settings_social import APPLE, GOOGLE, VK

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 30
_NAMES = {GOOGLE: "Google", APPLE: "Apple", VK: "VK ID"}
_ERRORS = (Code.IDENTITY_TOKEN_INVALID, Code.PROVIDER_NOT_CONFIGURED, Code.PROVIDER_UNAVAILABLE)
_HOW = {
    GOOGLE: (
        "`id_token` даёт приложению окно входа Google; `nonce` обязателен, если был передан туда."
    ),
    APPLE: (
        "`id_token` даёт приложению окно входа Apple. В окно передаётся SHA-256 от `nonce` "
        "(шестнадцатеричной строкой), сюда — сам `nonce`; без него вход не принимается."
    ),
    VK: (
        "Код обменивает сервер: `code`, `device_id` и `state` приходят приложению от страницы "
        "VK ID, `code_verifier` — его собственный секрет PKCE."
    ),
}
_AS_IT_STANDS = (
    "Пример показывает только форму: ответ провайдера выдаётся одному приложению и на короткое "
    "время, поэтому как есть он получит 401 `identity_token_invalid`."
)

blp = Blueprint("identities", __name__, url_prefix="/api/auth")


@blp.operation(
    "GET",
    "/me/identities/",
    access=Access.SIGNED_IN,
    summary="Мои входы через Google, Apple и VK",
    paged=True,
    tag="account",
)
@blp.arguments(social_schemas.IdentitiesQuery, location="query")
@blp.response(200, social_schemas.IdentityOut(many=True), example=social_examples.IDENTITIES)
def list_identities(query: dict[str, Any]) -> Response:
    after = paging.decode_cursor(query.get("cursor"), "identities")
    page = identity_queries.own_identities(
        viewer().user_id, limit=query["limit"], after=after, count=query["count"]
    )
    rows = [social_schemas.identity_view(row) for row in page.rows]
    return paging.paged(secret(rows), "identities", page.next, page.total)


@blp.operation(
    "DELETE",
    f"/me/identities/<{ID}:identity_id>/",
    access=Access.SIGNED_IN,
    summary="Отвязать вход через провайдера",
    description=(
        "Нужен `current_password`, а если пароля нет — вход не старше пяти минут. "
        "Последний способ войти отвязать нельзя."
    ),
    errors=[Code.REAUTHENTICATION_REQUIRED, Code.WRONG_PASSWORD, Code.LAST_WAY_IN],
    if_match=True,
    tag="account",
)
@blp.arguments(social_schemas.UnlinkIn, required=False, example=social_examples.UNLINK)
@blp.response(204)
def unlink_identity(body: dict[str, Any], identity_id: int) -> Response:
    caller = viewer()
    with counting_wrong_passwords(caller.user_id):
        identities.unlink(
            user_id=caller.user_id,
            session_id=caller.session_id,
            identity_id=identity_id,
            current_password=body.get("current_password"),
            require_match=_require_match,
            now=utc_now(),
        )
    return Response(status=204)


def _require_match(identity_id: int) -> None:
    conditional.require_match(conditional.etag_of(["identity", identity_id]))


def _providers() -> Providers:
    providers: Providers = current_app.extensions["marketplace_social"]
    return providers


def _offered(provider: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer 404 for a provider that is not set up, before the body is looked at."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def refuse_unknown(*args: Any, **kwargs: Any) -> Any:
            if provider not in _providers().settings.offered:
                raise DomainError(Code.PROVIDER_NOT_CONFIGURED)
            return view(*args, **kwargs)

        return refuse_unknown

    return decorate


def _ask(provider: str, body: dict[str, Any]) -> Proven:
    providers = _providers()
    if provider == VK:
        names = ("code", "code_verifier", "device_id", "state")
        return providers.vk(utc_now(), **{name: body[name] for name in names})
    ask = providers.google if provider == GOOGLE else providers.apple
    return ask(body["id_token"], body.get("nonce"), utc_now())


def _prove(provider: str, body: dict[str, Any]) -> Proven:
    """Who the provider says this is. Raises 401 `identity_token_invalid`, counted by address as a
    failed log-in is, or 503 `provider_unavailable`.
    """
    bucket = limits.by_address("login_address")
    limits.require_room(bucket)
    release()  # no connection is held while a provider takes its time
    try:
        return _ask(provider, body)
    except NotProven as error:
        log.warning("failed sign-in through %s: %s", provider, error)
        failures.failed.add(value=failures.PROVIDER)
        limits.hit(bucket)
        raise unauthorized(Code.IDENTITY_TOKEN_INVALID) from None
    except ProviderDown as error:
        log.warning("%s cannot be asked: %s", provider, error)
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        raise DomainError(Code.PROVIDER_UNAVAILABLE, headers=headers) from None


def _sign_in_routes(provider: str, schema: type[ma.Schema], example: Any) -> Blueprint:
    blueprint = Blueprint(f"social_{provider}", __name__, url_prefix="/api/auth")

    def sign_in(body: dict[str, Any]) -> Response:
        privacy = current_app.config["MARKETPLACE"].privacy
        newcomer = Newcomer(
            role=body["role"],
            language=request_language(),
            agreed=body["consents"],
            versions=privacy.text_versions,
            needs_terms=privacy.require_consent,
        )
        proven = _prove(provider, body)
        done = social_operations.sign_in(proven, newcomer, device=device(), now=utc_now())
        answer = {
            "access": done.pair.access,
            "refresh": done.pair.refresh,
            "user": schemas.account_view(done.user),
            "created": done.created,
        }
        return secret(answer, 201 if done.created else 200)

    sign_in.__name__ = f"sign_in_with_{provider}"
    for status in (201, 200):
        shown = {**social_examples.SIGNED_IN, "created": status == 201}  # noqa: PLR2004
        sign_in = blueprint.response(status, social_schemas.SignedInOut, example=shown)(sign_in)
    sign_in = blueprint.arguments(schema, example=example)(sign_in)
    blueprint.operation(
        "POST",
        f"/social/{provider}/",
        access=Access.ANYONE,
        summary=f"Войти через {_NAMES[provider]}",
        description=(
            f"{_HOW[provider]} 200 — вход в известную учётную запись, 201 — создана новая; `role` "
            f"и `consents` нужны только ей.\n\n{_AS_IT_STANDS}"
        ),
        errors=[*_ERRORS, Code.ACCOUNT_BLOCKED, Code.IDENTITY_TAKEN],
        tag="auth",
    )(_offered(provider)(sign_in))
    return blueprint


def _link_routes(provider: str, schema: type[ma.Schema], example: Any) -> Blueprint:
    blueprint = Blueprint(f"identity_{provider}", __name__, url_prefix="/api/auth")

    def link(body: dict[str, Any]) -> Response:
        identity = identities.link(viewer().user_id, _prove(provider, body), utc_now())
        return secret(social_schemas.identity_view(identity), 201)

    link.__name__ = f"link_{provider}"
    shown = {**social_examples.IDENTITY, "provider": provider}
    link = blueprint.response(201, social_schemas.IdentityOut, example=shown)(link)
    link = blueprint.arguments(schema, example=example)(link)
    blueprint.operation(
        "POST",
        f"/me/identities/{provider}/",
        access=Access.SIGNED_IN,
        summary=f"Привязать вход через {_NAMES[provider]}",
        description=f"{_HOW[provider]}\n\n{_AS_IT_STANDS}",
        errors=[*_ERRORS, Code.IDENTITY_TAKEN],
        tag="account",
    )(_offered(provider)(link))
    return blueprint


_BODIES: dict[str, tuple[type[ma.Schema], Any]] = {
    GOOGLE: (social_schemas.IdTokenIn, social_examples.ID_TOKEN),
    APPLE: (social_schemas.IdTokenIn, social_examples.ID_TOKEN),
    VK: (social_schemas.VkCodeIn, social_examples.VK_CODE),
}
SIGN_IN = {provider: _sign_in_routes(provider, *body) for provider, body in _BODIES.items()}
LINK = {provider: _link_routes(provider, *body) for provider, body in _BODIES.items()}
