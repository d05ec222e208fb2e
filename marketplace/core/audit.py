"""What admins and security events did to people and services, kept for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime, session


class AuditEntry(Base):
    """One act: who did what to which row. `details` never holds secrets or contacts."""

    __tablename__ = "audit"
    __table_args__ = (
        sa.Index("ix_audit_target", "target_type", "target_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(sa.String(100))
    action: Mapped[str] = mapped_column(sa.String(50))
    target_type: Mapped[str] = mapped_column(sa.String(30))
    target_id: Mapped[int] = mapped_column(sa.Integer)
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


def record(
    action: str, target_type: str, target_id: int, *, actor: str, now: datetime, **details: Any
) -> None:
    """Add an entry to the caller's transaction."""
    session().add(
        AuditEntry(
            at=now,
            actor=actor[:100],
            action=action,
            target_type=target_type,
            target_id=target_id,
            details=details,
        )
    )
