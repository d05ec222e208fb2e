"""/api/auth/: codes that verify an e-mail or a phone, and the way back to a forgotten password."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app

from marketplace.auth import (
    account_schemas,
    examples,
    identifiers,
    operations,
    recovery,
    verification,
)
from marketplace.auth.codes import Purpose
from marketplace.core import limits
from marketplace.core.api import Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code, DomainError
from marketplace.core.permissions import Access, viewer

blp = Blueprint("recovery", __name__, url_prefix="/api/auth")


def _declare(purpose: Purpose, summary: str, confirm_summary: str) -> None:
    def send() -> Response:
        limits.hit(limits.by_address("code_address"))
        verification.send_code(viewer().user_id, purpose, utc_now())
        return Response(status=202)

    def confirm(body: dict[str, Any]) -> Response:
        verification.confirm(viewer().user_id, purpose, body["code"], utc_now())
        return Response(status=204)

    send.__name__, confirm.__name__ = f"send_{purpose}_code", f"confirm_{purpose}"
    blp.operation(
        "POST",
        f"/verify/{purpose}/",
        access=Access.SIGNED_IN,
        summary=summary,
        description=(
            "Шесть цифр, действуют 10 минут; следующий код — через минуту. Пока ждёт "
            "подтверждения новый адрес, код уходит на него."
        ),
        errors=[Code.CONTACT_MISSING],
    )(blp.response(202)(send))
    taken = Code.EMAIL_TAKEN if purpose is Purpose.EMAIL else Code.PHONE_TAKEN
    blp.operation(
        "POST",
        f"/verify/{purpose}/confirm/",
        access=Access.SIGNED_IN,
        summary=confirm_summary,
        description="Подставьте код из письма или SMS. На один код — пять попыток.",
        errors=[Code.CODE_INVALID, taken],
    )(blp.arguments(account_schemas.CodeIn, example=examples.CODE)(blp.response(204)(confirm)))


_declare(Purpose.EMAIL, "Получить код на почту", "Подтвердить почту")
_declare(Purpose.PHONE, "Получить код по SMS", "Подтвердить телефон")


@blp.operation(
    "POST",
    "/password/forgot/",
    access=Access.ANYONE,
    summary="Забыли пароль",
    description=(
        "Код уйдёт на почту или телефон учётной записи. Ответ один и тот же, есть она или нет."
    ),
)
@blp.arguments(account_schemas.ForgotIn, example=examples.FORGOT)
@blp.response(202)
def forgot_password(body: dict[str, Any]) -> Response:
    limits.hit(limits.by_address("code_address"))
    login = identifiers.identify(body["login"])
    user_id = operations.find_credentials(login).user_id
    recovery.forgot(login, user_id, utc_now())
    return Response(status=202)


@blp.operation(
    "POST",
    "/password/reset/",
    access=Access.ANYONE,
    summary="Задать новый пароль по коду",
    description=(
        "Подставьте код, который пришёл. Завершает все сеансы: войдите с новым паролем. На один "
        "код — пять попыток."
    ),
    errors=[Code.CODE_INVALID],
)
@blp.arguments(account_schemas.ResetIn, example=examples.RESET)
@blp.response(204)
def reset_password(body: dict[str, Any]) -> Response:
    bucket = limits.by_address("code_guess")
    limits.require_room(bucket)
    login = identifiers.identify(body["login"])
    user_id = operations.find_credentials(login).user_id
    brand = current_app.config["MARKETPLACE"].brand
    try:
        recovery.reset(
            login,
            user_id,
            code=body["code"],
            new_password=body["new_password"],
            brand=brand,
            now=utc_now(),
        )
    except DomainError as error:
        if error.code is Code.CODE_INVALID:
            limits.hit(bucket)
        raise
    return Response(status=204)
