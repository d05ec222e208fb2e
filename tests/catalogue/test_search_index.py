"""The index of search says what the services say, whoever changed them and how."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from actors import Actor, People
from bookings.support import NOW, add_bookings
from command_line import CommandLine
from flask import Flask
from services.support import CATALOGUE, add_category, add_services, listed, suspend
from test_query_counts import FEW, MANY, grown

from marketplace.auth import privacy
from marketplace.catalogue import search_integrity, search_upkeep
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.extensions import db
from marketplace.services import administration

MINE = "/api/auth/profile/me/"
OWN = "/api/auth/services/"


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


@pytest.fixture(autouse=True)
def index_is_right_in_the_end(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        assert list(search_integrity.faults()) == []


@transactional
def execute(statement: str) -> None:
    session().execute(sa.text(statement))


def words_known(app: Flask) -> set[str]:
    with app.app_context(), db.engine.connect() as connection:
        return set(connection.scalars(sa.text("SELECT word FROM search_grams")))


def found(caller: Actor, question: str) -> list[int]:
    return [row["id"] for row in listed(caller, CATALOGUE, q=question, limit=100)]


def test_a_service_is_found_by_the_next_request(specialist: Actor, anonymous: Actor) -> None:
    service = specialist.new_service(name="Камуфляж седины", description="Бережно")
    path = f"{OWN}{service['id']}/"
    assert found(anonymous, "камуфляж") == found(anonymous, "бережно") == [service["id"]]

    specialist.patch(path, {"name": "Плетение дредов"})
    assert found(anonymous, "камуфляж") == []
    assert found(anonymous, "дреды") == found(anonymous, "дрэды") == [service["id"]]

    specialist.patch(path, {"description": "Акварель"})
    assert found(anonymous, "бережно") == []
    assert found(anonymous, "акварелью") == [service["id"]]

    specialist.delete(path)
    assert found(anonymous, "дреды") == []


def test_a_hidden_service_is_not_found_until_it_is_shown(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    service = specialist.new_service(name="Камуфляж", visible=False)
    assert found(anonymous, "камуфляж") == []

    specialist.patch(f"{OWN}{service['id']}/", {"visible": True})
    assert found(anonymous, "камуфляж") == [service["id"]]

    suspend(app, service["id"])
    assert found(anonymous, "камуфляж") == []
    suspend(app, service["id"], suspended=False)
    assert found(anonymous, "камуфляж") == [service["id"]]


def test_a_specialists_new_name_is_found_and_the_old_is_not(
    specialist: Actor, anonymous: Actor
) -> None:
    service = specialist.new_service()
    specialist.patch(MINE, {"full_name": "Анна Соколова"})
    assert found(anonymous, "соколова") == [service["id"]]

    specialist.patch(MINE, {"full_name": "Анна Воробьёва"})

    assert found(anonymous, "соколова") == found(anonymous, "сокалова") == []
    assert found(anonymous, "воробьева") == [service["id"]]


def test_a_categorys_new_name_and_place_are_found_through_its_services(
    app: Flask, specialist: Actor, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_upkeep, "BATCH", 2)
    add_category(app, "beauty", "Красота")
    add_category(app, "hair", "Волосы", "beauty")
    add_category(app, "pets", "Питомцы")
    ids = sorted((specialist.new_service(category="hair")["id"] for _ in range(5)), reverse=True)
    assert found(anonymous, "красота") == found(anonymous, "волосы") == ids

    with app.app_context():
        administration.rename_category("beauty", "Прелесть", actor="tests", now=utc_now())
        assert list(search_integrity.faults()) == []
    assert (found(anonymous, "красота"), found(anonymous, "прелесть")) == ([], ids)

    with app.app_context():
        administration.move_category(
            "hair", parent_slug="pets", position=None, actor="tests", now=utc_now()
        )
    assert (found(anonymous, "прелесть"), found(anonymous, "питомцы")) == ([], ids)


def test_nothing_of_an_erased_person_stays_in_the_index(
    app: Flask, people: People, specialist: Actor
) -> None:
    specialist.patch(MINE, {"full_name": "Аполлинария Редкая"})
    specialist.new_service(name="Граттаж")
    with app.app_context():
        journal = app.config["MARKETPLACE"].erasure_journal
        privacy.erase_by_admin(specialist.user_id, actor="tests", journal=journal, now=utc_now())
        kept = {
            table: str(session().execute(sa.text(f"SELECT * FROM {table}")).all()).casefold()
            for table in ("service_search", "search_grams")
        }

    for text in kept.values():
        assert "аполлинар" not in text
        assert "граттаж" not in text


def test_doctor_names_what_the_index_says_wrong_and_reindex_puts_it_right(
    app: Flask, specialist: Actor, anonymous: Actor, flask: CommandLine
) -> None:
    ids = [specialist.new_service(name=name)["id"] for name in ("Фреска", "Сграффито", "Витраж")]
    with app.app_context():
        execute(f"UPDATE service_search SET name = ' чужое ' WHERE service_id = {ids[0]}")
        execute(f"DELETE FROM service_search WHERE service_id = {ids[1]}")
        execute("DELETE FROM search_grams WHERE word = 'витраж'")
    assert found(anonymous, "сграффито") == found(anonymous, "витрж") == []

    told = flask.run("doctor").stderr
    assert f"service {ids[0]} is not in the search index as it is" in told
    assert f"service {ids[1]} is not in the search index as it is" in told
    assert "the word 'витраж'" in told

    answer = flask.do("catalogue", "reindex")
    assert "Services looked at: 3, indexed anew: 2." in answer
    assert "Services looked at: 3, indexed anew: 0." in flask.do("catalogue", "reindex")
    assert found(anonymous, "сграффито") == [ids[1]]
    assert found(anonymous, "витрж") == [ids[2]]


def test_the_words_of_a_deleted_service_are_forgotten_with_it(
    app: Flask, specialist: Actor, rival: Actor
) -> None:
    specialist.patch(MINE, {"full_name": "Аполлинария Редкая"})
    kept = rival.new_service(name="Витраж")
    service = specialist.new_service(name="Граттаж, витраж")

    specialist.delete(f"{OWN}{service['id']}/")
    assert words_known(app) == {"витраж"}

    rival.delete(f"{OWN}{kept['id']}/")
    assert words_known(app) == set()


def test_an_archived_service_keeps_its_words(app: Flask, people: People) -> None:
    specialist = people.specialist()
    service = specialist.new_service(name="Граттаж")
    add_bookings(people.client(), specialist, service["id"], [{"starts_at": NOW}])

    assert specialist.delete(f"{OWN}{service['id']}/").status_code == 204

    assert words_known(app) == {"граттаж"}


def test_words_that_no_service_has_are_forgotten_by_reindex(
    app: Flask, specialist: Actor, flask: CommandLine
) -> None:
    specialist.new_service(name="Граттаж")
    with app.app_context():
        execute("DELETE FROM services")
    flask.do("catalogue", "reindex")

    assert words_known(app) == set()


def test_a_search_costs_the_same_queries_however_many_it_finds(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    assert FEW < MANY
    questions = ("массаж", "масаж спины", "спина м", "vfccf;")
    paths = [f"{CATALOGUE}?q={question}&limit=100" for question in questions]
    paths += [f"{CATALOGUE}?q=массаж&ordering=price", f"{CATALOGUE}suggest/?q=мас"]

    grown(
        app,
        anonymous,
        paths,
        lambda count: add_services(app, specialist, [{"name": "Массаж спины"}] * count),
    )
