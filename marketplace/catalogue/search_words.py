"""The words of names, to which typos are corrected, kept as long as some service has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from marketplace.catalogue import search_text
from marketplace.catalogue.models import SearchGram, SearchRow
from marketplace.catalogue.search_store import insert_into
from marketplace.core import many
from marketplace.core.database import is_sqlite, session, table_of, transactional
from marketplace.core.hot import HotQuery

BATCH = 500
WordKey = tuple[Any, ...]
_ROWS, _GRAMS = table_of(SearchRow), table_of(SearchGram)
_KEY = {"gram": sa.Text, "length": sa.SmallInteger, "word": sa.Text}


def learn(words: Iterable[str]) -> None:
    """These words stand in names."""
    wanted = sorted(set(words))
    there = known(wanted, lock=True)
    # In one order everywhere, so that two who learn the same words wait for each other, no more.
    rows = [
        {"gram": gram, "length": len(word), "word": word}
        for word in wanted
        if word not in there
        for gram in search_text.grams(word)
    ]
    if rows:
        connection = session().connection()
        connection.execute(insert_into(_GRAMS).on_conflict_do_nothing(), rows)


def known(words: Collection[str], *, lock: bool = False) -> set[str]:
    """Those of the words that typos are corrected to; with a `lock` nobody forgets them now."""
    if not words:
        return set()
    keys = [(search_text.grams(word)[0], len(word), word) for word in words]
    return {row[0] for row in _known(is_sqlite(), lock).rows(many.rows("keys", _KEY, keys))}


def forget(words: Iterable[str]) -> None:
    """Forget those of the words that no service has any more: they may be a person's name."""
    for word in sorted(words):
        if _is_held(word):
            continue
        grams = search_text.grams(word)
        # Whoever begins to use the word meanwhile has locked it, or will find it gone.
        _LOCKED.rows({"gram": grams[0], "length": len(word), "word": word})
        if not _is_held(word):
            alone = (_GRAMS.c.length == len(word), _GRAMS.c.word == word)
            gone = sa.delete(_GRAMS).where(_GRAMS.c.gram.in_(grams), *alone)
            session().connection().execute(gone)


@transactional
def prune_batch(after: WordKey | None) -> WordKey | None:
    """Forget those of the next `BATCH` words that no service has; where to go on, if anywhere."""
    # The one run that starts a word has two marks, so each word is met once.
    key = (_GRAMS.c.gram, _GRAMS.c.length, _GRAMS.c.word)
    query = sa.select(*key).where(_GRAMS.c.gram >= "  ", _GRAMS.c.gram < " !")
    if after is not None:
        query = query.where(sa.tuple_(*key) > after)
    found = session().execute(query.order_by(*key).limit(BATCH)).all()
    forget([row.word for row in found])
    return tuple(found[-1]) if len(found) == BATCH else None


def prune_all() -> None:
    """Forget every word that no service has, each batch in its own transaction when there is none
    at present.
    """
    after = prune_batch(None)
    while after is not None:
        after = prune_batch(after)


@lru_cache(maxsize=4)
def _known(sqlite_used: bool, lock: bool) -> HotQuery:
    each = many.table("keys", _KEY, sqlite=sqlite_used)
    met = (mine == each.c[mine.name] for mine in _GRAMS.primary_key.columns)
    query = sa.select(_GRAMS.c.word).select_from(sa.join(each, _GRAMS, sa.and_(*met)))
    if lock:
        query = query.order_by(_GRAMS.c.word)
        query = query.with_for_update(read=True, key_share=True, of=_GRAMS)
    return HotQuery(query)


_LOCKED = HotQuery(
    sa.select(_GRAMS.c.word)
    .where(*(column == sa.bindparam(column.name) for column in _GRAMS.primary_key.columns))
    .with_for_update()
)
_ONE: sa.ColumnClause[int] = sa.literal_column("1", sa.Integer)
_HELD_ON_SQLITE = (
    sa.select(_ONE)
    .select_from(sa.table("service_search_words"))
    .where(sa.text("service_search_words MATCH :word"))
)
# PostgreSQL expects to meet any word within a few hundred rows, and would read all of them for one
# that nobody has: planned apart from the limit, it looks into the index.
_HELD_ON_POSTGRESQL = sa.select(_ONE).select_from(
    sa.select(_ROWS.c.service_id)
    .where(_ROWS.c.words.bool_op("@@")(sa.cast(sa.bindparam("word"), postgresql.TSQUERY)))
    .cte("holders")
    .prefix_with("MATERIALIZED")
)
_HOLDERS = {
    True: HotQuery(_HELD_ON_SQLITE.limit(_ONE)),
    False: HotQuery(_HELD_ON_POSTGRESQL.limit(_ONE), plan_once=False),
}


def _is_held(word: str) -> bool:
    quote = '"' if is_sqlite() else "'"
    return _HOLDERS[is_sqlite()].first({"word": f"{quote}{word}{quote}"}) is not None
