"""The statements that keep a service's row in the index of search, compiled once: every written
service runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from marketplace.catalogue.models import SearchRow, WordSet
from marketplace.core import many
from marketplace.core.database import PLAN_ONCE_OPTION, is_sqlite, read, session, table_of
from marketplace.core.hot import HotQuery
from marketplace.profile.models import Profile
from marketplace.services.models import Category, Service

_ROWS = table_of(SearchRow)
_above = aliased(Category)
_words = WordSet()


class Kept(NamedTuple):
    """A service's row in the index, or what it should be."""

    name: str
    category: str
    specialist: str
    words: frozenset[str]

    def named(self) -> Iterable[str]:
        """The words of its names."""
        return (
            word for part in (self.name, self.category, self.specialist) for word in part.split()
        )


class Texts(NamedTuple):
    """What a service says, and what the index keeps of it, if anything."""

    service_id: int
    name: str
    description: str
    category_id: int | None
    full_name: str
    kept: Kept | None


class CategoryName(NamedTuple):
    """A category and the one above it."""

    id: int
    parent_id: int | None
    name: str


def texts(service_ids: Sequence[int], *, lock: bool) -> list[Texts]:
    """The texts of these services, in the order of their ids. `lock` keeps their specialists' names
    as they are until the transaction ends.
    """
    found = _texts(is_sqlite(), lock).rows({"ids": many.values(service_ids)})
    return [Texts._make((*row[:5], _kept(row[5:]))) for row in found]


def categories(category_ids: Collection[int], *, lock: bool) -> dict[int, CategoryName]:
    """These categories and those above them, by id. `lock` keeps their names as they are."""
    found = _categories(is_sqlite(), lock).rows({"ids": many.values(category_ids)})
    return {row[0]: CategoryName(*row) for row in found}


def staying(service_ids: Collection[int]) -> set[int]:
    """Those of these services that are there till this transaction ends."""
    return {row[0] for row in _staying(is_sqlite()).rows({"ids": many.values(service_ids)})}


def insert(rows: Mapping[int, Kept]) -> None:
    """Make these the rows of services that had none; others may be doing the same."""
    _run(_upsert, rows)


def update(rows: Mapping[int, Kept]) -> None:
    """Make these the rows of services that had one, unless it has gone with its service meanwhile:
    then it is not put back, as inserting would try.
    """
    _run(_update, rows)


def delete(service_ids: Sequence[int]) -> list[Kept]:
    """Take away the rows of these services; what they were."""
    gone = sa.delete(_ROWS).where(_ROWS.c.service_id.in_(service_ids))
    columns = (_ROWS.c[name] for name in Kept._fields)
    return [Kept._make(row) for row in session().connection().execute(gone.returning(*columns))]


def insert_into(table: sa.Table) -> Any:
    """An INSERT that may say what is done on a conflict."""
    return sqlite.insert(table) if is_sqlite() else postgresql.insert(table)


def _kept(row: Sequence[Any]) -> Kept | None:
    *parts, words = row
    held = _words.process_result_value(words, read().dialect)
    return None if held is None else Kept._make((*parts, held))


@lru_cache(maxsize=4)
def _texts(sqlite_used: bool, lock: bool) -> HotQuery:
    query = (
        sa.select(
            Service.id,
            Service.name,
            Service.description,
            Service.category_id,
            Profile.full_name,
            *(_ROWS.c[name] for name in Kept._fields),
        )
        .join(Profile, Profile.user_id == Service.specialist_id)
        .outerjoin(SearchRow, SearchRow.service_id == Service.id)
        .where(many.among(Service.id, "ids", sqlite=sqlite_used))
        .order_by(Service.id)
    )
    # Who renames a person waits for us, or we for them and read what they wrote. The index's row is
    # then the one before theirs: it differs from the truth, and is written once more.
    return HotQuery(query.with_for_update(read=True, of=Profile) if lock else query)


@lru_cache(maxsize=4)
def _categories(sqlite_used: bool, lock: bool) -> HotQuery:
    above = sa.select(_above.parent_id).where(many.among(_above.id, "ids", sqlite=sqlite_used))
    query = (
        sa.select(Category.id, Category.parent_id, Category.name)
        .where(sa.or_(many.among(Category.id, "ids", sqlite=sqlite_used), Category.id.in_(above)))
        .order_by(Category.id)
    )
    return HotQuery(query.with_for_update(read=True) if lock else query)


@lru_cache(maxsize=2)
def _staying(sqlite_used: bool) -> HotQuery:
    query = sa.select(Service.id).where(many.among(Service.id, "ids", sqlite=sqlite_used))
    return HotQuery(query.order_by(Service.id).with_for_update(read=True, key_share=True))


def _run(
    statement: Callable[[str], tuple[str, list[str] | None]], rows: Mapping[int, Kept]
) -> None:
    connection = session().connection()
    sql, order = statement(connection.dialect.name)
    given: list[Any] = []
    for service_id, row in rows.items():
        held = _words.process_bind_param(row.words, connection.dialect)
        values = {"id": service_id, **row._asdict(), "words": held}
        given.append(values if order is None else tuple(values[name] for name in order))
    if len(given) == 1:
        connection.exec_driver_sql(sql, given[0], {PLAN_ONCE_OPTION: True})
    elif given:
        connection.exec_driver_sql(sql, given)


@lru_cache(maxsize=2)
def _upsert(_dialect_name: str) -> tuple[str, list[str] | None]:
    given = {"service_id": sa.bindparam("id"), **_given()}
    into = insert_into(_ROWS).values(given)
    changed = {name: into.excluded[name] for name in Kept._fields}
    return _compiled(into.on_conflict_do_update(index_elements=["service_id"], set_=changed))


@lru_cache(maxsize=2)
def _update(_dialect_name: str) -> tuple[str, list[str] | None]:
    mine = _ROWS.c.service_id == sa.bindparam("id")
    return _compiled(sa.update(_ROWS).where(mine).values(_given()))


def _given() -> dict[str, Any]:
    return {name: sa.bindparam(name, type_=_ROWS.c[name].type) for name in Kept._fields}


def _compiled(statement: Any) -> tuple[str, list[str] | None]:
    """A statement for the driver, and the order of its parameters where they have no names."""
    compiled = statement.compile(dialect=session().connection().dialect)
    return str(compiled), list(compiled.positiontup) if compiled.positional else None
