"""A service knows its specialist's city, pairs of filters have indexes, and so has free time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_services_listed_city": ("created_at", "id", "category_id", "price", "duration_minutes"),
    "ix_services_listed_city_category": (
        *("category_id", "created_at", "id"),
        *("price", "duration_minutes"),
    ),
    "ix_services_listed_city_price": ("price", "id"),
}
_OF_CITY = {
    "ix_profiles_city_created_at": ("created_at", "user_id", "city"),
    "ix_profiles_city_full_name": ("full_name_folded", "user_id"),
}
_LENGTH = (
    "CASE WHEN last_start - first_start < 7200 THEN 0 WHEN last_start - first_start < 18000 THEN 1"
    " WHEN last_start - first_start < 32400 THEN 2 WHEN last_start - first_start < 46800 THEN 3"
    " ELSE 4 END"
)
_FREE = ("utc_offset", "length_class", "first_start", "last_start", "specialist_id")
_CATEGORY_PRICE = "ix_services_listed_category_price"
_CITY_OF = "SELECT city_folded FROM profiles WHERE user_id = new.specialist_id"
_SPREAD = (
    "UPDATE services SET city_folded = new.city_folded"
    " WHERE specialist_id = new.user_id AND city_folded <> new.city_folded;"
)
_ON_SQLITE = {
    "services_city_insert": (
        "AFTER INSERT ON services",
        f"UPDATE services SET city_folded = coalesce(({_CITY_OF}), '') WHERE id = new.id;",
    ),
    "profiles_city_insert": ("AFTER INSERT ON profiles WHEN new.city_folded <> ''", _SPREAD),
    "profiles_city_update": ("AFTER UPDATE OF city_folded ON profiles", _SPREAD),
}
_ON_POSTGRESQL = (
    # Locked, so that a move that is being written and a new service wait for each other.
    f"""
    CREATE FUNCTION services_city_of_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        new.city_folded := coalesce(({_CITY_OF} FOR SHARE), '');
        RETURN new;
    END $$
    """,
    """
    CREATE TRIGGER services_city_insert BEFORE INSERT ON services
    FOR EACH ROW EXECUTE FUNCTION services_city_of_owner()
    """,
    f"""
    CREATE FUNCTION profiles_city_spread() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        {_SPREAD}
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER profiles_city_insert AFTER INSERT ON profiles
    FOR EACH ROW WHEN (new.city_folded <> '') EXECUTE FUNCTION profiles_city_spread()
    """,
    """
    CREATE TRIGGER profiles_city_update AFTER UPDATE OF city_folded ON profiles
    FOR EACH ROW WHEN (new.city_folded <> old.city_folded) EXECUTE FUNCTION profiles_city_spread()
    """,
)


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute("SET LOCAL statement_timeout = 0")
    op.add_column(
        "services", sa.Column("city_folded", sa.Text(), nullable=False, server_default="")
    )
    op.execute(
        "UPDATE services SET city_folded = profiles.city_folded FROM profiles"
        " WHERE profiles.user_id = services.specialist_id AND profiles.city_folded <> ''"
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "services", ["listed", "city_folded", *columns])
    op.create_index(_CATEGORY_PRICE, "services", ["listed", "category_id", "price", "id"])
    for name, columns in _OF_CITY.items():
        op.create_index(name, "profiles", ["city_folded", *columns])
    op.drop_index("ix_profiles_city_folded", "profiles")
    length = sa.Computed(_LENGTH, persisted=on_postgresql)
    op.add_column("free_spans", sa.Column("length_class", sa.SmallInteger(), length))
    op.create_index("ix_free_spans_time", "free_spans", list(_FREE))
    if on_postgresql:
        for statement in _ON_POSTGRESQL:
            op.execute(statement)
        op.execute("ANALYZE services, profiles, free_spans")
        return
    for name, (event, body) in _ON_SQLITE.items():
        op.execute(f"CREATE TRIGGER {name} {event} BEGIN {body} END")


def downgrade() -> None:
    op.drop_index("ix_free_spans_time", "free_spans")
    op.drop_column("free_spans", "length_class")
    op.create_index("ix_profiles_city_folded", "profiles", ["city_folded"])
    for name in _OF_CITY:
        op.drop_index(name, "profiles")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER services_city_insert ON services")
        for event in ("insert", "update"):
            op.execute(f"DROP TRIGGER profiles_city_{event} ON profiles")
        op.execute("DROP FUNCTION services_city_of_owner()")
        op.execute("DROP FUNCTION profiles_city_spread()")
    else:
        for name in _ON_SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    for name in (_CATEGORY_PRICE, *_INDEXES):
        op.drop_index(name, "services")
    op.drop_column("services", "city_folded")
