"""Free time as rows. Those who have working time get theirs from `flask catalogue roll`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "free_spans",
        sa.Column("specialist_id", sa.Integer(), nullable=False),
        sa.Column("first_start", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("last_start", sa.BigInteger(), nullable=False),
        sa.Column("last_end", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("utc_offset", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["specialist_id"],
            ["schedules.user_id"],
            name=op.f("fk_free_spans_specialist_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "specialist_id", "first_start", "valid_from", name=op.f("pk_free_spans")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "free_reaches",
        sa.Column("specialist_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["specialist_id"],
            ["schedules.user_id"],
            name=op.f("fk_free_reaches_specialist_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("specialist_id", name=op.f("pk_free_reaches")),
    )
    op.create_index("ix_free_reaches_through", "free_reaches", ["through"])
    # Nothing of them is built yet: 1970 is long over.
    op.execute(
        "INSERT INTO free_reaches (specialist_id, through) SELECT user_id, 0 FROM working_hours"
        " UNION SELECT user_id, 0 FROM schedule_exceptions"
    )


def downgrade() -> None:
    op.drop_table("free_reaches")
    op.drop_table("free_spans")
