"""The SQL of a search: what must match, what a match is worth. One shape, one set of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from marketplace.catalogue.models import SearchRow
from marketplace.core.database import table_of
from marketplace.services.models import Service

# So many of the newest matches are ranked; older ones of a more common question are left out.
CANDIDATES = 2_000
CORRECTIONS = 5

# A table of both databases under one name: FTS5 has its own, PostgreSQL a column.
_WORDS = sa.table("service_search_words", sa.column("rowid", sa.Integer))
_ROWS = table_of(SearchRow).c
_MATCHES = sa.text("service_search_words MATCH :search").bindparams(
    sa.bindparam("search", type_=sa.Text)
)


@dataclass(frozen=True, slots=True)
class Weights:
    """What a word of the question is worth where it is found."""

    name: int
    category: int
    specialist: int


WHOLE = Weights(name=12, category=6, specialist=4)
BEGUN = Weights(name=10, category=5, specialist=3)
CORRECTED = Weights(name=3, category=2, specialist=2)
DESCRIPTION = 1
# For a name that begins with the question's first word, and one that holds nothing else.
FIRST, SAME = 1, 3


@dataclass(frozen=True, slots=True)
class SearchShape:
    """For each word of a question: whether its beginning counts, whether it is corrected. `common`:
    on SQLite, there are so many matches that a list in another order is walked rather than sorted.

    Its parameters are `SearchPlan.parameters`.
    """

    terms: tuple[tuple[bool, bool], ...]
    sqlite: bool
    common: bool = False

    def matching(self) -> sa.Select[Any]:
        """The ids of `Service` that match, to which conditions and an order may be added."""
        if self.sqlite:
            # Driven by the index, in whose order the newest come without sorting: the plus keeps
            # SQLite from looking each service up in it instead.
            first = _WORDS.join(Service, Service.id == sa.literal_column(f"+{_WORDS.name}.rowid"))
            return sa.select(_WORDS.c.rowid.label("id")).select_from(first).where(_MATCHES)
        joined = sa.join(Service, SearchRow, SearchRow.service_id == Service.id)
        return sa.select(Service.id).select_from(joined).where(self._words_match())

    def candidates(self, conditions: Sequence[Any]) -> sa.Select[Any]:
        """`id` and `rank` of the newest matches that meet the conditions on `Service` too."""
        newest = _WORDS.c.rowid if self.sqlite else Service.id
        found = (
            self.matching()
            .where(*conditions)
            .order_by(newest.desc())
            .limit(sa.literal_column(str(CANDIDATES)))
            .subquery("found")
        )
        return sa.select(found.c.id, self.rank().label("rank")).join_from(
            found, SearchRow, SearchRow.service_id == found.c.id
        )

    def condition(self) -> sa.ColumnElement[bool]:
        """What a row of `Service` must meet, for lists in an order of their own."""
        if not self.sqlite:
            return Service.id.in_(sa.select(_ROWS.service_id).where(self._words_match()))
        if not self.common:
            return Service.id.in_(sa.select(_WORDS.c.rowid).where(_MATCHES))
        words = sa.type_coerce(_ROWS.words, sa.Text)
        held = [self._holds(words, ways) for ways in map(self._ways, range(len(self.terms)))]
        return sa.exists().where(_ROWS.service_id == Service.id, *held)

    def stands_in(self, part: str) -> sa.ColumnElement[bool]:
        """Whether all words of the question stand in this part of a `SearchRow`."""
        return sa.and_(
            *(self._holds(_ROWS[part], ways) for ways in map(self._ways, range(len(self.terms))))
        )

    def begins(self, part: str) -> sa.ColumnElement[bool]:
        """Whether this part of a `SearchRow` begins with the question's first word."""
        names = [name for _, alike in self._ways(0) for name in alike]
        return sa.or_(*(self._place(_ROWS[part], self._at(name)) == 1 for name in names))

    def rank(self) -> sa.ColumnElement[int]:
        """The relevance of a row of `SearchRow`, a whole number above 0."""
        parts: list[Any] = [self._worth(at) for at in range(len(self.terms))]
        parts.append(
            sa.case(
                (self.begins("name"), sa.literal_column(str(FIRST))), else_=sa.literal_column("0")
            )
        )
        same = _ROWS.name == self._at("search_same")
        parts.append(sa.case((same, sa.literal_column(str(SAME))), else_=sa.literal_column("0")))
        total = parts[0]
        for part in parts[1:]:
            total += part
        return sa.type_coerce(total, sa.Integer)

    def _holds(self, column: Any, ways: list[tuple[Weights, list[str]]]) -> Any:
        names = [name for _, alike in ways for name in alike]
        return sa.or_(*(self._place(column, self._at(name)) > 0 for name in names))

    def _ways(self, at: int) -> list[tuple[Weights, list[str]]]:
        begun, corrected = self.terms[at]
        ways = [(WHOLE, [f"search_{at}"])]
        if begun:
            ways.append((BEGUN, [f"search_{at}_begun"]))
        if corrected:
            ways.append((CORRECTED, [f"search_{at}_{n}" for n in range(CORRECTIONS)]))
        return ways

    def _worth(self, at: int) -> Any:
        worth = [
            (getattr(weights, part), self._holds(_ROWS[part], [(weights, names)]))
            for weights, names in self._ways(at)
            for part in ("name", "category", "specialist")
        ]
        worth.sort(key=lambda each: -each[0])
        cases = [(held, sa.literal_column(str(points), sa.Integer)) for points, held in worth]
        return sa.case(*cases, else_=sa.literal_column(str(DESCRIPTION), sa.Integer))

    def _words_match(self) -> sa.ColumnElement[bool]:
        question = sa.cast(self._at("search"), TSQUERY)
        return _ROWS.words.bool_op("@@")(question)

    def _place(self, column: Any, part: Any) -> Any:
        return sa.func.instr(column, part) if self.sqlite else sa.func.strpos(column, part)

    @staticmethod
    def _at(name: str) -> Any:
        return sa.bindparam(name, type_=sa.Text)
