"""What the tests of contacts share: Maria's, and what is done with them."""

from __future__ import annotations

from actors import PASSWORD, Actor
from auth.support import logged_in
from werkzeug.test import TestResponse

EMAIL = "maria.sokolova@example.com"
NEW_EMAIL = "maria@example.org"
PHONE = "+79161234567"
NEW_PHONE = "+79167654321"
CONTACTS = {"email": (EMAIL, NEW_EMAIL), "phone": (PHONE, NEW_PHONE)}


def signed_in_again(person: Actor) -> Actor:
    """The person, whose access token has run out meanwhile."""
    return logged_in(Actor(person.client), "maria.sokolova")


def account(person: Actor) -> dict[str, object]:
    shown: dict[str, object] = person.get("/api/auth/me/").get_json()
    return shown


def ask(person: Actor, contact: str = "email") -> None:
    answer = person.post(f"/api/auth/verify/{contact}/")
    assert answer.status_code == 202, answer.text
    assert answer.data == b""


def confirm(person: Actor, code: str, contact: str = "email") -> TestResponse:
    return person.post(f"/api/auth/verify/{contact}/confirm/", {"code": code})


def change(person: Actor, contact: str, value: str, password: str = PASSWORD) -> TestResponse:
    return person.patch("/api/auth/me/", {contact: value, "current_password": password})
