"""What a question of the catalogue finds, and in which order (docs/search.md).

A question is planned against the data: as typed; if that finds nothing, as typed on the other
keyboard layout; and if it finds little, with its words corrected too. A list that is read by pages
goes on in the way it began, whatever there is by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue import search_cost, search_text
from marketplace.catalogue.models import SearchGram
from marketplace.catalogue.search_shape import CORRECTIONS, SearchShape
from marketplace.core.database import is_sqlite, read, table_of
from marketplace.core.hot import HotQuery
from marketplace.services.models import Service

MAX_WORDS = 8
# Fewer hits than this, and what may be a typo is corrected as well.
LITTLE = 3
# Of the vocabulary, so many words that share most with a mistyped one are looked at closely.
_LIKELY = 100
# As the ways are named in cursors.
_TYPED, _MENDED = "typed", "-corrected"
_GRAMS = table_of(SearchGram).c
# Questions that found enough as typed a moment ago are not asked twice: for as long, one that no
# longer does is answered without corrections.
_found_enough = search_cost.Recent()


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question: its stem, its beginning when it may not be typed to its end, and
    what it may be a typo of.
    """

    stem: str
    begun: str | None = None
    corrected: tuple[str, ...] = ()

    def alternatives(self) -> list[tuple[str, bool]]:
        """Words, and beginnings of words (True), any of which will do."""
        found = [(self.stem, False), *((word, False) for word in self.corrected)]
        return found if self.begun is None else [*found, (self.begun, True)]


@dataclass(frozen=True)
class SearchPlan:
    """How a question is answered: a shape, for which statements are built once, and parameters.
    `same` is the name that says just what the question does, `way` the one of `ways` it is.
    """

    terms: tuple[Term, ...]
    same: str
    sqlite: bool
    way: str
    common: bool = False
    whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the question has no word at all, and finds nothing."""
        return not self.terms

    @property
    def shape(self) -> SearchShape:
        terms = tuple((term.begun is not None, bool(term.corrected)) for term in self.terms)
        return SearchShape(terms, self.sqlite, self.common, self.whole)

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of the parameters of the shape's SQL."""
        found = {
            "search": self.match,
            "search_same": self.same,
        }
        for at, term in enumerate(self.terms):
            found[f"search_{at}"] = f" {term.stem} "
            if term.begun is not None:
                found[f"search_{at}_begun"] = f" {term.begun}"
            if term.corrected:
                # As many as there may be: the shape does not tell how many there are.
                words = (term.corrected * CORRECTIONS)[:CORRECTIONS]
                found |= {f"search_{at}_{n}": f" {word} " for n, word in enumerate(words)}
        return found

    def condition(self) -> sa.ColumnElement[bool]:
        """What a row of `Service` must meet."""
        return self.shape.condition()

    @property
    def match(self) -> str:
        """The question as FTS5 or `tsquery` reads it. Its words hold letters and digits only."""
        quote, begun, either, both = ('"', " *", " OR ", " AND ")
        if not self.sqlite:
            quote, begun, either, both = ("'", ":*", " | ", " & ")
        groups = (
            either.join(
                f"{quote}{word}{quote}{begun if open_ended else ''}"
                for word, open_ended in term.alternatives()
            )
            for term in self.terms
        )
        return both.join(f"({group})" for group in groups)


def ways(q: str) -> dict[str, str]:
    """The ways in which a question may be answered, by name: each with the text that is asked."""
    asked = {_TYPED: q, **_slips(q)}
    return asked | {f"{way}{_MENDED}": text for way, text in asked.items()}


def plan(q: str, way: str = "") -> SearchPlan:
    """The plan of a question, in one of its `ways` if it is named. Any text will do; operators and
    quotes are characters like others.
    """
    if way:
        return _planned(ways(q)[way], way)
    typed = _strict(q)
    if typed.is_empty:
        return typed
    asked = (read().engine, typed.match)
    if asked in _found_enough:
        return _steered(typed)
    # PostgreSQL meets a few of many matches sooner when it knows that there are many.
    hits = _hits(typed if typed.sqlite else _walking(typed))
    if hits < LITTLE:
        return _mended(q, typed, hits)
    _found_enough.add(asked)
    return _steered(typed)


def _mended(q: str, typed: SearchPlan, hits: int) -> SearchPlan:
    """The plan of a question that finds little as typed."""
    others = [] if hits else [_strict(slip, way) for way, slip in _slips(q).items()]
    for other in others:
        if _hits(other):
            return _steered(other)
    corrected = _corrected(typed)
    if hits or _hits(corrected):
        return _bounded(corrected)
    return next((_bounded(other) for other in map(_corrected, others) if _hits(other)), typed)


def _planned(question: str, way: str) -> SearchPlan:
    strict = _strict(question, way.removesuffix(_MENDED))
    if strict.is_empty:
        return strict
    return _bounded(_corrected(strict)) if way.endswith(_MENDED) else _steered(strict)


def _slips(q: str) -> dict[str, str]:
    return {f"slip{at}": slip for at, slip in enumerate(search_text.slips(q))}


def strict_plan(q: str) -> SearchPlan:
    """The plan of a question just as typed."""
    typed = _strict(q)
    return typed if typed.is_empty or typed.sqlite else _walking(typed)


def _strict(question: str, way: str = _TYPED) -> SearchPlan:
    found = search_text.meaning(question)[:MAX_WORDS]
    terms = [Term(search_text.stem(word)) for word in found[:-1]]
    terms += [Term(search_text.stem(word), begun=word) for word in found[-1:]]
    same = search_text.padded(search_text.words(question))
    return SearchPlan(tuple(terms), same, is_sqlite(), way)


def _corrected(strict: SearchPlan) -> SearchPlan:
    terms = [replace(term, corrected=_corrections(term.stem)) for term in strict.terms]
    return replace(strict, terms=tuple(terms), way=f"{strict.way}{_MENDED}")


def _corrections(word: str) -> tuple[str, ...]:
    """The words of names nearest to one that may be mistyped."""
    errors = search_text.allowed_errors(word)
    if not errors:
        return ()
    grams = search_text.grams(word)
    # An error spoils three runs of three characters, a swap of two letters four.
    shared = max(2, len(grams) - 4 * errors)
    count = sa.func.count()
    query = (
        sa.select(_GRAMS.word)
        .where(
            _GRAMS.gram.in_(grams),
            _GRAMS.length.between(len(word) - errors, len(word) + errors),
        )
        .group_by(_GRAMS.word)
        .having(count >= shared)
        .order_by(count.desc(), _GRAMS.word)
        .limit(_LIKELY)
    )
    likely = [(search_text.distance(word, each), each) for each in read().scalars(query)]
    near = sorted(pair for pair in likely if 0 < pair[0] <= errors)
    return tuple(each for _, each in near[:CORRECTIONS])


@lru_cache(maxsize=256)
def _hits_query(shape: SearchShape) -> HotQuery:
    few = shape.some([Service.listed == sa.true()], LITTLE).subquery()
    return HotQuery(sa.select(sa.func.count()).select_from(few), plan_once=False)


def _hits(strict: SearchPlan) -> int:
    """How many listed services a plan finds, `LITTLE` at most."""
    if strict.is_empty:
        return 0
    return int(_hits_query(strict.shape).rows({"search": strict.match})[0][0])


def _walking(strict: SearchPlan) -> SearchPlan:
    common = search_cost.is_common(strict.match, len(strict.terms))
    return replace(strict, common=common)


def _steered(strict: SearchPlan) -> SearchPlan:
    return _bounded(_walking(strict))


def _bounded(steered: SearchPlan) -> SearchPlan:
    return replace(steered, whole=search_cost.is_whole(steered.match))
