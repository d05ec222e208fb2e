"""What the outbox tells of a person, forgets of one, and forgets of everybody with time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import session, table_of
from marketplace.core.export import stream
from marketplace.notifications.models import CANCELLED, PENDING, Notification, PushDevice

BLANK: dict[str, Any] = {"payload": {}, "destination": None, "last_error": ""}


def exported(user_id: int) -> dict[str, Iterator[dict[str, Any]]]:
    """What a person was told and is to be told, and where pushes go."""
    rows, devices = table_of(Notification).c, table_of(PushDevice).c
    hidden = {"user_id", "dedup_key", "leased_until", "last_error"}
    told = [column for column in rows if column.name not in hidden]
    # A push token is the provider's secret address of one device.
    phones = sa.select(devices.id, devices.platform, devices.created_at, devices.last_seen_at)
    return {
        "notifications": stream(sa.select(*told).where(rows.user_id == user_id).order_by(rows.id)),
        "push_devices": stream(phones.where(devices.user_id == user_id).order_by(devices.id)),
    }


def forget(user_id: int, now: datetime) -> None:
    """Nothing is sent to the person any more, and nothing of what was sent is kept but the fact."""
    rows = table_of(Notification)
    session().execute(
        sa.update(rows)
        .where(rows.c.user_id == user_id, rows.c.state == PENDING)
        # Without its lease a worker that has one in hand writes nothing of it back.
        .values(state=CANCELLED, ended_at=now, leased_until=None)
    )
    session().execute(sa.update(rows).where(rows.c.user_id == user_id).values(**BLANK))
    session().execute(sa.delete(PushDevice).where(PushDevice.user_id == user_id))
