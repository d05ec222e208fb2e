"""The outbox's table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime

PENDING, SENT, CANCELLED, DEAD = "pending", "sent", "cancelled", "dead"
STATES = (PENDING, SENT, CANCELLED, DEAD)


class Notification(Base):
    """Something to tell a person at `due_at`, rendered when it is sent, in the reader's language
    and zone. `dedup_key` names the event and the reader, so that nothing is told twice.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("dedup_key"),
        sa.CheckConstraint("state IN ('pending', 'sent', 'cancelled', 'dead')", name="state"),
        sa.CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name="ended_at"),
        sa.Index("ix_notifications_subject", "subject_type", "subject_id"),
        sa.Index("ix_notifications_user_id", "user_id", "id"),
        sa.Index(
            "ix_notifications_pending",
            "due_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(sa.String(40))
    subject_type: Mapped[str] = mapped_column(sa.String(20))
    subject_id: Mapped[int] = mapped_column(sa.Integer)
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(sa.String(10), default=PENDING)
    dedup_key: Mapped[str] = mapped_column(sa.String(120))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
