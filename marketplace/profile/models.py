"""The public face of a person: one row a user, made in the transaction that makes the user."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime

DEFAULT_TIMEZONE = "Europe/Moscow"
MAX_EXPERIENCE_YEARS = 80


class Profile(Base):
    """A profile's key is its user's key (docs/decisions). `links` is a JSON list of https URLs.

    `latitude`, `longitude` and `address` are for the person and for whoever has a confirmed booking
    with them; the public sees the node of a grid (`geography`).
    """

    __tablename__ = "profiles"
    __table_args__ = (
        sa.CheckConstraint("experience_years BETWEEN 0 AND 80", name="experience_years"),
        sa.CheckConstraint("length(full_name) <= 255", name="full_name_length"),
        sa.CheckConstraint("length(bio) <= 5000", name="bio_length"),
        sa.CheckConstraint("length(city) <= 100", name="city_length"),
        sa.CheckConstraint("length(address) <= 255", name="address_length"),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND public_latitude BETWEEN -90 AND 90", name="latitude"
        ),
        sa.CheckConstraint(
            "longitude BETWEEN -180 AND 180 AND public_longitude BETWEEN -180 AND 180",
            name="longitude",
        ),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)"
            " AND (latitude IS NULL) = (public_latitude IS NULL)"
            " AND (latitude IS NULL) = (public_longitude IS NULL)",
            name="place",
        ),
        sa.Index("ix_profiles_full_name_folded", "full_name_folded", "user_id"),
        # The city as it is written comes with its folded form, to be told without the rows.
        sa.Index("ix_profiles_city_created_at", "city_folded", "created_at", "user_id", "city"),
        sa.Index("ix_profiles_city_full_name", "city_folded", "full_name_folded", "user_id"),
        sa.Index("ix_profiles_created_at", "created_at", "user_id"),
        sa.Index("ix_profiles_experience_years", "experience_years"),
        sa.Index(
            "ix_profiles_public_point",
            "public_latitude",
            "public_longitude",
            sqlite_where=sa.text("public_latitude IS NOT NULL"),
            postgresql_where=sa.text("public_latitude IS NOT NULL"),
        ),
    )

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    full_name: Mapped[str] = mapped_column(sa.String(255), default="")
    # By code points on either database, so that both give one order.
    full_name_folded: Mapped[str] = mapped_column(
        sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), default="", server_default=""
    )
    avatar: Mapped[str | None] = mapped_column(sa.String(255))
    bio: Mapped[str] = mapped_column(sa.Text, default="")
    city: Mapped[str] = mapped_column(sa.String(100), default="")
    city_folded: Mapped[str] = mapped_column(sa.Text, default="")
    experience_years: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    timezone: Mapped[str] = mapped_column(sa.String(64), default=DEFAULT_TIMEZONE)
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    public_latitude: Mapped[float | None] = mapped_column(sa.Double)
    public_longitude: Mapped[float | None] = mapped_column(sa.Double)
    address: Mapped[str] = mapped_column(sa.String(255), default="", server_default="")
    links: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}
