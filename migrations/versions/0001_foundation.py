"""Accounts, sessions, profiles, categories, services, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# As the models keep moments: whole microseconds on SQLite.
MOMENT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("target_type", sa.String(length=30), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_target", "audit", ["target_type", "target_id", "id"])

    op.create_table(
        "categories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("parent_level", sa.SmallInteger(), nullable=True),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(level = 1 AND parent_id IS NULL AND parent_level IS NULL) OR (level = 2 AND parent_id IS NOT NULL AND parent_level = 1)",
            name=op.f("ck_categories_level"),
        ),
        sa.CheckConstraint(
            "length(name) BETWEEN 1 AND 100", name=op.f("ck_categories_name_length")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id", "parent_level"],
            ["categories.id", "categories.level"],
            name="fk_categories_parent_id_categories",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("id", "level", name=op.f("uq_categories_id_level")),
        sa.UniqueConstraint(
            "parent_id", "name_folded", name=op.f("uq_categories_parent_id_name_folded")
        ),
        sa.UniqueConstraint("slug", name=op.f("uq_categories_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_categories_parent_id", "categories", ["parent_id"])

    op.create_index(
        "uq_categories_top_level",
        "categories",
        ["name_folded"],
        unique=True,
        sqlite_where=sa.text("parent_id IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=150), nullable=False),
        sa.Column("username_folded", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_folded", sa.Text(), nullable=True),
        sa.Column("email_verified_at", MOMENT, nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("phone_verified_at", MOMENT, nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("blocked_at", MOMENT, nullable=True),
        sa.Column("blocked_reason", sa.String(length=500), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("language IN ('ru', 'en')", name=op.f("ck_users_language")),
        sa.CheckConstraint("role IN ('client', 'specialist', 'admin')", name=op.f("ck_users_role")),
        sa.CheckConstraint(
            "(email IS NULL) = (email_folded IS NULL)", name=op.f("ck_users_email_folded")
        ),
        sa.CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name=op.f("ck_users_contact")),
        sa.CheckConstraint(
            "length(username) BETWEEN 3 AND 150", name=op.f("ck_users_username_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_folded", name=op.f("uq_users_email_folded")),
        sa.UniqueConstraint("phone", name=op.f("uq_users_phone")),
        sa.UniqueConstraint("username_folded", name=op.f("uq_users_username_folded")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "profiles",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("avatar", sa.String(length=255), nullable=True),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("city_folded", sa.Text(), nullable=False),
        sa.Column("experience_years", sa.SmallInteger(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "experience_years BETWEEN 0 AND 80", name=op.f("ck_profiles_experience_years")
        ),
        sa.CheckConstraint("length(bio) <= 5000", name=op.f("ck_profiles_bio_length")),
        sa.CheckConstraint("length(city) <= 100", name=op.f("ck_profiles_city_length")),
        sa.CheckConstraint("length(full_name) <= 255", name=op.f("ck_profiles_full_name_length")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_profiles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_profiles")),
    )
    op.create_index("ix_profiles_city_folded", "profiles", ["city_folded"])

    op.create_table(
        "services",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("specialist_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("duration_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("suspended_at", MOMENT, nullable=True),
        sa.Column("archived_at", MOMENT, nullable=True),
        sa.Column("owner_blocked", sa.Boolean(), nullable=False),
        sa.Column(
            "listed",
            sa.Boolean(),
            sa.Computed(
                "visible AND suspended_at IS NULL AND archived_at IS NULL AND NOT owner_blocked",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 5 AND 1440", name=op.f("ck_services_duration_minutes")
        ),
        sa.CheckConstraint(
            "length(description) <= 5000", name=op.f("ck_services_description_length")
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_services_name_length")),
        sa.CheckConstraint("price BETWEEN 0 AND 9999999999", name=op.f("ck_services_price")),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_services_category_id_categories"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["specialist_id"],
            ["users.id"],
            name=op.f("fk_services_specialist_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_services_category_id", "services", ["category_id"])
    op.create_index(
        "ix_services_listed_duration_created_at",
        "services",
        ["listed", "duration_minutes", "created_at", "id"],
    )
    op.create_index("ix_services_listed_duration", "services", ["listed", "duration_minutes", "id"])
    op.create_index("ix_services_listed_price", "services", ["listed", "price", "id"])
    op.create_index(
        "ix_services_specialist_created_at", "services", ["specialist_id", "created_at", "id"]
    )

    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("refresh_jti", sa.String(length=36), nullable=False),
        sa.Column("refresh_issued_at", MOMENT, nullable=False),
        sa.Column("refresh_key_id", sa.String(length=16), nullable=False),
        sa.Column("previous_jti", sa.String(length=36), nullable=True),
        sa.Column("rotated_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("end_reason", sa.String(length=30), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_sessions_end_reason")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_user_id_ended_at", "sessions", ["user_id", "ended_at"])

    if op.get_bind().dialect.name == "postgresql":
        _search_on_postgresql()
    else:
        _search_on_sqlite()


def _search_on_postgresql() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_index("ix_services_listed_created_at", "services", ["listed", "created_at", "id"])
    op.create_index(
        "ix_services_name_trigrams",
        "services",
        ["name_folded"],
        postgresql_using="gin",
        postgresql_ops={"name_folded": "gin_trgm_ops"},
        # Its list of pending entries would be read through by every search.
        postgresql_with={"fastupdate": "off"},
    )


def _search_on_sqlite() -> None:
    op.create_index(
        "ix_services_walk",
        "services",
        ["listed", "created_at", "id", "price", "name_folded"],
    )
    op.execute(
        "CREATE VIRTUAL TABLE services_name_trigrams USING fts5("
        "name_folded, content='services', content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    forget = (
        "INSERT INTO services_name_trigrams (services_name_trigrams, rowid, name_folded)"
        " VALUES ('delete', OLD.id, OLD.name_folded);"
    )
    learn = (
        "INSERT INTO services_name_trigrams (rowid, name_folded) VALUES (NEW.id, NEW.name_folded);"
    )
    for name, event, body in (
        ("insert", "AFTER INSERT ON services", learn),
        ("delete", "AFTER DELETE ON services", forget),
        ("update", "AFTER UPDATE OF name_folded ON services", forget + " " + learn),
    ):
        op.execute(f"CREATE TRIGGER services_name_trigrams_{name} {event} BEGIN {body} END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE services_name_trigrams")
    op.drop_table("sessions")
    op.drop_table("services")
    op.drop_table("profiles")
    op.drop_table("users")
    op.drop_table("categories")
    op.drop_table("audit")
