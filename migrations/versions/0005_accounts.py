"""Codes, identities, consents, push devices, the journal of erasures; delivery of the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As the models keep moments: whole microseconds on SQLite.
MOMENT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")

# What SQLite, whose tables are rebuilt, would forget.
_KEPT = {"sqlite_autoincrement": True}
_CONTACT_BEFORE = "email IS NOT NULL OR phone IS NOT NULL"
# Who cannot be reached enters by a social sign-in only, or is erased.
_CONTACT = f"{_CONTACT_BEFORE} OR password_hash IS NULL"
_ERASED = "erased_at IS NULL OR (email IS NULL AND phone IS NULL AND password_hash IS NULL)"


def _user(table: str, *, nullable: bool = False) -> list[sa.SchemaItem]:
    return [
        sa.Column("user_id", sa.Integer(), nullable=nullable),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f(f"fk_{table}_user_id_users"),
            ondelete="CASCADE",
        ),
    ]


def upgrade() -> None:
    with op.batch_alter_table("users", table_kwargs=_KEPT) as users:
        users.add_column(sa.Column("erased_at", MOMENT, nullable=True))
        users.alter_column("password_hash", existing_type=sa.String(255), nullable=True)
        users.drop_constraint(op.f("ck_users_contact"), type_="check")
        users.create_check_constraint(op.f("ck_users_contact"), _CONTACT)
        users.create_check_constraint(op.f("ck_users_erased"), _ERASED)

    delivery = {
        "channel": "channel IN ('email', 'sms', 'push')",
        "attempts": "attempts BETWEEN 0 AND 100",
        "destination": "destination IS NULL OR channel IS NOT NULL",
    }
    with op.batch_alter_table("notifications", table_kwargs=_KEPT) as notifications:
        notifications.alter_column("user_id", existing_type=sa.Integer(), nullable=True)
        notifications.add_column(sa.Column("channel", sa.String(10), nullable=True))
        notifications.add_column(sa.Column("destination", sa.String(254), nullable=True))
        notifications.add_column(
            sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        notifications.add_column(
            sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default="0")
        )
        notifications.add_column(sa.Column("leased_until", MOMENT, nullable=True))
        notifications.add_column(
            sa.Column("last_error", sa.String(300), nullable=False, server_default="")
        )
        for name, text in delivery.items():
            notifications.create_check_constraint(op.f(f"ck_notifications_{name}"), text)
    op.create_index("ix_notifications_destination", "notifications", ["destination", "created_at"])

    op.create_table(
        "codes",
        sa.Column("id", sa.Integer(), nullable=False),
        *_user("codes", nullable=True),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("destination", sa.String(length=254), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "purpose IN ('email', 'phone', 'password')", name=op.f("ck_codes_purpose")
        ),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name=op.f("ck_codes_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
        sa.UniqueConstraint("user_id", "purpose", name=op.f("uq_codes_user_id_purpose")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_codes_expires_at", "codes", ["expires_at"])
    op.create_index("ix_codes_destination", "codes", ["destination"])
    op.create_table(
        "identities",
        sa.Column("id", sa.Integer(), nullable=False),
        *_user("identities"),
        sa.Column("provider", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "provider IN ('google', 'apple', 'vk')", name=op.f("ck_identities_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("provider", "subject", name=op.f("uq_identities_provider_subject")),
        sa.UniqueConstraint("user_id", "provider", name=op.f("uq_identities_user_id_provider")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        *_user("consents"),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text_version", sa.String(length=40), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('terms', 'advertising')", name=op.f("ck_consents_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consents_user_id", "consents", ["user_id", "id"])
    op.create_table(
        "push_devices",
        sa.Column("id", sa.Integer(), nullable=False),
        *_user("push_devices"),
        sa.Column("token", sa.String(length=4096), nullable=False),
        sa.Column("platform", sa.String(length=10), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "platform IN ('android', 'ios', 'web')", name=op.f("ck_push_devices_platform")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_devices")),
        sa.UniqueConstraint("token", name=op.f("uq_push_devices_token")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_push_devices_user_id", "push_devices", ["user_id", "id"])
    # No reference: what it tells of is what is no longer there.
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("user_id", name=op.f("uq_erasures_user_id")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_index("ix_notifications_destination", "notifications")
    for table in ("erasures", "push_devices", "consents", "identities", "codes"):
        op.drop_table(table)
    # What the older shape cannot say is made sayable: nobody may sign in by it.
    op.execute("DELETE FROM notifications WHERE user_id IS NULL")
    op.execute("UPDATE users SET password_hash = '!' WHERE password_hash IS NULL")
    op.execute("UPDATE users SET phone = '+000' || id WHERE email IS NULL AND phone IS NULL")
    with op.batch_alter_table("notifications", table_kwargs=_KEPT) as notifications:
        for name in ("channel", "attempts", "destination"):
            notifications.drop_constraint(op.f(f"ck_notifications_{name}"), type_="check")
        for name in ("last_error", "leased_until", "attempts", "urgent", "destination", "channel"):
            notifications.drop_column(name)
        notifications.alter_column("user_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("users", table_kwargs=_KEPT) as users:
        for name in ("contact", "erased"):
            users.drop_constraint(op.f(f"ck_users_{name}"), type_="check")
        users.create_check_constraint(op.f("ck_users_contact"), _CONTACT_BEFORE)
        users.drop_column("erased_at")
        users.alter_column("password_hash", existing_type=sa.String(255), nullable=False)
