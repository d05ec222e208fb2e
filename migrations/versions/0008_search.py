"""The index of search over services."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from marketplace.catalogue import search_text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(TSVECTOR(), "postgresql")
BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BATCH = 1_000


def upgrade() -> None:
    rows = op.create_table(
        "service_search",
        sa.Column("service_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("specialist", sa.Text(), nullable=False),
        sa.Column("words", WORDS, nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["services.id"],
            name=op.f("fk_service_search_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_search")),
    )
    grams = op.create_table(
        "search_grams",
        sa.Column("gram", BYTES, nullable=False),
        sa.Column("length", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("word", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("gram", "length", "word", name=op.f("pk_search_grams")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
    else:
        _full_text_on_sqlite()
    _fill(rows, grams)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_service_search_words",
            "service_search",
            ["words"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
        op.execute("ANALYZE service_search")


def _full_text_on_sqlite() -> None:
    # The text is split and folded already: `ascii` takes every other character as a letter.
    op.execute(
        "CREATE VIRTUAL TABLE service_search_words USING fts5(words, content='service_search',"
        " content_rowid='service_id', tokenize='ascii', detail=none, prefix='1 2 3')"
    )
    forget = (
        "INSERT INTO service_search_words (service_search_words, rowid, words)"
        " VALUES ('delete', OLD.service_id, OLD.words);"
    )
    learn = "INSERT INTO service_search_words (rowid, words) VALUES (NEW.service_id, NEW.words);"
    for name, event, body in (
        ("insert", "AFTER INSERT ON service_search", learn),
        ("delete", "AFTER DELETE ON service_search", forget),
        ("update", "AFTER UPDATE OF words ON service_search", forget + " " + learn),
    ):
        op.execute(f"CREATE TRIGGER service_search_words_{name} {event} BEGIN {body} END")


def _fill(rows: sa.Table, grams: sa.Table) -> None:
    """What there is, in the form search has now; `flask catalogue reindex` would write the same."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT services.id, services.name, services.description, profiles.full_name,"
        " categories.name AS category, above.name AS above FROM services"
        " JOIN profiles ON profiles.user_id = services.specialist_id"
        " LEFT JOIN categories ON categories.id = services.category_id"
        " LEFT JOIN categories AS above ON above.id = categories.parent_id"
        " WHERE services.id > :after ORDER BY services.id LIMIT :batch"
    )
    after = 0
    known: set[str] = set()
    while found := connection.execute(query, {"after": after, "batch": BATCH}).all():
        after = found[-1].id
        batch, named = [], set()
        for row in found:
            name = search_text.words(row.name)
            category = search_text.words(f"{row.category or ''} {row.above or ''}")
            specialist = search_text.words(row.full_name)
            described = search_text.words(row.description)
            named.update(name, category, specialist)
            batch.append(
                {
                    "service_id": row.id,
                    "name": search_text.padded(name),
                    "category": search_text.padded(category),
                    "specialist": search_text.padded(specialist),
                    "words": f" {' '.join(sorted({*name, *category, *specialist, *described}))} ",
                }
            )
        connection.execute(rows.insert(), batch)
        new = [
            {"gram": gram, "length": len(word), "word": word}
            for word in sorted(named - known)
            for gram in search_text.grams(word)
        ]
        known |= named
        if new:
            connection.execute(grams.insert(), new)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE service_search_words")
    op.drop_table("search_grams")
    op.drop_table("service_search")
