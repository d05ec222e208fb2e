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

# A question that no more services match, hidden ones too, is ranked as a whole; of a more common
# one so many of the newest matches are, and older ones are left out.
MOST_RANKED = 2_500
CANDIDATES = 2_000
CORRECTIONS = 5

# A table of both databases under one name: FTS5 has its own, PostgreSQL a column.
_WORDS = sa.table("service_search_words", sa.column("rowid", sa.Integer))
_ROWS = table_of(SearchRow).c
_MATCHES = sa.text("service_search_words MATCH :search").bindparams(
    sa.bindparam("search", type_=sa.Text)
)


PARTS = ("name", "category", "specialist")
_FOUND = (_ROWS.service_id.label("id"), *(_ROWS[part] for part in PARTS))


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
    so many services match that it is cheaper to walk past the others, on PostgreSQL for the newest
    matches, on SQLite for a list in another order. `whole`: `MOST_RANKED` match at most.

    Its parameters are `SearchPlan.parameters`.
    """

    terms: tuple[tuple[bool, bool], ...]
    sqlite: bool
    common: bool = False
    whole: bool = False

    @property
    def leads(self) -> bool:
        """Whether SQLite had better begin with what the search finds, whatever the order."""
        return not self.common

    def some(self, conditions: Sequence[Any], limit: int) -> sa.Select[Any]:
        """The ids of any `limit` matches that meet the conditions on `Service` too."""
        if self.sqlite:
            found = self._on_sqlite(conditions)
        else:
            found = self._walked(conditions) if self.common else self._looked_up(conditions)
        return found.limit(_number(limit))

    def newest(self, conditions: Sequence[Any]) -> sa.Subquery:
        """`id`, `name`, `category` and `specialist` of the newest matches that meet the conditions
        on `Service` too, `CANDIDATES` at most unless all are ranked.
        """
        most = _number(MOST_RANKED if self.whole else CANDIDATES)
        if self.sqlite:
            ids = self._on_sqlite(conditions).order_by(_WORDS.c.rowid.desc())
            found = ids.limit(most).subquery("found")
            named = sa.select(found.c.id, *(_ROWS[part] for part in PARTS)).join_from(
                found, SearchRow, SearchRow.service_id == found.c.id
            )
            return named.subquery("newest")
        order = _ROWS.service_id.desc()
        if self.common:
            matches = self._walked(conditions).order_by(order)
        else:
            matches = self._looked_up(conditions, order)
        return matches.limit(most).subquery("newest")

    def candidates(self, conditions: Sequence[Any]) -> sa.Select[Any]:
        """`id` and `rank` of the newest matches that meet the conditions on `Service` too."""
        found = self.newest(conditions)
        return sa.select(found.c.id, self.rank(found.c).label("rank"))

    def page(self, conditions: Sequence[Any], there: Any, limit: Any) -> sa.Select[Any]:
        """`id` and `rank` of the first `limit` candidates, after the pair `there` if any."""
        ranked = (self._ranked() if self.whole else self.candidates(conditions)).subquery("ranked")
        order = (ranked.c.rank.desc(), ranked.c.id.desc())
        page = sa.select(ranked.c.id, ranked.c.rank).order_by(*order)
        if there is not None:
            page = page.where(sa.tuple_(ranked.c.rank, ranked.c.id) < there)
        if not self.whole:
            return page.limit(limit)
        # All that match are candidates, so services need only be looked at until the page is full.
        if self.sqlite:
            best = page.limit(_number(-1)).subquery("best")
            met = sa.select(best).join(Service, Service.id == sa.literal_column("+best.id"))
            return met.where(*conditions).limit(limit)
        best = page.offset(_number(0)).subquery("best")
        joined = sa.join(best, _met(best.c.id, conditions), sa.true())
        order = (best.c.rank.desc(), best.c.id.desc())
        return sa.select(*best.c).select_from(joined).order_by(*order).limit(limit)

    def condition(self) -> sa.ColumnElement[bool]:
        """What a row of `Service` must meet, for lists in an order of their own."""
        if not self.sqlite:
            return Service.id.in_(sa.select(_ROWS.service_id).where(self._words_match()))
        if not self.common:
            return Service.id.in_(sa.select(_WORDS.c.rowid).where(_MATCHES))
        words = sa.type_coerce(_ROWS.words, sa.Text)
        held = [self._holds(words, ways) for ways in map(self._ways, range(len(self.terms)))]
        return sa.exists().where(_ROWS.service_id == Service.id, *held)

    def stands_in(self, part: Any) -> sa.ColumnElement[bool]:
        """Whether all words of the question stand in this column of `newest`."""
        return sa.and_(
            *(self._holds(part, ways) for ways in map(self._ways, range(len(self.terms))))
        )

    def begins(self, part: Any) -> sa.ColumnElement[bool]:
        """Whether this column of `newest` begins with the question's first word."""
        names = [name for _, alike in self._ways(0) for name in alike]
        return sa.or_(*(self._place(part, self._at(name)) == 1 for name in names))

    def rank(self, row: Any) -> sa.ColumnElement[int]:
        """The relevance of the columns of `newest`, a whole number above 0."""
        parts: list[Any] = [self._worth(row, at) for at in range(len(self.terms))]
        parts.append(sa.case((self.begins(row.name), _number(FIRST)), else_=_number(0)))
        same = row.name == self._at("search_same")
        parts.append(sa.case((same, _number(SAME)), else_=_number(0)))
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

    def _worth(self, row: Any, at: int) -> Any:
        worth = [
            (getattr(weights, part), self._holds(row[part], [(weights, names)]))
            for weights, names in self._ways(at)
            for part in PARTS
        ]
        worth.sort(key=lambda each: -each[0])
        cases = [(held, _number(points)) for points, held in worth]
        return sa.case(*cases, else_=_number(DESCRIPTION))

    def _ranked(self) -> sa.Select[Any]:
        """`id` and `rank` of all matches."""
        ranked = sa.select(_ROWS.service_id.label("id"), self.rank(_ROWS).label("rank"))
        if self.sqlite:
            rowid = sa.literal_column(f"+{_WORDS.name}.rowid", sa.Integer)
            joined = _WORDS.join(SearchRow, SearchRow.service_id == rowid)
            return ranked.select_from(joined).where(_MATCHES)
        return ranked.where(self._words_match())

    def _on_sqlite(self, conditions: Sequence[Any]) -> sa.Select[Any]:
        # Driven by the index, in whose order the newest come without sorting: the plus keeps
        # SQLite from looking each service up in it instead.
        first = _WORDS.join(Service, Service.id == sa.literal_column(f"+{_WORDS.name}.rowid"))
        ids = sa.select(_WORDS.c.rowid.label("id")).select_from(first)
        return ids.where(_MATCHES, *conditions)

    def _walked(self, conditions: Sequence[Any]) -> sa.Select[Any]:
        # IS TRUE is the same question, but none that the index over words could answer.
        held = self._words_match().is_(sa.true())
        met = _met(_ROWS.service_id, conditions)
        return sa.select(*_FOUND).select_from(sa.join(SearchRow, met, sa.true())).where(held)

    def _looked_up(self, conditions: Sequence[Any], order: Any = None) -> sa.Select[Any]:
        # Planned on its own for all it finds: expecting a few rows to be met early, PostgreSQL
        # reads the whole table for a word that no service has.
        matching = sa.select(*_FOUND).where(self._words_match()).order_by(order).offset(_number(0))
        every = matching.subquery("matching")
        met = _met(every.c.id, conditions)
        found = sa.select(*every.c).select_from(sa.join(every, met, sa.true()))
        return found if order is None else found.order_by(every.c.id.desc())

    def _words_match(self) -> sa.ColumnElement[bool]:
        question = sa.cast(self._at("search"), TSQUERY)
        return _ROWS.words.bool_op("@@")(question)

    def _place(self, column: Any, part: Any) -> Any:
        return sa.func.instr(column, part) if self.sqlite else sa.func.strpos(column, part)

    @staticmethod
    def _at(name: str) -> Any:
        return sa.bindparam(name, type_=sa.Text)


def _met(service_id: Any, conditions: Sequence[Any]) -> Any:
    """One row when the service meets the conditions. The offset keeps PostgreSQL from turning the
    question round: all services that meet them are many, the matches are few.
    """
    one = sa.select(_number(1).label("met")).where(Service.id == service_id, *conditions)
    return one.offset(_number(0)).lateral("service")


def _number(value: int) -> sa.ColumnClause[int]:
    return sa.literal_column(str(value), sa.Integer)
