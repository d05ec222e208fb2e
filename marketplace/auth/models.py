"""Users and their sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime

CLIENT = "client"
SPECIALIST = "specialist"
ADMIN = "admin"
ROLES = (CLIENT, SPECIALIST, ADMIN)


class User(Base):
    """A person's account. What is unique: `username_folded` holds `text.fold` of the name,
    `email_folded` holds `identifiers.email_key` of the address.
    """

    __tablename__ = "users"
    __table_args__ = (
        sa.CheckConstraint("role IN ('client', 'specialist', 'admin')", name="role"),
        sa.CheckConstraint("language IN ('ru', 'en')", name="language"),
        sa.CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name="contact"),
        sa.CheckConstraint("(email IS NULL) = (email_folded IS NULL)", name="email_folded"),
        sa.CheckConstraint("length(username) BETWEEN 3 AND 150", name="username_length"),
        sa.UniqueConstraint("username_folded"),
        sa.UniqueConstraint("email_folded"),
        sa.UniqueConstraint("phone"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(150))
    username_folded: Mapped[str] = mapped_column(sa.Text)
    email: Mapped[str | None] = mapped_column(sa.String(254))
    email_folded: Mapped[str | None] = mapped_column(sa.Text)
    email_verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    phone: Mapped[str | None] = mapped_column(sa.String(16))
    phone_verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str] = mapped_column(sa.String(2))
    blocked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_reason: Mapped[str | None] = mapped_column(sa.String(500))
    is_demo: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class Session(Base):
    """One signed-in device. No token is stored: the current refresh token is encoded again from
    `refresh_jti`, `refresh_issued_at` and `refresh_key_id` (design decision 3).
    """

    __tablename__ = "sessions"
    __table_args__ = (
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="end_reason"),
        sa.Index("ix_sessions_user_id_ended_at", "user_id", "ended_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(sa.String(100))
    user_agent: Mapped[str] = mapped_column(sa.String(300))
    ip: Mapped[str] = mapped_column(sa.String(45))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refresh_jti: Mapped[str] = mapped_column(sa.String(36))
    refresh_issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refresh_key_id: Mapped[str] = mapped_column(sa.String(16))
    previous_jti: Mapped[str | None] = mapped_column(sa.String(36))
    rotated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    end_reason: Mapped[str | None] = mapped_column(sa.String(30))
