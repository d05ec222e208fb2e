"""Bookings, holds, and the one table in which both claim time (design decision 4)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, Money, UTCDateTime

MAX_LIVE_HOLDS = 2


class Booking(Base):
    """A client's appointment. Price, duration, names, zone and cancel rules are frozen when it is
    made; `status_by` is the party that brought it into its status.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'declined', 'cancelled', 'completed', 'no_show',"
            " 'expired')",
            name="status",
        ),
        sa.CheckConstraint(
            "status_by IN ('client', 'specialist', 'system', 'admin')", name="status_by"
        ),
        sa.CheckConstraint("starts_at < ends_at", name="span"),
        sa.CheckConstraint("client_id <> specialist_id", name="parties"),
        sa.CheckConstraint("price BETWEEN 0 AND 9999999999", name="price"),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 1440", name="duration_minutes"),
        sa.CheckConstraint("cancel_notice_minutes BETWEEN 0 AND 43200", name="cancel_notice"),
        sa.CheckConstraint("length(note) <= 1000", name="note_length"),
        sa.Index("ix_bookings_client", "client_id", "starts_at", "id"),
        sa.Index("ix_bookings_specialist", "specialist_id", "starts_at", "id"),
        sa.Index("ix_bookings_service_id", "service_id"),
        sa.Index(
            "ix_bookings_pending",
            "starts_at",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        ),
        sa.Index(
            "ix_bookings_confirmed",
            "ends_at",
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    client_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="RESTRICT"))
    specialist_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="RESTRICT"))
    service_id: Mapped[int] = mapped_column(sa.ForeignKey("services.id", ondelete="RESTRICT"))
    status: Mapped[str] = mapped_column(sa.String(10))
    status_by: Mapped[str] = mapped_column(sa.String(10))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    service_name: Mapped[str] = mapped_column(sa.String(100))
    price: Mapped[Decimal] = mapped_column(Money)
    duration_minutes: Mapped[int] = mapped_column(sa.SmallInteger)
    timezone: Mapped[str] = mapped_column(sa.String(64))
    cancel_notice_minutes: Mapped[int] = mapped_column(sa.Integer)
    moved_by_specialist: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class BookingEvent(Base):
    """One entry of a booking's history: who did what, when, and what it led to."""

    __tablename__ = "booking_events"
    __table_args__ = (
        sa.Index("ix_booking_events_booking_id", "booking_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    booking_id: Mapped[int] = mapped_column(sa.ForeignKey("bookings.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(sa.String(10))
    action: Mapped[str] = mapped_column(sa.String(20))
    from_status: Mapped[str | None] = mapped_column(sa.String(10))
    to_status: Mapped[str] = mapped_column(sa.String(10))
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


class Hold(Base):
    """A slot kept for a client during checkout, on frozen terms; the row is gone when it ends.

    Of the two places a client has each is taken once, which bounds the live holds.
    """

    __tablename__ = "holds"
    __table_args__ = (
        sa.UniqueConstraint("client_id", "place"),
        sa.CheckConstraint("place IN (1, 2)", name="place"),
        sa.CheckConstraint("starts_at < ends_at", name="span"),
        sa.CheckConstraint("expires_at <= starts_at", name="expiry"),
        sa.CheckConstraint("client_id <> specialist_id", name="parties"),
        sa.Index("ix_holds_specialist_id", "specialist_id", "expires_at"),
        sa.Index("ix_holds_service_id", "service_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    client_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    specialist_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    service_id: Mapped[int] = mapped_column(sa.ForeignKey("services.id", ondelete="RESTRICT"))
    place: Mapped[int] = mapped_column(sa.SmallInteger)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    service_name: Mapped[str] = mapped_column(sa.String(100))
    price: Mapped[Decimal] = mapped_column(Money)
    duration_minutes: Mapped[int] = mapped_column(sa.SmallInteger)
    timezone: Mapped[str] = mapped_column(sa.String(64))
    cancel_notice_minutes: Mapped[int] = mapped_column(sa.Integer)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TimeClaim(Base):
    """Whose time is busy, buffers included, half-open. The database refuses an overlap, expired
    claims too: whoever wants their time deletes them first, in the same transaction.
    """

    __tablename__ = "time_claims"
    __table_args__ = (
        sa.CheckConstraint("busy_from < busy_until", name="span"),
        sa.CheckConstraint("(hold_id IS NULL) <> (booking_id IS NULL)", name="owner"),
        sa.UniqueConstraint("hold_id"),
        sa.UniqueConstraint("booking_id"),
        sa.Index("ix_time_claims_busy", "specialist_id", "busy_until", "busy_from"),
        ExcludeConstraint(
            ("specialist_id", "="),
            (sa.text("tstzrange(busy_from, busy_until)"), "&&"),
            using="gist",
            name="ex_time_claims_overlap",
        ).ddl_if(dialect="postgresql"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    specialist_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="RESTRICT"))
    busy_from: Mapped[datetime] = mapped_column(UTCDateTime)
    busy_until: Mapped[datetime] = mapped_column(UTCDateTime)
    hold_id: Mapped[int | None] = mapped_column(sa.ForeignKey("holds.id", ondelete="CASCADE"))
    booking_id: Mapped[int | None] = mapped_column(sa.ForeignKey("bookings.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
