"""The API's document: its title, its tags in the order of the contract, its bytes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from flask import Flask, current_app

from marketplace.core import openapi
from marketplace.settings import Settings

VERSION = "1.0.0"
_DAYS_AHEAD = 17
_FRIDAY = 5
_TAGS = {
    "auth": "Регистрация, вход, токены",
    "account": "Учётная запись, сеансы, пароль",
    "recovery": "Подтверждение почты и телефона, забытый пароль",
    "privacy": "Согласия, выгрузка и удаление своих данных",
    "devices": "Устройства для push-сообщений",
    "profile": "Профили",
    "avatar": "Аватар",
    "services": "Услуги, как их знают приложения",
    "schedule": "Расписание специалиста",
    "agenda": "Дни специалиста",
    "slots": "Свободное время",
    "holds": "Удержания времени",
    "bookings": "Записи",
    "catalogue": "Каталог для всех",
    "specialists": "Специалисты",
    "health": "Состояние сервера",
}
# Of fresh demo data: service 1 is the demo specialist's (user 1), session 3 the demo client's.
_PATH_EXAMPLES = {"service_id": 1, "user_id": 1, "session_id": 3, "exception_id": 1}
_PATH_EXAMPLES |= {"booking_id": 1, "hold_id": 1, "identity_id": 1, "device_id": 1}
# Of the demo client's bookings with the demo specialist the first waits for an answer, the second
# is to come, the third has begun.
_OWN_EXAMPLES = {
    "cancelBooking": {"booking_id": 2},
    "rescheduleBooking": {"booking_id": 2},
    "completeBooking": {"booking_id": 3},
    "noShowBooking": {"booking_id": 3},
}
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


def document(today: date) -> dict[str, Any]:
    """The finished document of the present application."""
    api = current_app.extensions["marketplace_api"]
    made = openapi.document(
        api, _TAGS, examples=_PATH_EXAMPLES, own_examples=_OWN_EXAMPLES, any_of=_ANY_OF
    )
    text = json.dumps(made, ensure_ascii=False)
    dated: dict[str, Any] = json.loads(
        text.replace(openapi.EXAMPLE_DAY, _working_day(today).isoformat())
    )
    return dated


def _working_day(today: date) -> date:
    """A coming working day of the demo specialist on which nothing is booked yet."""
    day = today + timedelta(days=_DAYS_AHEAD)
    while day.isoweekday() > _FRIDAY:
        day += timedelta(days=1)
    return day


def document_text(today: date) -> str:
    """The document as it is served and written to files; made once a day, for its examples book
    coming days.
    """
    made_on, text = current_app.extensions.get("marketplace_openapi_text", (None, ""))
    if made_on != today:
        text = json.dumps(document(today), ensure_ascii=False, indent=1) + "\n"
        current_app.extensions["marketplace_openapi_text"] = (today, text)
    return str(text)
