"""What the databases do for a question: look words up, walk past few, never read all through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor
from flask import Flask
from services.support import CATALOGUE, OWN, add_category, add_services, listed
from sqlalchemy import event
from test_query_counts import statements

from marketplace.catalogue import search_cost
from marketplace.catalogue.search_shape import CANDIDATES
from marketplace.core.parts import Parts
from marketplace.core.unchanged import Unchanged
from marketplace.extensions import db
from marketplace.services import parts

MANY = 2_000
Plans = Callable[[Callable[[], object]], list[str]]


@contextmanager
def searching(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that ask the index of search meanwhile, with what they are given."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        if "@@" in statement or " MATCH " in statement:
            sent.append((statement, given))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def analyse(engine: sa.Engine) -> None:
    """As if nothing had ever been deleted: what other tests left behind counts as cost."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (FULL, ANALYZE) services, service_search")


@pytest.fixture
def engine(app: Flask) -> sa.Engine:
    with app.app_context():
        return db.engine


@pytest.fixture
def plans(app: Flask, engine: sa.Engine, specialist: Actor) -> Plans:
    """The plans of an act's statements among `MANY` services: all are massages, half are common,
    one in a hundred is rare.
    """
    named = [{"name": "Массаж редкий" if at % 100 == 0 else "Массаж"} for at in range(MANY)]
    rows = [each | {"description": "Частое" if at % 2 else ""} for at, each in enumerate(named)]
    add_services(app, specialist, rows)
    analyse(engine)

    def explained(act: Callable[[], object]) -> list[str]:
        with searching(engine) as sent:
            act()
        word = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        with engine.connect() as connection:
            return [
                "\n".join(str(row[-1]) for row in connection.exec_driver_sql(word + each, given))
                for each, given in sent
                if not each.startswith("EXPLAIN")
            ]

    return explained


@pytest.mark.parametrize("ordering", ["relevance", "price"])
@pytest.mark.parametrize("question", ["перпендикуляр", "редкий", "редкий массаж", "рдекий"])
def test_rare_words_are_looked_up(
    plans: Plans, anonymous: Actor, question: str, ordering: str
) -> None:
    found = plans(lambda: listed(anonymous, CATALOGUE, q=question, ordering=ordering))

    assert found
    for each in found:
        assert "ix_service_search_words" in each or "VIRTUAL TABLE INDEX" in each, each
        assert "ix_services_listed_price" not in each, each


def test_the_newest_of_common_words_are_met_on_the_way(
    plans: Plans, engine: sa.Engine, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were so many services that a page's candidates are few among them.
    monkeypatch.setattr(search_cost, "CANDIDATES", 20)
    monkeypatch.setattr(search_cost, "MOST_RANKED", 20)

    page = plans(lambda: listed(anonymous, CATALOGUE, q="частое"))[-1]

    if engine.dialect.name == "postgresql":
        assert "Backward using pk_service_search" in page
    else:
        assert "VIRTUAL TABLE INDEX" in page


@pytest.mark.parametrize("question", ["фреска", "фрекса", "ahtcrf", "ahtrcf"])
def test_all_matches_are_ranked_where_they_are_few_and_else_the_newest(
    app: Flask,
    specialist: Actor,
    anonymous: Actor,
    monkeypatch: pytest.MonkeyPatch,
    question: str,
) -> None:
    best = specialist.new_service(name="Фреска")["id"]
    others = [{"name": "Роспись", "description": "Фреска"}] * (CANDIDATES + 20)
    add_services(app, specialist, others)
    hidden = [{"name": "Фреска", "visible": False}] * 10
    add_services(app, specialist, hidden)

    def answered() -> tuple[bool, int]:
        app.extensions["marketplace_unchanged"] = Unchanged()
        query = {"q": question, "count": "1", "limit": "1"}
        answer = anonymous.get(CATALOGUE, query_string=query)
        first = answer.get_json()[0]["id"]
        return first == best, int(answer.headers["X-Total-Count"])

    assert answered() == (True, len(others) + 1)

    monkeypatch.setattr(search_cost, "MOST_RANKED", len(others))
    assert answered() == (False, CANDIDATES)


def test_whether_a_word_is_still_held_is_looked_up(plans: Plans, specialist: Actor) -> None:
    service = specialist.new_service(name="Фреска Сграффито")

    found = plans(lambda: specialist.patch(f"{OWN}{service['id']}/", {"name": "Витраж"}))

    # Each of two words is asked for before it is locked, and again after.
    assert len(found) == 4
    for each in found:
        assert "ix_service_search_words" in each or "VIRTUAL TABLE INDEX" in each, each


def test_the_index_costs_a_new_service_four_statements(
    app: Flask, specialist: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = add_category(app, "beauty", "Красота")

    def sent() -> int:
        with statements(app) as noted:
            specialist.new_service(category=category)
        return len(noted)

    specialist.new_service(category=category)
    with_index = sent()
    monkeypatch.setattr(parts, "on_services", Parts())

    assert with_index - sent() == 4


def test_what_finds_enough_is_not_looked_for_twice(
    app: Flask,
    engine: sa.Engine,
    specialist: Actor,
    anonymous: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Asked for by no other test, whose questions would be remembered.
    add_services(app, specialist, [{"name": "Майолика"}] * 3 + [{"name": "Мозаика"}] * 2)
    monkeypatch.setattr(search_cost, "PLAN_SECONDS", 1_000_000)

    def asked(question: str) -> int:
        app.extensions["marketplace_unchanged"] = Unchanged()
        with searching(engine) as sent:
            listed(anonymous, CATALOGUE, q=question)
        return len(sent)

    assert asked("майолика") > 1
    assert asked("майолика") == 1
    assert asked("мозаика") > 1
    assert asked("мозаика") > 1
