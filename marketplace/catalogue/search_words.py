"""The words of names, to which typos are corrected, kept as long as some service has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from marketplace.catalogue import search_text
from marketplace.catalogue.models import SearchGram
from marketplace.core.database import session, table_of, transactional

BATCH = 500
WordKey = tuple[Any, ...]
_GRAMS = table_of(SearchGram)


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
    execute(insert_into(_GRAMS).on_conflict_do_nothing(), rows)


def known(words: Iterable[str], *, lock: bool = False) -> set[str]:
    """Those of the words that typos are corrected to; with a `lock` nobody forgets them now."""
    found: set[str] = set()
    for some in batches(list(words)):
        firsts = {search_text.grams(word)[0] for word in some}
        lengths = {len(word) for word in some}
        query = sa.select(_GRAMS.c.word).where(
            _GRAMS.c.gram.in_(firsts), _GRAMS.c.length.in_(lengths), _GRAMS.c.word.in_(some)
        )
        if lock:
            query = query.order_by(_GRAMS.c.word).with_for_update(read=True, key_share=True)
        found |= set(session().connection().scalars(query))
    return found


_HOLDERS = {
    "sqlite": sa.text(
        "SELECT 1 FROM service_search_words WHERE service_search_words MATCH :word LIMIT 1"
    ),
    "postgresql": sa.text(
        "SELECT 1 FROM service_search WHERE words @@ CAST(:word AS tsquery) LIMIT 1"
    ),
}


def forget(words: Iterable[str]) -> None:
    """Forget those of the words that no service has any more: they may be a person's name."""
    connection = session().connection()
    for word in sorted(words):
        if _is_held(word):
            continue
        grams = search_text.grams(word)
        alone = (_GRAMS.c.length == len(word), _GRAMS.c.word == word)
        # Whoever begins to use the word meanwhile has locked it, or will find it gone.
        first = sa.select(_GRAMS.c.word).where(_GRAMS.c.gram == grams[0], *alone)
        connection.execute(first.with_for_update())
        if not _is_held(word):
            connection.execute(sa.delete(_GRAMS).where(_GRAMS.c.gram.in_(grams), *alone))


def _is_held(word: str) -> bool:
    connection = session().connection()
    quote = '"' if connection.dialect.name == "sqlite" else "'"
    held = {"word": f"{quote}{word}{quote}"}
    return connection.execute(_HOLDERS[connection.dialect.name], held).first() is not None


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


def execute(statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Run a statement for each of these rows, if there is one."""
    if rows:
        session().connection().execute(statement, rows)


def insert_into(table: sa.Table) -> Any:
    """An INSERT that may say what is done on a conflict."""
    sqlite_used = session().connection().dialect.name == "sqlite"
    return sqlite.insert(table) if sqlite_used else postgresql.insert(table)


def batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values, `BATCH` at a time."""
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]
