"""Push devices, and dead letters sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.core import audit
from marketplace.core.database import session, table_of, transactional
from marketplace.core.errors import Code, DomainError, not_found
from marketplace.core.parts import Parts
from marketplace.notifications.models import DEAD, PENDING, Notification, PushDevice

MAX_DEVICES = 20
# Said to somebody whose account is gone by then.
FAREWELL = "account_erased"
_DEVICES = table_of(PushDevice)
# Called with what must hold of a person who gets a device; it raises, in that transaction.
on_device: Parts[Callable[[int], object]] = Parts()


class NotDead(DomainError):
    """Only dead letters are sent again; in words for the admin."""

    def __init__(self, notification_id: int, state: str) -> None:
        super().__init__(Code.WRONG_STATE)
        self._told = f"Notification {notification_id} is {state}, not dead."

    def __str__(self) -> str:
        return self._told


@transactional
def register_device(user_id: int, token: str, platform: str, now: datetime) -> int:
    """Keep a push token as this person's, whosever it was: a phone has one person at a time. Beyond
    twenty the one unseen for longest goes. Raises 401.
    """
    for part in on_device:
        part(user_id)
    connection = session().connection()
    values = {"token": token, "created_at": now} | {
        "user_id": user_id,
        "platform": platform,
        "last_seen_at": now,
    }
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(_DEVICES).values(values)
    newer = {name: insert.excluded[name] for name in ("user_id", "platform", "last_seen_at")}
    kept = insert.on_conflict_do_update(index_elements=["token"], set_=newer)
    device_id: int = connection.execute(kept.returning(_DEVICES.c.id)).scalar_one()
    others = sa.and_(_DEVICES.c.user_id == user_id, _DEVICES.c.id != device_id)
    newest = sa.select(_DEVICES.c.id).where(others)
    newest = newest.order_by(_DEVICES.c.last_seen_at.desc(), _DEVICES.c.id.desc())
    surplus = newest.offset(MAX_DEVICES - 1)
    connection.execute(sa.delete(_DEVICES).where(_DEVICES.c.id.in_(surplus)))
    return device_id


@transactional
def remove_device(user_id: int, device_id: int) -> None:
    """Forget one of the person's own devices. Raises 404 for others'."""
    mine = sa.and_(_DEVICES.c.id == device_id, _DEVICES.c.user_id == user_id)
    removed = session().execute(sa.delete(_DEVICES).where(mine).returning(_DEVICES.c.id))
    if removed.first() is None:
        raise not_found()


@transactional
def retry(notification_id: int, *, actor: str, now: datetime) -> None:
    """Send a dead letter again from the beginning. Raises 404, 409 for one that is not dead."""
    found = session().get(Notification, notification_id)
    if found is None:
        raise not_found()
    if found.state != DEAD:
        raise NotDead(notification_id, found.state)
    _requeue(Notification.id == notification_id, now)
    audit.record("notification.retry", "notification", notification_id, actor=actor, now=now)


@transactional
def retry_dead(*, actor: str, now: datetime) -> int:
    """Send all dead letters again; how many there were."""
    count = _requeue(Notification.state == DEAD, now)
    # One entry for all of them. No row has the id 0.
    audit.record("notification.retry", "notification", 0, actor=actor, now=now, count=count)
    return count


def _requeue(which: sa.ColumnElement[bool], now: datetime) -> int:
    revived = sa.update(table_of(Notification)).where(which, Notification.state == DEAD)
    values = {"state": PENDING, "ended_at": None, "due_at": now, "attempts": 0}
    result: Any = session().execute(revived.values(**values, leased_until=None))
    return int(result.rowcount)
