"""The examples of the documentation; requests succeed against the demo data as they stand."""

from __future__ import annotations

PASSWORD = "sea-breeze-42"  # noqa: S105 - the published password of the demo log-ins
_TOKEN = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjdmMzEiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiIyIn0.c2lnbmF0dXJl"  # noqa: S105

TOKENS = {"access": _TOKEN, "refresh": _TOKEN}
REGISTER = {
    "username": "maria.sokolova",
    "password": "тихий-вечер-7",
    "email": "maria.sokolova@example.com",
    "phone": "+79161234567",
    "role": "client",
}
ACCOUNT = {
    "id": 2,
    "username": "demo_client",
    "email": "demo_client@example.com",
    "email_verified": True,
    "phone": "+79000000002",
    "phone_verified": False,
    "role": "client",
    "language": "ru",
}
OWN_ACCOUNT = {**ACCOUNT, "pending_email": None, "pending_phone": None}
REGISTERED = {
    "message": "Регистрация прошла успешно",
    "user": {
        "id": 301,
        "username": "maria.sokolova",
        "email": "maria.sokolova@example.com",
        "email_verified": False,
        "phone": "+79161234567",
        "phone_verified": False,
        "role": "client",
        "language": "ru",
    },
    **TOKENS,
}
LOGIN = {"username": "demo_client", "password": PASSWORD}
REFRESH = {"refresh": "<refresh>"}
ACCOUNT_PATCH = {"language": "en"}
ERASE = {"password": PASSWORD}
CONSENTS_PATCH = {"advertising": True}
CONSENTS = {
    "terms": {
        "given": True,
        "text_version": "2026-11-01",
        "given_at": "2026-11-23T08:15:00Z",
        "withdrawn_at": None,
    },
    "advertising": {
        "given": False,
        "text_version": "2026-11-01",
        "given_at": "2026-11-23T08:15:00Z",
        "withdrawn_at": "2026-11-24T17:02:00Z",
    },
}
EXPORT = {
    "exported_at": "2026-11-24T17:02:00Z",
    "account": {"id": 2, "username": "demo_client", "email": "demo_client@example.com"},
}
PASSWORD_CHANGE = {"old_password": PASSWORD, "new_password": "лунный-берег-58"}
SESSIONS = [
    {
        "id": 5,
        "name": "Pixel 8, Android 15",
        "ip": "203.0.113.7",
        "created_at": "2026-11-23T08:15:00Z",
        "last_seen_at": "2026-11-23T09:40:00Z",
        "current": True,
    }
]
CODE = {"code": "042917"}
FORGOT = {"login": "demo_client"}
RESET = {"login": "demo_client", "code": "042917", "new_password": "лунный-берег-58"}
