"""The examples of the documentation."""

from __future__ import annotations

from typing import Any

_AFFECTED: dict[str, Any] = {"affected_bookings": [], "affected_count": 0}
HOURS = {
    "hours": [
        {"weekday": weekday, "start": start, "end": end}
        for weekday in range(1, 6)
        for start, end in (("10:00", "14:00"), ("15:00", "19:00"))
    ]
}
HOURS_CHANGED = {**_AFFECTED, **HOURS}
EXCEPTION_IN = {
    "date_from": "2030-12-31",
    "date_to": "2031-01-08",
    "intervals": [],
    "reason": "Новый год",
}
EXCEPTION = {"id": 1, **EXCEPTION_IN}
EXCEPTION_MADE = {**EXCEPTION, **_AFFECTED}
AFFECTED = _AFFECTED
SETTINGS = {
    "timezone": "Europe/Moscow",
    "slot_step_minutes": 30,
    "min_notice_minutes": 120,
    "horizon_days": 60,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 15,
    "auto_confirm": True,
    "cancel_notice_minutes": 180,
}
SETTINGS_PATCH = {"slot_step_minutes": 30, "buffer_after_minutes": 15, "cancel_notice_minutes": 180}
SETTINGS_CHANGED = {**_AFFECTED, **SETTINGS}
