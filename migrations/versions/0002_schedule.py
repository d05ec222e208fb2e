"""Schedules: settings, weekly hours, exceptions; keys of repeated requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# As the models keep moments: whole microseconds on SQLite.
MOMENT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
INTERVAL = "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "schedules",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot_step_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("min_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.SmallInteger(), nullable=False),
        sa.Column("buffer_before_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("buffer_after_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("auto_confirm", sa.Boolean(), nullable=False),
        sa.Column("cancel_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.CheckConstraint(
                f"{name} BETWEEN {low} AND {high}", name=op.f(f"ck_schedules_{name}")
            )
            for name, low, high in (
                ("slot_step_minutes", 5, 240),
                ("min_notice_minutes", 0, 43200),
                ("horizon_days", 1, 365),
                ("buffer_before_minutes", 0, 240),
                ("buffer_after_minutes", 0, 240),
                ("cancel_notice_minutes", 0, 43200),
            )
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["profiles.user_id"],
            name=op.f("fk_schedules_user_id_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_schedules")),
    )
    op.execute(
        "INSERT INTO schedules (user_id, slot_step_minutes, min_notice_minutes, horizon_days,"
        " buffer_before_minutes, buffer_after_minutes, auto_confirm, cancel_notice_minutes,"
        " updated_at, version)"
        " SELECT user_id, 30, 120, 60, 0, 0, true, 0, created_at, 1 FROM profiles"
    )
    op.create_table(
        "working_hours",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("start_minute", sa.SmallInteger(), nullable=False),
        sa.Column("end_minute", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_hours_weekday")),
        sa.CheckConstraint(INTERVAL, name=op.f("ck_working_hours_interval")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["schedules.user_id"],
            name=op.f("fk_working_hours_user_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "weekday", "start_minute", name=op.f("pk_working_hours")
        ),
    )
    days = "date_to - date_from" if postgresql else "julianday(date_to) - julianday(date_from)"
    op.create_table(
        "schedule_exceptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("date_from", sa.Date(), nullable=False),
        sa.Column("date_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("date_from <= date_to", name=op.f("ck_schedule_exceptions_dates")),
        sa.CheckConstraint(f"{days} < 366", name=op.f("ck_schedule_exceptions_days")),
        sa.CheckConstraint(
            "length(reason) <= 500", name=op.f("ck_schedule_exceptions_reason_length")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["schedules.user_id"],
            name=op.f("fk_schedule_exceptions_user_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_exceptions")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_schedule_exceptions_dates", "schedule_exceptions", ["user_id", "date_from", "id"]
    )
    op.create_table(
        "exception_intervals",
        sa.Column("exception_id", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.SmallInteger(), nullable=False),
        sa.Column("end_minute", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint(INTERVAL, name=op.f("ck_exception_intervals_interval")),
        sa.ForeignKeyConstraint(
            ["exception_id"],
            ["schedule_exceptions.id"],
            name=op.f("fk_exception_intervals_exception_id_schedule_exceptions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "exception_id", "start_minute", name=op.f("pk_exception_intervals")
        ),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idempotency_keys_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "route", "key", name=op.f("pk_idempotency_keys")),
    )
    if postgresql:
        _refuse_overlaps_on_postgresql()
    else:
        _refuse_overlaps_on_sqlite()


def _refuse_overlaps_on_postgresql() -> None:
    minutes = "int4range(start_minute, end_minute) WITH &&"
    for table, parts in (
        ("working_hours", f"user_id WITH =, weekday WITH =, {minutes}"),
        ("exception_intervals", f"exception_id WITH =, {minutes}"),
        ("schedule_exceptions", "user_id WITH =, daterange(date_from, date_to, '[]') WITH &&"),
    ):
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ex_{table}_overlap EXCLUDE USING gist ({parts})"
        )


def _refuse_overlaps_on_sqlite() -> None:
    minutes = "start_minute < NEW.end_minute AND end_minute > NEW.start_minute"
    for table, clash in (
        ("working_hours", f"user_id = NEW.user_id AND weekday = NEW.weekday AND {minutes}"),
        ("exception_intervals", f"exception_id = NEW.exception_id AND {minutes}"),
        (
            "schedule_exceptions",
            "user_id = NEW.user_id AND date_from <= NEW.date_to AND date_to >= NEW.date_from",
        ),
    ):
        for event, others in (("insert", ""), ("update", " AND rowid <> NEW.rowid")):
            op.execute(
                f"CREATE TRIGGER ex_{table}_overlap_{event} BEFORE {event.upper()} ON {table}"
                f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {clash}{others})"
                f" BEGIN SELECT RAISE(ABORT, 'ex_{table}_overlap'); END"
            )


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("exception_intervals")
    op.drop_table("schedule_exceptions")
    op.drop_table("working_hours")
    op.drop_table("schedules")
