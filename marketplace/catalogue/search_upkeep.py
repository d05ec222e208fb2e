"""Keeps the index of search what the services say.

What holds after every transaction: each service, hidden and archived ones too, has one row in
`service_search`, made of its own texts, its category's names and its specialist's; and each word
of the names there is in `search_grams`. Who changes one of those texts calls here, by the hooks of
`services.parts` and `profile.parts`, in the same transaction. (The one exception: a category of
more than `BATCH` services is finished in batches right after.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.catalogue import search_text, search_words
from marketplace.catalogue.models import SearchRow
from marketplace.core.after_commit import after_commit
from marketplace.core.database import session, table_of, transactional
from marketplace.profile.models import Profile
from marketplace.services.models import Category, Service

BATCH = 500
_ROWS = table_of(SearchRow)
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
    for ids in search_words.batches(service_ids):
        _index(ids, held=True)


def services_deleted(service_ids: Sequence[int]) -> None:
    """These services, which the caller holds, are about to go, and perhaps a name with them."""
    for ids in search_words.batches(service_ids):
        kept = kept_of(ids)
        session().connection().execute(sa.delete(_ROWS).where(_ROWS.c.service_id.in_(ids)))
        search_words.forget({word for row in kept.values() for word in named_in(row)})


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
    old = [key for key in wrong if key in kept]
    new = [key for key in wrong if key not in kept]
    search_words.execute(_UPDATE, [{"id": key, **wrong[key]} for key in old])
    search_words.execute(_upsert(), [{"service_id": key, **wrong[key]} for key in new])
    named = {word for row in truth.values() for word in named_in(row)}
    search_words.learn(named)
    search_words.forget({word for key in old for word in named_in(kept[key])} - named)
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


def _upsert() -> Any:
    insert = search_words.insert_into(_ROWS)
    changed = {name: insert.excluded[name] for name in (*_PARTS, "words")}
    return insert.on_conflict_do_update(index_elements=["service_id"], set_=changed)
