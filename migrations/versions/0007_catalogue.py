"""Places of profiles, the folded name a directory is ordered by, indexes of the catalogue."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHUNK = 2_000
_PLACE = (
    "(latitude IS NULL) = (longitude IS NULL)"
    " AND (latitude IS NULL) = (public_latitude IS NULL)"
    " AND (latitude IS NULL) = (public_longitude IS NULL)"
)
_CHECKS = {
    "latitude": "latitude BETWEEN -90 AND 90 AND public_latitude BETWEEN -90 AND 90",
    "longitude": "longitude BETWEEN -180 AND 180 AND public_longitude BETWEEN -180 AND 180",
    "place": _PLACE,
    "address_length": "length(address) <= 255",
}
_POINT = ("latitude", "longitude", "public_latitude", "public_longitude")
_POSTGRESQL_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("profiles") as profiles:
        profiles.add_column(
            sa.Column("full_name_folded", _POSTGRESQL_NAME, nullable=False, server_default="")
        )
        for name in _POINT:
            profiles.add_column(sa.Column(name, sa.Double(), nullable=True))
        profiles.add_column(sa.Column("address", sa.String(255), nullable=False, server_default=""))
        for name, text in _CHECKS.items():
            profiles.create_check_constraint(op.f(f"ck_profiles_{name}"), text)
    _fold_names()
    op.create_index("ix_profiles_full_name_folded", "profiles", ["full_name_folded", "user_id"])
    op.create_index("ix_profiles_created_at", "profiles", ["created_at", "user_id"])
    op.create_index("ix_profiles_experience_years", "profiles", ["experience_years"])
    op.create_index(
        "ix_profiles_public_point",
        "profiles",
        ["public_latitude", "public_longitude"],
        sqlite_where=sa.text("public_latitude IS NOT NULL"),
        postgresql_where=sa.text("public_latitude IS NOT NULL"),
    )
    op.create_index(
        "ix_services_listed_category",
        "services",
        ["listed", "category_id", "created_at", "id"],
    )


def _fold_names() -> None:
    """As `core.text.sort_form` folds; a migration keeps its own."""
    connection = op.get_bind()
    table = sa.table(
        "profiles", sa.column("user_id"), sa.column("full_name"), sa.column("full_name_folded")
    )
    last = 0
    while True:
        query = sa.select(table.c.user_id, table.c.full_name).where(table.c.user_id > last)
        rows = connection.execute(query.order_by(table.c.user_id).limit(_CHUNK)).all()
        if not rows:
            return
        last = rows[-1].user_id
        folded = [
            {"key": row.user_id, "folded": _folded(row.full_name)} for row in rows if row.full_name
        ]
        if folded:
            update = sa.update(table).where(table.c.user_id == sa.bindparam("key"))
            connection.execute(update.values(full_name_folded=sa.bindparam("folded")), folded)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold()).replace("ё", "е")


def downgrade() -> None:
    op.drop_index("ix_services_listed_category", "services")
    for name in ("public_point", "experience_years", "created_at", "full_name_folded"):
        op.drop_index(f"ix_profiles_{name}", "profiles")
    with op.batch_alter_table("profiles") as profiles:
        for name in _CHECKS:
            profiles.drop_constraint(op.f(f"ck_profiles_{name}"), type_="check")
        for name in ("address", *reversed(_POINT), "full_name_folded"):
            profiles.drop_column(name)
