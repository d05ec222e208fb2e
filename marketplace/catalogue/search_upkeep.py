"""Keeps the index of search what the services say.

What holds after every transaction: each service, hidden and archived ones too, has one row in
`service_search`, made of its own texts, its category's names and its specialist's; and each word
of the names there is in `search_grams`. Who changes one of those texts calls here, by the hooks of
`services.parts` and `profile.parts`, in the same transaction. (The one exception: a category of
more than `BATCH` services is finished in batches right after.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from marketplace.catalogue import search_text
from marketplace.catalogue.models import SearchGram, SearchRow
from marketplace.core.after_commit import after_commit
from marketplace.core.database import session, table_of, transactional
from marketplace.profile.models import Profile
from marketplace.services.models import Category, Service

BATCH = 500
WordKey = tuple[Any, ...]
_ROWS, _GRAMS = table_of(SearchRow), table_of(SearchGram)
_PARTS = ("name", "category", "specialist")
_above = aliased(Category)


@dataclass(frozen=True, slots=True)
class Batch:
    """Services looked at, those of them whose rows were written, where to go on."""

    size: int
    written: int
    last_id: int | None


def services_changed(service_ids: Sequence[int]) -> None:
    """These services are new or say something else; their rows are the caller's till it commits."""
    session().flush()
    for ids in _batches(service_ids):
        _index(ids, held=True)


def specialist_changed(user_id: int) -> None:
    """A person's name, or the services, say something else."""
    session().flush()
    _index_where(Service.specialist_id == user_id)


def categories_changed(category_ids: Sequence[int]) -> None:
    """Categories were renamed or moved: their services and those one level below."""
    session().flush()
    below = sa.select(Category.id).where(Category.parent_id.in_(category_ids))
    affected = sa.or_(Service.category_id.in_(category_ids), Service.category_id.in_(below))
    first = ids_after(affected, None)
    _index(first)
    if len(first) == BATCH:
        after_commit(lambda: _finish(affected, first[-1]))


def _finish(affected: sa.ColumnElement[bool], last_id: int | None) -> None:
    while last_id is not None:
        last_id = _next_batch(affected, last_id)


@transactional
def _next_batch(affected: sa.ColumnElement[bool], last_id: int) -> int | None:
    ids = ids_after(affected, last_id)
    _index(ids)
    return ids[-1] if len(ids) == BATCH else None


@transactional
def reindex_batch(after: int) -> Batch:
    """Write anew what is not right of the `BATCH` services after an id."""
    ids = ids_after(sa.true(), after)
    return Batch(len(ids), _index(ids), ids[-1] if ids else None)


def count_services() -> int:
    """How many services there are to look at."""
    return session().scalars(sa.select(sa.func.count()).select_from(Service)).one()


@transactional
def prune_batch(after: WordKey | None) -> WordKey | None:
    """Forget those of the next `BATCH` words that no service has; where to go on, if anywhere."""
    # The one run that starts a word has two marks, so each word is met once.
    key = (_GRAMS.c.gram, _GRAMS.c.length, _GRAMS.c.word)
    query = sa.select(*key).where(_GRAMS.c.gram >= "  ", _GRAMS.c.gram < " !")
    if after is not None:
        query = query.where(sa.tuple_(*key) > after)
    found = session().execute(query.order_by(*key).limit(BATCH)).all()
    _forget([row.word for row in found])
    return tuple(found[-1]) if len(found) == BATCH else None


def prune_all() -> None:
    """Forget every word that no service has, each batch in its own transaction when there is none
    at present.
    """
    after = prune_batch(None)
    while after is not None:
        after = prune_batch(after)


def _index_where(affected: sa.ColumnElement[bool]) -> None:
    last_id: int | None = 0
    while last_id is not None:
        ids = ids_after(affected, last_id)
        _index(ids)
        last_id = ids[-1] if len(ids) == BATCH else None


def ids_after(affected: sa.ColumnElement[bool], after: int | None) -> list[int]:
    """The next `BATCH` services, by their ids."""
    query = sa.select(Service.id).where(affected, Service.id > (after or 0))
    return list(session().scalars(query.order_by(Service.id).limit(BATCH)))


def _index(service_ids: Sequence[int], *, held: bool = False) -> int:
    """Make the rows of these services what they should be; how many were not. Unless the services
    are `held`, they may be deleted at this moment, and their rows with them.
    """
    if not service_ids:
        return 0
    truth, kept = truth_of(service_ids, lock=True), kept_of(service_ids)
    missing = truth.keys() - kept.keys()
    if missing and not held:
        for gone in missing - _staying(missing):
            del truth[gone]
    wrong = {key: row for key, row in truth.items() if row != kept.get(key)}
    _execute(_UPDATE, [{"id": key, **row} for key, row in wrong.items() if key in kept])
    _execute(_upsert(), [{"service_id": key, **wrong[key]} for key in wrong.keys() - kept.keys()])
    named = {word for row in truth.values() for word in named_in(row)}
    _learn(named)
    _forget({word for key in wrong if key in kept for word in named_in(kept[key])} - named)
    return len(wrong)


_TRUTH = (
    sa.select(
        Service.id,
        Service.name,
        Service.description,
        Service.category_id,
        Profile.full_name,
    )
    .join(Profile, Profile.user_id == Service.specialist_id)
    .order_by(Service.id)
)
# Who renames a person or a category waits for us, or we for them and read what they wrote.
_LOCKED = _TRUTH.with_for_update(read=True, of=Profile)
_CATEGORIES = sa.select(Category.id, Category.parent_id, Category.name).order_by(Category.id)


def truth_of(service_ids: Sequence[int], *, lock: bool) -> dict[int, dict[str, Any]]:
    """What the rows of these services should be, those of them there are."""
    query = (_LOCKED if lock else _TRUTH).where(Service.id.in_(service_ids))
    found = session().connection().execute(query).all()
    names = _category_names({row.category_id for row in found} - {None}, lock=lock)
    truth = {}
    for row in found:
        name = search_text.words(row.name)
        category = search_text.words(names.get(row.category_id, ""))
        specialist = search_text.words(row.full_name)
        everything = {*name, *category, *specialist, *search_text.words(row.description)}
        truth[row.id] = {
            "name": search_text.padded(name),
            "category": search_text.padded(category),
            "specialist": search_text.padded(specialist),
            "words": frozenset(everything),
        }
    return truth


def _category_names(category_ids: set[int], *, lock: bool) -> dict[int, str]:
    if not category_ids:
        return {}
    above = sa.select(_above.parent_id).where(_above.id.in_(category_ids))
    query = _CATEGORIES.where(sa.or_(Category.id.in_(category_ids), Category.id.in_(above)))
    if lock:
        query = query.with_for_update(read=True)
    rows = {row.id: row for row in session().connection().execute(query)}
    if {row.parent_id for row in rows.values()} - rows.keys() - {None}:
        # One was moved while it was waited for, and stands under another now.
        return _category_names(category_ids, lock=lock)
    return {
        key: f"{row.name} {rows[row.parent_id].name if row.parent_id in rows else ''}"
        for key, row in rows.items()
    }


def kept_of(service_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The rows of these services, those there are."""
    kept = sa.select(*_ROWS.c).where(_ROWS.c.service_id.in_(service_ids))
    rows = session().connection().execute(kept)
    return {row.service_id: dict(zip((*_PARTS, "words"), row[1:], strict=True)) for row in rows}


def named_in(row: dict[str, Any]) -> Iterable[str]:
    """The words of the names in a row."""
    return (word for part in _PARTS for word in row[part].split())


def _staying(service_ids: Iterable[int]) -> set[int]:
    """Those of these services that are there till this transaction ends."""
    query = sa.select(Service.id).where(Service.id.in_(service_ids)).order_by(Service.id)
    return set(session().scalars(query.with_for_update(read=True, key_share=True)))


# A row that has just gone with its service is not put back, as inserting would try.
_UPDATE = (
    sa.update(_ROWS)
    .where(_ROWS.c.service_id == sa.bindparam("id"))
    .values({name: sa.bindparam(name, type_=_ROWS.c[name].type) for name in (*_PARTS, "words")})
)


def _execute(statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session().connection().execute(statement, rows)


def _upsert() -> Any:
    insert = _insert(_ROWS)
    changed = {name: insert.excluded[name] for name in (*_PARTS, "words")}
    return insert.on_conflict_do_update(index_elements=["service_id"], set_=changed)


def _insert(table: sa.Table) -> Any:
    sqlite_used = session().connection().dialect.name == "sqlite"
    return sqlite.insert(table) if sqlite_used else postgresql.insert(table)


def _learn(words: Iterable[str]) -> None:
    wanted = sorted(set(words))
    known = known_of(wanted, lock=True)
    # In one order everywhere, so that two who learn the same words wait for each other, no more.
    rows = [
        {"gram": gram, "length": len(word), "word": word}
        for word in wanted
        if word not in known
        for gram in search_text.grams(word)
    ]
    _execute(_insert(_GRAMS).on_conflict_do_nothing(), rows)


def known_of(words: Iterable[str], *, lock: bool = False) -> set[str]:
    """Those of the words that typos are corrected to; with a `lock` nobody forgets them now."""
    known: set[str] = set()
    for some in _batches(list(words)):
        firsts = {search_text.grams(word)[0] for word in some}
        lengths = {len(word) for word in some}
        query = sa.select(_GRAMS.c.word).where(
            _GRAMS.c.gram.in_(firsts), _GRAMS.c.length.in_(lengths), _GRAMS.c.word.in_(some)
        )
        if lock:
            query = query.order_by(_GRAMS.c.word).with_for_update(read=True, key_share=True)
        known |= set(session().connection().scalars(query))
    return known


_HOLDERS = {
    "sqlite": sa.text(
        "SELECT 1 FROM service_search_words WHERE service_search_words MATCH :word LIMIT 1"
    ),
    "postgresql": sa.text(
        "SELECT 1 FROM service_search WHERE words @@ CAST(:word AS tsquery) LIMIT 1"
    ),
}


def _forget(words: Iterable[str]) -> None:
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


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]
