"""Bookings with their history, holds, and the one table of claimed time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# As the models keep moments: whole microseconds on SQLite.
MOMENT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def _reference(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete=ondelete,
    )


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("specialist_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("status_by", sa.String(length=10), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("service_name", sa.String(length=100), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("duration_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("cancel_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("moved_by_specialist", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'declined', 'cancelled', 'completed', 'no_show',"
            " 'expired')",
            name=op.f("ck_bookings_status"),
        ),
        sa.CheckConstraint(
            "status_by IN ('client', 'specialist', 'system', 'admin')",
            name=op.f("ck_bookings_status_by"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_bookings_span")),
        sa.CheckConstraint("client_id <> specialist_id", name=op.f("ck_bookings_parties")),
        sa.CheckConstraint("price BETWEEN 0 AND 9999999999", name=op.f("ck_bookings_price")),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 5 AND 1440", name=op.f("ck_bookings_duration_minutes")
        ),
        sa.CheckConstraint(
            "cancel_notice_minutes BETWEEN 0 AND 43200", name=op.f("ck_bookings_cancel_notice")
        ),
        sa.CheckConstraint("length(note) <= 1000", name=op.f("ck_bookings_note_length")),
        _reference("bookings", "client_id", "users", "RESTRICT"),
        _reference("bookings", "specialist_id", "users", "RESTRICT"),
        _reference("bookings", "service_id", "services", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bookings_client", "bookings", ["client_id", "starts_at", "id"])
    op.create_index("ix_bookings_specialist", "bookings", ["specialist_id", "starts_at", "id"])
    op.create_index("ix_bookings_service_id", "bookings", ["service_id"])
    for name, column in (("pending", "starts_at"), ("confirmed", "ends_at")):
        condition = sa.text(f"status = '{name}'")
        op.create_index(
            f"ix_bookings_{name}",
            "bookings",
            [column],
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.create_table(
        "booking_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=10), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_status", sa.String(length=10), nullable=True),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        _reference("booking_events", "booking_id", "bookings", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_booking_events_booking_id", "booking_events", ["booking_id", "id"])
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("specialist_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("service_name", sa.String(length=100), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("duration_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("cancel_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("place IN (1, 2)", name=op.f("ck_holds_place")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_holds_span")),
        sa.CheckConstraint("expires_at <= starts_at", name=op.f("ck_holds_expiry")),
        sa.CheckConstraint("client_id <> specialist_id", name=op.f("ck_holds_parties")),
        _reference("holds", "client_id", "users", "CASCADE"),
        _reference("holds", "specialist_id", "users", "CASCADE"),
        _reference("holds", "service_id", "services", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("client_id", "place", name=op.f("uq_holds_client_id_place")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holds_specialist_id", "holds", ["specialist_id", "expires_at"])
    op.create_index("ix_holds_service_id", "holds", ["service_id"])
    op.create_table(
        "time_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("specialist_id", sa.Integer(), nullable=False),
        sa.Column("busy_from", MOMENT, nullable=False),
        sa.Column("busy_until", MOMENT, nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=True),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.CheckConstraint("busy_from < busy_until", name=op.f("ck_time_claims_span")),
        sa.CheckConstraint(
            "(hold_id IS NULL) <> (booking_id IS NULL)", name=op.f("ck_time_claims_owner")
        ),
        _reference("time_claims", "specialist_id", "users", "RESTRICT"),
        _reference("time_claims", "hold_id", "holds", "CASCADE"),
        _reference("time_claims", "booking_id", "bookings", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_claims")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_time_claims_hold_id")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_time_claims_booking_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_time_claims_busy", "time_claims", ["specialist_id", "busy_until", "busy_from"]
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE time_claims ADD CONSTRAINT ex_time_claims_overlap EXCLUDE USING gist"
            " (specialist_id WITH =, tstzrange(busy_from, busy_until) WITH &&)"
        )
        return
    clash = (
        "specialist_id = NEW.specialist_id AND busy_until > NEW.busy_from"
        " AND busy_from < NEW.busy_until"
    )
    for event, others in (("insert", ""), ("update", " AND id <> NEW.id")):
        op.execute(
            f"CREATE TRIGGER ex_time_claims_overlap_{event} BEFORE {event.upper()} ON time_claims"
            f" WHEN EXISTS (SELECT 1 FROM time_claims WHERE {clash}{others})"
            " BEGIN SELECT RAISE(ABORT, 'ex_time_claims_overlap'); END"
        )


def downgrade() -> None:
    op.drop_table("time_claims")
    op.drop_table("holds")
    op.drop_table("booking_events")
    op.drop_table("bookings")
