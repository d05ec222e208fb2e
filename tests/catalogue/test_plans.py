"""Through which index SQLite, which keeps no statistics, is made to go."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from actors import People

from marketplace.catalogue.filters import OF_CATALOGUE
from marketplace.catalogue.queries import _PLAIN
from marketplace.core.database import read, release
from marketplace.services import few, listing

HUNDRED = Decimal(100)
MANY: tuple[tuple[Mapping[str, Any], str, str], ...] = (
    ({"city": "тверь"}, "-created_at", "ix_services_listed_city "),
    ({"city": "тверь"}, "price", "ix_services_listed_city_price "),
    ({"city": "тверь", "category_id": 1}, "created_at", "ix_services_listed_city_category "),
    ({"city": "тверь", "min_duration": 30}, "-created_at", "ix_services_listed_city "),
    ({"category_id": 1}, "-created_at", "ix_services_listed_category "),
    ({"category_id": 1}, "-price", "ix_services_listed_category_price "),
    ({"max_price": HUNDRED}, "-created_at", "ix_services_walk "),
)
FEW: tuple[tuple[Mapping[str, Any], str, str], ...] = (
    ({"city": "тверь", "category_id": 1}, "price", "ix_services_listed_city_category "),
    ({"city": "тверь", "max_price": HUNDRED}, "-created_at", "ix_services_listed_city_price "),
    (
        {"category_id": 1, "max_price": HUNDRED},
        "-created_at",
        "ix_services_listed_category_price ",
    ),
    ({"max_price": HUNDRED}, "-created_at", "ix_services_listed_price "),
    ({"min_duration": 100}, "-created_at", "ix_services_listed_duration"),
)


@pytest.mark.parametrize(("given", "ordering", "index"), MANY)
def test_many_are_walked_in_order_behind_what_is_equal(
    people_on_sqlite: People,
    monkeypatch: pytest.MonkeyPatch,
    given: Mapping[str, Any],
    ordering: str,
    index: str,
) -> None:
    monkeypatch.setattr(few, "found", lambda *_: few.FEW)

    assert index in found_by(people_on_sqlite, given, ordering)


@pytest.mark.parametrize(("given", "ordering", "index"), FEW)
def test_few_are_looked_up_by_both_of_a_pair(
    people_on_sqlite: People,
    monkeypatch: pytest.MonkeyPatch,
    given: Mapping[str, Any],
    ordering: str,
    index: str,
) -> None:
    monkeypatch.setattr(few, "found", lambda *_: 1)

    assert index in found_by(people_on_sqlite, given, ordering)


def test_a_page_of_equal_keys_begins_where_the_last_one_ended(people_on_sqlite: People) -> None:
    plan = found_by(people_on_sqlite, {}, "price", after_key=100, after_id=5)

    assert "price=? AND id>?" in plan.replace("rowid", "id")
    assert "(listed=? AND price>?)" in plan


def found_by(people: People, given: Mapping[str, Any], ordering: str, **after: int) -> str:
    """The plan's lines about services."""
    with people.app.app_context():
        shape, parameters = listing.shaped(
            _PLAIN, given, table=OF_CATALOGUE, ordering=ordering, follows=bool(after)
        )
        sql, constants = listing._page_query(shape)._for(read().dialect)
        named = {**constants, **parameters, **after, "limit": 21}
        rows = read().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", named).all()
        release()
    return "\n".join(row[-1] + " " for row in rows if "services" in row[-1])
