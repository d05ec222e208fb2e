"""Keeps the index of search what the services say.

What holds after every transaction: each service, hidden and archived ones too, has one row in
`service_search`, made of its own texts, its category's names and its specialist's; and each word
of the names there is in `search_grams`. Who changes one of those texts calls here, by the hooks of
`services.parts` and `profile.parts`, in the same transaction. (The one exception: a category of
more than `BATCH` services is finished in batches right after.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue import search_store, search_text, search_words
from marketplace.catalogue.search_store import Kept, Texts
from marketplace.core.after_commit import after_commit
from marketplace.core.database import session, transactional
from marketplace.services.models import Category, Service

BATCH = 500


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


def services_deleted(service_ids: Sequence[int]) -> None:
    """These services, which the caller holds, are about to go, and perhaps a name with them."""
    for ids in _batches(service_ids):
        gone = search_store.delete(ids)
        search_words.forget({word for row in gone for word in row.named()})


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
    truth, kept = truth_and_kept(service_ids, lock=True)
    missing = truth.keys() - kept.keys()
    if missing and not held:
        for gone in missing - search_store.staying(missing):
            del truth[gone]
    wrong = {key: row for key, row in truth.items() if row != kept.get(key)}
    old = {key: row for key, row in wrong.items() if key in kept}
    search_store.update(old)
    search_store.insert({key: row for key, row in wrong.items() if key not in kept})
    named = {word for row in truth.values() for word in row.named()}
    search_words.learn(named)
    search_words.forget({word for key in old for word in kept[key].named()} - named)
    return len(wrong)


def truth_and_kept(
    service_ids: Sequence[int], *, lock: bool
) -> tuple[dict[int, Kept], dict[int, Kept]]:
    """By id, the rows that those of these services there are should have, and the rows they have.

    With a `lock` the first stay true until the transaction ends, but for what the services say
    themselves; of the second one may be older, if its name was waited for.
    """
    found = search_store.texts(service_ids, lock=lock)
    names = _category_names({row.category_id for row in found} - {None}, lock=lock)
    truth = {row.service_id: _row_of(row, names.get(row.category_id, "")) for row in found}
    return truth, {row.service_id: row.kept for row in found if row.kept is not None}


def _row_of(texts: Texts, category_name: str) -> Kept:
    name = search_text.words(texts.name)
    category = search_text.words(category_name)
    specialist = search_text.words(texts.full_name)
    described = search_text.words(texts.description)
    padded = map(search_text.padded, (name, category, specialist))
    return Kept._make((*padded, frozenset((*name, *category, *specialist, *described))))


def _category_names(category_ids: set[Any], *, lock: bool) -> dict[int | None, str]:
    if not category_ids:
        return {}
    rows = search_store.categories(category_ids, lock=lock)
    if {row.parent_id for row in rows.values()} - rows.keys() - {None}:
        # One was moved while it was waited for, and stands under another now.
        return _category_names(category_ids, lock=lock)
    return {
        key: f"{row.name} {rows[row.parent_id].name if row.parent_id in rows else ''}"
        for key, row in rows.items()
    }


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(ids), BATCH):
        yield ids[at : at + BATCH]
