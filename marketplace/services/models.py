"""Categories and the services specialists offer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, Money, UTCDateTime


class Category(Base):
    """A node of the two-level tree. `level` and `parent_level` let a foreign key, not code, refuse
    a third level.
    """

    __tablename__ = "categories"
    __table_args__ = (
        sa.UniqueConstraint("slug"),
        sa.UniqueConstraint("id", "level"),
        sa.CheckConstraint(
            "(level = 1 AND parent_id IS NULL AND parent_level IS NULL)"
            " OR (level = 2 AND parent_id IS NOT NULL AND parent_level = 1)",
            name="level",
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.ForeignKeyConstraint(
            ["parent_id", "parent_level"],
            ["categories.id", "categories.level"],
            ondelete="RESTRICT",
            name="fk_categories_parent_id_categories",
        ),
        sa.Index("ix_categories_parent_id", "parent_id"),
        # One name among its siblings; NULL parents never clash, so the top level has its own index.
        sa.UniqueConstraint("parent_id", "name_folded"),
        sa.Index(
            "uq_categories_top_level",
            "name_folded",
            unique=True,
            sqlite_where=sa.text("parent_id IS NULL"),
            postgresql_where=sa.text("parent_id IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(sa.Integer)
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    parent_level: Mapped[int | None] = mapped_column(sa.SmallInteger)
    slug: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(100))
    name_folded: Mapped[str] = mapped_column(sa.Text)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class Service(Base):
    """What a specialist offers. `listed` is the database's own verdict on who may see it: the
    owner's switch, the admins' (`suspended_at`), the archive and the owner's block together.
    """

    __tablename__ = "services"
    __table_args__ = (
        sa.CheckConstraint("price BETWEEN 0 AND 9999999999", name="price"),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 1440", name="duration_minutes"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("length(description) <= 5000", name="description_length"),
        # Covering: what a walk in order of creation must look at without visiting the rows.
        sa.Index(
            "ix_services_walk",
            "listed",
            "created_at",
            "id",
            "price",
            "name_folded",
        ).ddl_if(dialect="sqlite"),
        sa.Index("ix_services_listed_created_at", "listed", "created_at", "id").ddl_if(
            dialect="postgresql"
        ),
        sa.Index("ix_services_listed_price", "listed", "price", "id"),
        sa.Index("ix_services_listed_duration", "listed", "duration_minutes", "id"),
        sa.Index(
            "ix_services_listed_duration_created_at",
            "listed",
            "duration_minutes",
            "created_at",
            "id",
        ),
        sa.Index("ix_services_specialist_created_at", "specialist_id", "created_at", "id"),
        sa.Index("ix_services_category_id", "category_id"),
        sa.Index("ix_services_listed_category", "listed", "category_id", "created_at", "id"),
        sa.Index("ix_services_listed_category_price", "listed", "category_id", "price", "id"),
        # Covering: what other filters look at while a city's services are walked.
        sa.Index(
            "ix_services_listed_city",
            *("listed", "city_folded", "created_at", "id"),
            *("category_id", "price", "duration_minutes"),
        ),
        sa.Index(
            "ix_services_listed_city_category",
            *("listed", "city_folded", "category_id", "created_at", "id"),
            *("price", "duration_minutes"),
        ),
        sa.Index("ix_services_listed_city_price", "listed", "city_folded", "price", "id"),
        sa.Index(
            "ix_services_name_trigrams",
            "name_folded",
            postgresql_using="gin",
            postgresql_ops={"name_folded": "gin_trgm_ops"},
            # Its list of pending entries would be read through by every search.
            postgresql_with={"fastupdate": "off"},
        ).ddl_if(dialect="postgresql"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    specialist_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="RESTRICT"))
    category_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("categories.id", ondelete="RESTRICT")
    )
    # Its specialist's, kept by triggers of both tables.
    city_folded: Mapped[str] = mapped_column(sa.Text, server_default="")
    name: Mapped[str] = mapped_column(sa.String(100))
    name_folded: Mapped[str] = mapped_column(sa.Text)
    description: Mapped[str] = mapped_column(sa.Text, default="")
    price: Mapped[Decimal] = mapped_column(Money)
    duration_minutes: Mapped[int] = mapped_column(sa.SmallInteger)
    visible: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    suspended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    owner_blocked: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    listed: Mapped[bool] = mapped_column(
        sa.Boolean,
        sa.Computed(
            "visible AND suspended_at IS NULL AND archived_at IS NULL AND NOT owner_blocked",
            persisted=True,
        ),
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    __mapper_args__ = {"version_id_col": version}
