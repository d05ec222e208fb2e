"""The API's document: its title, its tags in the order of the contract, its bytes."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, current_app

from marketplace.core import openapi
from marketplace.settings import Settings

VERSION = "1.0.0"
_TAGS = {
    "auth": "Регистрация, вход, токены",
    "account": "Учётная запись, сеансы, пароль",
    "profile": "Профили",
    "services": "Услуги, как их знают приложения",
    "catalogue": "Каталог для всех",
    "health": "Состояние сервера",
}
# Of fresh demo data: service 1 is the demo specialist's (user 1), session 3 the demo client's.
_PATH_EXAMPLES = {"service_id": 1, "user_id": 1, "session_id": 3}
_ANY_OF = {"RegisterIn": ("email", "phone")}
_DESCRIPTION = """\
Протокол мобильного приложения и сервера.

Чтобы попробовать: выполните `POST /api/auth/login/` с примером как есть — страница сама запомнит
токен (или вставьте access-токен в *Authorize*). Демонстрационные входы: `demo_client` и
`demo_specialist`, пароль `sea-breeze-42`.

Ошибки приходят как `application/problem+json` (RFC 9457) со стабильным `code`; тексты — по-русски
или, с `Accept-Language: en`, по-английски.
"""


def new_api(app: Flask) -> openapi.Api:
    """Bind the generator to the application."""
    settings: Settings = app.config["MARKETPLACE"]
    api = openapi.new_api(
        app, title=f"{settings.brand} API", version=VERSION, description=_DESCRIPTION
    )
    app.extensions["marketplace_api"] = api
    return api


def document() -> dict[str, Any]:
    """The finished document of the present application."""
    api = current_app.extensions["marketplace_api"]
    return openapi.document(api, _TAGS, examples=_PATH_EXAMPLES, any_of=_ANY_OF)


def document_text() -> str:
    """The document as it is served and written to files; made once a process."""
    cached = current_app.extensions.get("marketplace_openapi_text")
    if cached is None:
        cached = json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
        current_app.extensions["marketplace_openapi_text"] = cached
    return str(cached)
