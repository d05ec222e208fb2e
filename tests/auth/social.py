"""What the tests of social sign-in share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from actors import Actor
from auth.support import claims_of
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.auth.identities import add
from marketplace.auth.models import Identity, User
from marketplace.auth.social_claims import Proven
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.notifications.models import Notification

IDENTITIES = "/api/auth/me/identities/"


def enter(caller: Actor, provider: str, body: Any, **kwargs: Any) -> TestResponse:
    return caller.post(f"/api/auth/social/{provider}/", body, **kwargs)


def entered(caller: Actor, provider: str, body: Any) -> Actor:
    """The person who has just come in."""
    response = enter(caller, provider, body)
    assert response.status_code in (200, 201), response.text
    told = response.get_json()
    claims = claims_of(told["access"])
    return Actor(caller.client, told["user"]["id"], claims["sid"], told["access"], told["refresh"])


def on(app: Flask, actor: Actor) -> Actor:
    """The same person, calling another application on the same database."""
    return Actor(app.test_client(), actor.user_id, actor.session_id, actor.access, actor.refresh)


def linked(person: Actor, provider: str = "vk", subject: str = "1001") -> int:
    """The id of an identity that is put into the person's account."""
    with person.client.application.app_context():
        return _link(person.user_id, Proven(provider, subject))


@transactional
def _link(user_id: int, proven: Proven) -> int:
    return add(user_id, proven, utc_now(), tell=False).id


def change_user(app: Flask, user_id: int, **values: Any) -> None:
    with app.app_context():
        _change(user_id, values)


@transactional
def _change(user_id: int, values: dict[str, Any]) -> None:
    session().execute(sa.update(User).where(User.id == user_id).values(values))


def verify_email(app: Flask, user_id: int, email: str | None = None) -> None:
    changes: dict[str, Any] = {"email_verified_at": utc_now()}
    if email is not None:
        changes |= {"email": email, "email_folded": email}
    change_user(app, user_id, **changes)


def rows_of(app: Flask, model: type[Any], **where: Any) -> list[Any]:
    with app.app_context():
        return list(session().scalars(sa.select(model).filter_by(**where).order_by(model.id)))


def identities_of(app: Flask, user_id: int) -> list[tuple[str, str]]:
    rows = rows_of(app, Identity, user_id=user_id)
    return [(row.provider, row.subject) for row in rows]


def notices_of(app: Flask, user_id: int) -> list[tuple[str, dict[str, Any]]]:
    """What the person is told of identities."""
    rows = rows_of(app, Notification, user_id=user_id)
    return [(row.kind, row.payload) for row in rows if row.kind.startswith("identity_")]
