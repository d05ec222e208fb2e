"""The index of search: what is looked through, and the words a typo is corrected to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base


class WordSet(sa.types.TypeDecorator[frozenset[str]]):
    """A set of words: PostgreSQL's `tsvector` without positions, on SQLite a padded text, which
    FTS5 splits at its spaces. A word holds letters and digits only, so nothing needs quoting.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TSVECTOR())
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else f" {' '.join(sorted(set(value)))} "

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(value.replace("'", "").split())


# Compared by code point on both databases.
_BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


class SearchRow(Base):
    """A service's words: `search_text.padded` of its name, its category's and the one above it, its
    specialist's name; and all of these with the description's together. Made by `search_upkeep`.
    """

    __tablename__ = "service_search"
    __table_args__ = (
        sa.Index(
            "ix_service_search_words",
            "words",
            postgresql_using="gin",
            # Its list of pending entries would be read through by every search.
            postgresql_with={"fastupdate": "off"},
        ).ddl_if(dialect="postgresql"),
    )

    service_id: Mapped[int] = mapped_column(
        sa.ForeignKey("services.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(sa.Text)
    category: Mapped[str] = mapped_column(sa.Text)
    specialist: Mapped[str] = mapped_column(sa.Text)
    words: Mapped[frozenset[str]] = mapped_column(WordSet)


class SearchGram(Base):
    """Three characters of a word that stands in a name, of whichever column."""

    __tablename__ = "search_grams"
    __table_args__ = ({"sqlite_with_rowid": False},)

    gram: Mapped[str] = mapped_column(_BYTES, primary_key=True)
    length: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(_BYTES, primary_key=True)
