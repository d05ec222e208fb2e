"""The public face of a person: one row a user, made in the transaction that makes the user."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime

DEFAULT_TIMEZONE = "Europe/Moscow"
MAX_EXPERIENCE_YEARS = 80


class Profile(Base):
    """A profile's key is its user's key (docs/decisions). `links` is a JSON list of https URLs."""

    __tablename__ = "profiles"
    __table_args__ = (
        sa.CheckConstraint("experience_years BETWEEN 0 AND 80", name="experience_years"),
        sa.CheckConstraint("length(full_name) <= 255", name="full_name_length"),
        sa.CheckConstraint("length(bio) <= 5000", name="bio_length"),
        sa.CheckConstraint("length(city) <= 100", name="city_length"),
    )

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    full_name: Mapped[str] = mapped_column(sa.String(255), default="")
    avatar: Mapped[str | None] = mapped_column(sa.String(255))
    bio: Mapped[str] = mapped_column(sa.Text, default="")
    city: Mapped[str] = mapped_column(sa.String(100), default="")
    city_folded: Mapped[str] = mapped_column(sa.Text, default="", index=True)
    experience_years: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    timezone: Mapped[str] = mapped_column(sa.String(64), default=DEFAULT_TIMEZONE)
    links: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}
