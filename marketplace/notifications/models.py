"""The outbox's table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime

PENDING, SENT, CANCELLED, DEAD = "pending", "sent", "cancelled", "dead"
EMAIL, SMS, PUSH = "email", "sms", "push"
CHANNELS = (EMAIL, SMS, PUSH)
STATES = (PENDING, SENT, CANCELLED, DEAD)


class Notification(Base):
    """Something to tell a person at `due_at`, rendered when it is sent, in the reader's language
    and zone. `dedup_key` names the event and the reader, so that nothing is told twice.

    Without a channel the best one is chosen when it is sent; without a destination, what the person
    has then. A worker that sends it holds it until `leased_until`. Without a user it is nobody's,
    and never sent.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("dedup_key"),
        sa.CheckConstraint("state IN ('pending', 'sent', 'cancelled', 'dead')", name="state"),
        sa.CheckConstraint("channel IN ('email', 'sms', 'push')", name="channel"),
        sa.CheckConstraint("attempts BETWEEN 0 AND 100", name="attempts"),
        sa.CheckConstraint("destination IS NULL OR channel IS NOT NULL", name="destination"),
        sa.CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name="ended_at"),
        sa.Index("ix_notifications_subject", "subject_type", "subject_id"),
        sa.Index("ix_notifications_user_id", "user_id", "id"),
        sa.Index("ix_notifications_destination", "destination", "created_at"),
        sa.Index(
            "ix_notifications_pending",
            "due_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index(
            "ix_notifications_dead",
            "id",
            sqlite_where=sa.text("state = 'dead'"),
            postgresql_where=sa.text("state = 'dead'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(sa.String(40))
    subject_type: Mapped[str] = mapped_column(sa.String(20))
    subject_id: Mapped[int] = mapped_column(sa.Integer)
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(sa.String(10), default=PENDING)
    dedup_key: Mapped[str] = mapped_column(sa.String(120))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    channel: Mapped[str | None] = mapped_column(sa.String(10))
    destination: Mapped[str | None] = mapped_column(sa.String(254))
    urgent: Mapped[bool] = mapped_column(sa.Boolean, default=False, server_default=sa.false())
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")


class PushDevice(Base):
    """A phone or browser that takes push messages, by the token its provider gave it."""

    __tablename__ = "push_devices"
    __table_args__ = (
        sa.CheckConstraint("platform IN ('android', 'ios', 'web')", name="platform"),
        sa.UniqueConstraint("token"),
        sa.Index("ix_push_devices_user_id", "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    token: Mapped[str] = mapped_column(sa.String(4096))
    platform: Mapped[str] = mapped_column(sa.String(10))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
