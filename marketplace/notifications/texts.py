"""What a notification says, in the reader's language and zone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from marketplace.core.messages import LANGUAGES

_MONTHS = (
    (
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
)
# kind: (ru, en)
TEXTS: dict[str, tuple[str, str]] = {
    "booking_requested": (
        "Новая заявка: {service}, {starts_at}. Подтвердите или отклоните её.",
        "New request: {service}, {starts_at}. Confirm or decline it.",
    ),
    "booking_created": (
        "Новая запись: {service}, {starts_at}.",
        "New booking: {service}, {starts_at}.",
    ),
    "booking_waits": (
        "Заявка отправлена: {service}, {starts_at}. Ждём ответа специалиста.",
        "Request sent: {service}, {starts_at}. Waiting for the specialist's answer.",
    ),
    "booking_confirmed": (
        "Вы записаны: {service}, {starts_at}.",
        "You are booked: {service}, {starts_at}.",
    ),
    "booking_declined": (
        "Специалист не сможет вас принять: {service}, {starts_at}.",
        "The specialist cannot take you: {service}, {starts_at}.",
    ),
    "booking_cancelled": (
        "Запись отменена: {service}, {starts_at}.",
        "Booking cancelled: {service}, {starts_at}.",
    ),
    "booking_rescheduled": (
        "Запись перенесена: {service}, теперь {starts_at}.",
        "Booking moved: {service}, now {starts_at}.",
    ),
    "booking_move_requested": (
        "Клиент просит перенос: {service}, на {starts_at}. Подтвердите или отклоните.",
        "The client asks to move a booking: {service}, to {starts_at}. Confirm or decline it.",
    ),
    "booking_expired": (
        "Специалист не ответил на заявку: {service}, {starts_at}.",
        "The specialist did not answer your request: {service}, {starts_at}.",
    ),
    "account_erased": (
        "Ваша учётная запись удалена, личные данные стёрты.",
        "Your account is deleted and your personal data erased.",
    ),
    "reminder_24h": (
        "Напоминаем о записи: {service}, {starts_at}.",
        "A reminder of your booking: {service}, {starts_at}.",
    ),
    "reminder_2h": (
        "Скоро запись: {service}, {starts_at}.",
        "Your booking is soon: {service}, {starts_at}.",
    ),
}


def render(kind: str, payload: Mapping[str, Any], language: str, timezone: str) -> str:
    """The text of a notification; `payload` holds `service` and `starts_at` (ISO, with offset)
    where it is about a booking. What is forgotten has none, and no text any more.
    """
    number = LANGUAGES.index(language)
    if not payload:
        return ""
    if "starts_at" not in payload:
        return TEXTS[kind][number]
    moment = datetime.fromisoformat(payload["starts_at"]).astimezone(ZoneInfo(timezone))
    when = f"{moment.day} {_MONTHS[number][moment.month - 1]}, {moment:%H:%M}"
    return TEXTS[kind][number].format(service=payload["service"], starts_at=when)
