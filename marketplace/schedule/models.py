"""What a specialist's time is made of."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime

MAX_EXCEPTION_DAYS = 366


class Schedule(Base):
    """The settings of one account's time, in minutes but for `horizon_days`; made with the account.

    Its row is the lock of the person's diary: whoever changes hours, claims time or takes it back
    locks it first. The zone is the profile's.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        sa.CheckConstraint("slot_step_minutes BETWEEN 5 AND 240", name="slot_step_minutes"),
        sa.CheckConstraint("min_notice_minutes BETWEEN 0 AND 43200", name="min_notice_minutes"),
        sa.CheckConstraint("horizon_days BETWEEN 1 AND 365", name="horizon_days"),
        sa.CheckConstraint("buffer_before_minutes BETWEEN 0 AND 240", name="buffer_before_minutes"),
        sa.CheckConstraint("buffer_after_minutes BETWEEN 0 AND 240", name="buffer_after_minutes"),
        sa.CheckConstraint(
            "cancel_notice_minutes BETWEEN 0 AND 43200", name="cancel_notice_minutes"
        ),
    )

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("profiles.user_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    slot_step_minutes: Mapped[int] = mapped_column(sa.SmallInteger, default=30)
    min_notice_minutes: Mapped[int] = mapped_column(sa.Integer, default=120)
    horizon_days: Mapped[int] = mapped_column(sa.SmallInteger, default=60)
    buffer_before_minutes: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    buffer_after_minutes: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    auto_confirm: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    cancel_notice_minutes: Mapped[int] = mapped_column(sa.Integer, default=0)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class WorkingHours(Base):
    """One weekly interval in the specialist's wall time: minutes past midnight, half-open."""

    __tablename__ = "working_hours"
    __table_args__ = (
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        sa.CheckConstraint(
            "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440",
            name="interval",
        ),
        ExcludeConstraint(
            ("user_id", "="),
            ("weekday", "="),
            (sa.text("int4range(start_minute, end_minute)"), "&&"),
            using="gist",
            name="ex_working_hours_overlap",
        ).ddl_if(dialect="postgresql"),
    )

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("schedules.user_id", ondelete="CASCADE"), primary_key=True
    )
    weekday: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    start_minute: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    end_minute: Mapped[int] = mapped_column(sa.SmallInteger)


class ScheduleException(Base):
    """Dates, both ends included, on which other intervals replace the weekly hours; none of them
    means days off.
    """

    __tablename__ = "schedule_exceptions"
    __table_args__ = (
        sa.CheckConstraint("date_from <= date_to", name="dates"),
        sa.CheckConstraint("date_to - date_from < 366", name="days").ddl_if(dialect="postgresql"),
        sa.CheckConstraint("julianday(date_to) - julianday(date_from) < 366", name="days").ddl_if(
            dialect="sqlite"
        ),
        sa.CheckConstraint("length(reason) <= 500", name="reason_length"),
        sa.Index("ix_schedule_exceptions_dates", "user_id", "date_from", "id"),
        ExcludeConstraint(
            ("user_id", "="),
            (sa.text("daterange(date_from, date_to, '[]')"), "&&"),
            using="gist",
            name="ex_schedule_exceptions_overlap",
        ).ddl_if(dialect="postgresql"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("schedules.user_id", ondelete="CASCADE"))
    date_from: Mapped[date] = mapped_column(sa.Date)
    date_to: Mapped[date] = mapped_column(sa.Date)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ExceptionInterval(Base):
    """One interval of every date of an exception."""

    __tablename__ = "exception_intervals"
    __table_args__ = (
        sa.CheckConstraint(
            "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440",
            name="interval",
        ),
        ExcludeConstraint(
            ("exception_id", "="),
            (sa.text("int4range(start_minute, end_minute)"), "&&"),
            using="gist",
            name="ex_exception_intervals_overlap",
        ).ddl_if(dialect="postgresql"),
    )

    exception_id: Mapped[int] = mapped_column(
        sa.ForeignKey("schedule_exceptions.id", ondelete="CASCADE"), primary_key=True
    )
    start_minute: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    end_minute: Mapped[int] = mapped_column(sa.SmallInteger)


class FreeSpan(Base):
    """Equally spaced starts that one gap between claims leaves free (`free_spans.FreeSpan`)."""

    __tablename__ = "free_spans"
    __table_args__ = (
        sa.Index(
            "ix_free_spans_time",
            *("utc_offset", "length_class", "first_start", "last_start", "specialist_id"),
        ),
        {"sqlite_with_rowid": False},
    )

    specialist_id: Mapped[int] = mapped_column(
        sa.ForeignKey("schedules.user_id", ondelete="CASCADE"), primary_key=True
    )
    first_start: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    valid_from: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    valid_until: Mapped[int] = mapped_column(sa.BigInteger)
    last_start: Mapped[int] = mapped_column(sa.BigInteger)
    last_end: Mapped[int] = mapped_column(sa.BigInteger)
    step: Mapped[int] = mapped_column(sa.Integer)
    utc_offset: Mapped[int] = mapped_column(sa.Integer)
    notice: Mapped[int] = mapped_column(sa.Integer)
    length_class: Mapped[int | None] = mapped_column(
        sa.SmallInteger,
        sa.Computed(
            "CASE WHEN last_start - first_start < 7200 THEN 0"
            " WHEN last_start - first_start < 18000 THEN 1"
            " WHEN last_start - first_start < 32400 THEN 2"
            " WHEN last_start - first_start < 46800 THEN 3 ELSE 4 END"
        ),
    )


class FreeReach(Base):
    """How far a specialist's free time is built: `through` is the last date (days since 1970, in
    the specialist's zone) on which all days up to the horizon are there. Who has no working time
    has no row.
    """

    __tablename__ = "free_reaches"
    __table_args__ = (sa.Index("ix_free_reaches_through", "through"),)

    specialist_id: Mapped[int] = mapped_column(
        sa.ForeignKey("schedules.user_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    through: Mapped[int] = mapped_column(sa.Integer)
