"""/api/auth/me/: consents, everything stored about the caller, being forgotten."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from flask import Response, current_app

from marketplace.auth import consents, examples, privacy
from marketplace.auth import privacy_schemas as schemas
from marketplace.auth.http import counting_wrong_passwords
from marketplace.auth.models import Consent
from marketplace.core import conditional, limits
from marketplace.core.api import Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.database import release
from marketplace.core.errors import Code
from marketplace.core.export import pieces
from marketplace.core.json import encode
from marketplace.core.permissions import Access, viewer
from marketplace.settings import Settings

blp = Blueprint("privacy", __name__, url_prefix="/api/auth")

_IN_MEMORY = 1 << 20
_BLOCK = 1 << 16


@blp.operation("GET", "/me/consents/", access=Access.SIGNED_IN, summary="Мои согласия", etag=True)
@blp.response(200, schemas.ConsentsOut, example=examples.CONSENTS)
def get_consents() -> Response:
    user_id = viewer().user_id
    latest = consents.latest(user_id)
    shown = encode(schemas.consents_view(latest))
    return conditional.tagged(shown, _etag(user_id, latest), private=True)


@blp.operation(
    "PATCH",
    "/me/consents/",
    access=Access.SIGNED_IN,
    summary="Дать или отозвать согласие",
    description=(
        "Согласие даётся на нынешний текст, отзыв действует сразу. Условия отзываются только "
        "удалением учётной записи."
    ),
    etag=True,
    if_match=True,
)
@blp.arguments(schemas.ConsentsPatch, example=examples.CONSENTS_PATCH)
@blp.response(200, schemas.ConsentsOut, example=examples.CONSENTS)
def patch_consents(body: dict[str, Any]) -> Response:
    user_id = viewer().user_id
    latest = privacy.change_consents(
        user_id,
        body,
        versions=_settings().privacy.text_versions,
        require_match=lambda present: conditional.require_match(_etag(user_id, present)),
        now=utc_now(),
    )
    response = conditional.json_response(encode(schemas.consents_view(latest)))
    return conditional.with_etag(response, _etag(user_id, latest), private=True)


@blp.operation(
    "GET",
    "/me/export/",
    access=Access.SIGNED_IN,
    summary="Все мои данные",
    description=(
        "Всё, что о вас хранится, одним документом JSON: учётная запись, профиль, сеансы, "
        "согласия, услуги, расписание, записи с историей, уведомления. Паролей, кодов и контактов "
        "других людей в нём нет."
    ),
)
@blp.response(200, schemas.ExportOut, example=examples.EXPORT)
def export_account() -> Response:
    user_id = viewer().user_id
    limits.hit(("export", str(user_id)))
    # Through a file, so that neither the memory grows with the document nor a slow reader keeps
    # a connection of the database.
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        for piece in pieces(privacy.export(user_id, utc_now())):
            file.write(piece.encode())
        release()
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    response = Response(_blocks(file), mimetype="application/json")
    response.call_on_close(file.close)  # for an answer that nobody reads
    response.headers["Content-Length"] = str(length)
    response.headers["Content-Disposition"] = 'attachment; filename="export.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blp.operation(
    "POST",
    "/me/erase/",
    access=Access.SIGNED_IN,
    summary="Удалить учётную запись",
    description=(
        "Необратимо стирает личные данные, завершает сеансы, отменяет предстоящие записи. Без "
        "`password` нужен вход через провайдера не раньше пяти минут назад."
    ),
    errors=[Code.WRONG_PASSWORD, Code.REAUTHENTICATION_REQUIRED],
)
@blp.arguments(schemas.EraseIn, required=False, example=examples.ERASE)
@blp.response(204)
def erase_account(body: dict[str, Any]) -> Response:
    caller = viewer()
    with counting_wrong_passwords(caller.user_id):
        privacy.erase(
            user_id=caller.user_id,
            session_id=caller.session_id,
            password=body.get("password"),
            journal=_settings().erasure_journal,
            now=utc_now(),
        )
    return Response(status=204)


def _blocks(file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


def _settings() -> Settings:
    settings: Settings = current_app.config["MARKETPLACE"]
    return settings


def _etag(user_id: int, latest: dict[str, Consent | None]) -> str:
    versions = [(row.id, row.withdrawn_at) for row in latest.values() if row is not None]
    return conditional.etag_of(["consents", user_id, *versions])
