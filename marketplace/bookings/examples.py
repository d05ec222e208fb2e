"""The examples of the documentation."""

from __future__ import annotations

from typing import Any

from marketplace.core.openapi import EXAMPLE_DAY as DAY

STARTS_AT = f"{DAY}T12:00:00+03:00"
LATER = f"{DAY}T17:00:00+03:00"
ENDS_AT = f"{DAY}T13:00:00+03:00"
SLOTS = {
    "service": 1,
    "timezone": "Europe/Moscow",
    "duration_minutes": 60,
    "rule": None,
    "days": [{"date": DAY, "slots": [STARTS_AT, LATER]}],
}
EXPLAINED = {
    "bookable": False,
    "rule": "outside_hours",
    "detail": "В это время специалист не работает.",
    "nearest": [STARTS_AT, LATER],
}
HOLD_IN = {"service": 1, "starts_at": f"{DAY}T15:00:00+03:00"}
HOLD = {
    "id": 1,
    "expires_at": "2029-12-20T10:10:00+03:00",
    "service": 1,
    "service_name": "Классический массаж спины",
    "specialist": 1,
    "starts_at": STARTS_AT,
    "ends_at": ENDS_AT,
    "timezone": "Europe/Moscow",
    "price": "2500.00",
    "currency": "RUB",
    "duration_minutes": 60,
}
BOOKING_IN = {"service": 1, "starts_at": STARTS_AT, "note": "Болит поясница."}
RESCHEDULE_IN = {"starts_at": LATER}
CANCEL_IN = {"reason": "Планы изменились"}
BOOKING_ROW: dict[str, Any] = {
    "id": 1,
    "status": "confirmed",
    "service": 1,
    "service_name": "Классический массаж спины",
    "specialist": 1,
    "client": 2,
    "starts_at": STARTS_AT,
    "ends_at": ENDS_AT,
    "timezone": "Europe/Moscow",
    "duration_minutes": 60,
    "price": "2500.00",
    "currency": "RUB",
    "note": "Болит поясница.",
    "cancel_notice_minutes": 0,
    "specialist_profile": {
        "id": 1,
        "full_name": "Анна Соколова",
        "place": {
            "latitude": 55.7648,
            "longitude": 37.6055,
            "address": "Тверская улица, 7, кабинет 12",
        },
        "avatar": None,
        "avatar_small": None,
        "contacts": {"phone": "+79000000001", "email": "demo_specialist@example.com"},
    },
    "client_profile": {
        "id": 2,
        "full_name": "Мария Ильина",
        "avatar": None,
        "avatar_small": None,
        "contacts": {"phone": "+79000000002", "email": "demo_client@example.com"},
    },
    "created_at": "2029-12-20T10:00:00+03:00",
    "updated_at": "2029-12-20T10:00:00+03:00",
}
BOOKING = {
    **BOOKING_ROW,
    "events": [
        {
            "at": "2029-12-20T10:00:00+03:00",
            "by": "client",
            "event": "created",
            "status": "confirmed",
            "details": {},
        }
    ],
}
AGENDA = {
    "timezone": "Europe/Moscow",
    "days": [
        {
            "date": DAY,
            "exception": None,
            "reason": "",
            "intervals": [{"start": "10:00", "end": "14:00"}, {"start": "15:00", "end": "19:00"}],
            "bookings": [BOOKING_ROW],
        }
    ],
}
