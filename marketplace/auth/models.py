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
        # Who cannot be reached enters by a social sign-in only, or is erased.
        sa.CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR password_hash IS NULL", name="contact"
        ),
        sa.CheckConstraint(
            "erased_at IS NULL OR (email IS NULL AND phone IS NULL AND password_hash IS NULL)",
            name="erased",
        ),
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
    password_hash: Mapped[str | None] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str] = mapped_column(sa.String(2))
    blocked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_reason: Mapped[str | None] = mapped_column(sa.String(500))
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
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


class OneTimeCode(Base):
    """A six-digit code on its way to a destination; the newest of a purpose replaces the one
    before. The code itself is made of the nonce and a key that is not in the database. Without a
    user it goes nowhere: it was asked for an account that does not exist, whose mark is its
    destination.
    """

    __tablename__ = "codes"
    __table_args__ = (
        sa.CheckConstraint("purpose IN ('email', 'phone', 'password')", name="purpose"),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts"),
        sa.UniqueConstraint("user_id", "purpose"),
        sa.Index("ix_codes_expires_at", "expires_at"),
        sa.Index("ix_codes_destination", "destination"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(sa.String(10))
    destination: Mapped[str] = mapped_column(sa.String(254))
    nonce: Mapped[str] = mapped_column(sa.String(64))
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Identity(Base):
    """A way in through another provider, known by (provider, subject) and never by e-mail."""

    __tablename__ = "identities"
    __table_args__ = (
        sa.CheckConstraint("provider IN ('google', 'apple', 'vk')", name="provider"),
        sa.UniqueConstraint("provider", "subject"),
        sa.UniqueConstraint("user_id", "provider"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(sa.String(10))
    subject: Mapped[str] = mapped_column(sa.String(255))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Consent(Base):
    """What a person agreed to, in which wording, and when; withdrawn, it stays as a record."""

    __tablename__ = "consents"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('terms', 'advertising')", name="kind"),
        sa.Index("ix_consents_user_id", "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(sa.String(20))
    text_version: Mapped[str] = mapped_column(sa.String(40))
    given_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Erasure(Base):
    """The journal of erased people, so that a restored backup can be made to forget them again."""

    __tablename__ = "erasures"
    __table_args__ = (sa.UniqueConstraint("user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.Integer)
    erased_at: Mapped[datetime] = mapped_column(UTCDateTime)
