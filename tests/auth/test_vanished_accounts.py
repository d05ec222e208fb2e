"""What a write does whose account went, or was blocked, after the request was authenticated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor, assert_problem
from command_line import CommandLine
from flask import Flask

from marketplace.auth import authentication, verification
from marketplace.auth.models import Session, User
from marketplace.auth.verification import AccountChange
from marketplace.core.errors import Code, DomainError
from marketplace.extensions import db
from marketplace.notifications import operations as notifications
from marketplace.profile import operations as profiles
from marketplace.profile.models import Profile
from marketplace.schedule import operations as schedules
from marketplace.schedule.models import Schedule
from marketplace.services import operations as services

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NOBODY = 999_999
DAY_OFF = {"date_from": date(2026, 12, 24), "date_to": date(2026, 12, 24)}
SERVICE = {"name": "Стрижка", "price": Decimal("1500.00"), "duration_minutes": 60}


def match(_row: object) -> None:
    """Any version will do."""


WRITES: dict[str, Callable[[int], Any]] = {
    "language": lambda user: verification.change_account(
        user, AccountChange("en"), require_match=match, now=NOW
    ),
    "profile": lambda user: profiles.change_profile(
        user, {"city": "Казань"}, require_match=match, now=NOW
    ),
    "service": lambda user: services.create_service(user, SERVICE, NOW),
    "device": lambda user: notifications.register_device(user, "token", "ios", NOW),
    "hours": lambda user: schedules.replace_hours(
        user, [(1, 600, 660)], require_match=match, dry_run=False, now=NOW
    ),
    "exception": lambda user: schedules.add_exception(
        user, **DAY_OFF, intervals=[], reason="Отпуск", dry_run=False, now=NOW
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_an_account_that_is_gone_is_refused(app: Flask, write: Callable[[int], Any]) -> None:
    with app.app_context(), pytest.raises(DomainError) as refused:
        write(NOBODY)

    assert refused.value.code is Code.TOKEN_REVOKED


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_an_account_that_was_blocked_meanwhile_is_refused(
    app: Flask, specialist: Actor, write: Callable[[int], Any]
) -> None:
    CommandLine(app).do("users", "block", specialist.user_id, "--reason", "Жалобы", "--yes")

    with app.app_context(), pytest.raises(DomainError) as refused:
        write(specialist.user_id)

    assert refused.value.code is Code.TOKEN_REVOKED


CALLS = [
    ("PATCH", "/api/auth/me/", {"language": "en"}),
    ("PATCH", "/api/auth/profile/me/", {"city": "Казань"}),
    ("POST", "/api/auth/services/", SERVICE | {"price": "1500.00"}),
    ("POST", "/api/auth/devices/", {"token": "token", "platform": "ios"}),
    ("PUT", "/api/schedule/hours/", {"hours": []}),
]


@pytest.mark.parametrize("call", CALLS, ids=[call[1] for call in CALLS])
@pytest.mark.usefixtures("app")
def test_the_caller_is_told_to_sign_in_again(
    specialist: Actor, monkeypatch: pytest.MonkeyPatch, call: tuple[str, str, dict[str, Any]]
) -> None:
    method, path, body = call

    # Noting when the session was last seen is the last act before the write.
    def deleted_meanwhile(*_: object) -> None:
        with db.engine.begin() as connection:
            for own in (Session.user_id, Profile.user_id, Schedule.user_id, User.id):
                connection.execute(sa.delete(own.class_).where(own == specialist.user_id))

    monkeypatch.setattr(authentication, "LAST_SEEN_STEP", timedelta(0))
    monkeypatch.setattr(authentication, "_note_seen", deleted_meanwhile)

    response = getattr(specialist, method.lower())(path, body)

    assert_problem(response, 401, "token_revoked")
