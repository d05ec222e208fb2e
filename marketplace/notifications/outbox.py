"""Writing to the outbox, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import session, table_of
from marketplace.core.hot import HotInsert
from marketplace.notifications.models import CANCELLED, PENDING, Notification

_NOTIFICATIONS = HotInsert(Notification)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person. `payload` holds what its text is made of.

    Without a channel the best one is chosen when it is sent. An urgent one waits for no morning.
    """

    user_id: int | None
    kind: str
    subject_type: str
    subject_id: int
    payload: Mapping[str, Any]
    due_at: datetime
    dedup_key: str
    channel: str | None = None
    destination: str | None = None
    urgent: bool = False


def enqueue(notices: Sequence[Notice], now: datetime) -> None:
    """Add notices to the outbox."""
    rows = [
        {
            "user_id": notice.user_id,
            "kind": notice.kind,
            "subject_type": notice.subject_type,
            "subject_id": notice.subject_id,
            "payload": dict(notice.payload),
            "due_at": notice.due_at,
            "dedup_key": notice.dedup_key,
            "created_at": now,
            "channel": notice.channel,
            "destination": notice.destination,
            "urgent": notice.urgent,
            # What is nobody's is written for the time it takes, and goes nowhere.
            "state": PENDING if notice.user_id is not None else CANCELLED,
            "ended_at": None if notice.user_id is not None else now,
        }
        for notice in notices
    ]
    _NOTIFICATIONS.many(rows)


def withdraw(
    subject_type: str, subject_ids: Sequence[int], kinds: Sequence[str], now: datetime
) -> None:
    """Let what is not sent yet of these kinds never be sent."""
    session().execute(
        sa.update(table_of(Notification))
        .where(
            Notification.subject_type == subject_type,
            Notification.subject_id.in_(subject_ids),
            Notification.kind.in_(kinds),
            Notification.state == PENDING,
        )
        .values(state=CANCELLED, ended_at=now)
    )
