"""What the databases do for a question: look words up, walk past few, never read all through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor
from flask import Flask
from services.support import CATALOGUE, add_services, listed
from sqlalchemy import event

from marketplace.catalogue import search_cost
from marketplace.core.database import session, transactional
from marketplace.extensions import db

MANY = 2_000
Plans = Callable[..., list[str]]


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


@transactional
def analyse() -> None:
    if session().get_bind().dialect.name == "postgresql":
        session().execute(sa.text("ANALYZE services, service_search"))


@pytest.fixture
def engine(app: Flask) -> sa.Engine:
    with app.app_context():
        return db.engine


@pytest.fixture
def plans(app: Flask, engine: sa.Engine, specialist: Actor, anonymous: Actor) -> Plans:
    """The plans of a request's statements among `MANY` services: all are massages, half are common,
    one in a hundred is rare.
    """
    named = [{"name": "Массаж редкий" if at % 100 == 0 else "Массаж"} for at in range(MANY)]
    rows = [each | {"description": "Частое" if at % 2 else ""} for at, each in enumerate(named)]
    add_services(app, specialist, rows)
    with app.app_context():
        analyse()

    def explained(**query: str) -> list[str]:
        with searching(engine) as sent:
            listed(anonymous, CATALOGUE, **query)
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
def test_rare_words_are_looked_up(plans: Plans, question: str, ordering: str) -> None:
    found = plans(q=question, ordering=ordering)

    assert found
    for each in found:
        assert "ix_service_search_words" in each or "VIRTUAL TABLE INDEX" in each, each
        assert "ix_services_listed_price" not in each, each


def test_the_newest_of_common_words_are_met_on_the_way(
    plans: Plans, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were so many services that a page's candidates are few among them.
    monkeypatch.setattr(search_cost, "CANDIDATES", 20)

    page = plans(q="частое", ordering="relevance")[-1]

    if engine.dialect.name == "postgresql":
        assert "Backward using pk_service_search" in page
    else:
        assert "VIRTUAL TABLE INDEX" in page


def test_what_finds_enough_is_not_looked_for_twice(
    app: Flask,
    engine: sa.Engine,
    specialist: Actor,
    anonymous: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_services(app, specialist, [{"name": "Массаж"}] * 3 + [{"name": "Фреска"}] * 2)
    monkeypatch.setattr(search_cost, "PLAN_SECONDS", 1_000_000)

    def statements(question: str) -> int:
        with searching(engine) as sent:
            listed(anonymous, CATALOGUE, q=question)
        return len(sent)

    assert statements("массаж") > 1
    assert statements("массаж") == 1
    assert statements("фреска") > 1
    assert statements("фреска") > 1
