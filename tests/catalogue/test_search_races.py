"""The index of search is right whoever changes its texts at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from actors import Actor
from flask import Flask
from services.support import CATALOGUE, add_category, listed

from marketplace.catalogue import search_integrity, search_upkeep
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.extensions import db
from marketplace.profile import operations as profiles
from marketplace.services import administration, operations

MINE = "/api/auth/profile/me/"
OWN = "/api/auth/services/"
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
_WAITING += " AND wait_event_type = 'Lock'"


@pytest.fixture(autouse=True)
def index_is_right_in_the_end(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        assert list(search_integrity.faults()) == []


def meanwhile(app: Flask, first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What `second` returns when it is called after all that `first` does in its transaction, and
    before that is committed.
    """
    returned: list[Any] = []
    thread = Thread(target=lambda: returned.append(second()))

    def waits() -> bool:
        if db.engine.dialect.name == "sqlite":  # for the one writer, or has read and is done
            thread.join(0.2)
            return True
        thread.join(0.01)
        with db.engine.connect() as connection:
            return bool(connection.scalar(sa.text(_WAITING)))

    @transactional
    def hold() -> None:
        first()
        session().flush()
        thread.start()
        while thread.is_alive() and not waits():
            pass

    with app.app_context():
        hold()
    thread.join()
    return returned[0]


def deletes(actor: Actor, service_id: int) -> Callable[[], None]:
    return lambda: operations.delete_service(
        actor.user_id, service_id, require_match=lambda _: None, now=utc_now()
    )


def renames(actor: Actor, service_id: int, name: str) -> Callable[[], None]:
    return lambda: operations.change_service(
        actor.user_id,
        service_id,
        {"name": name},
        require_match=lambda _: None,
        now=utc_now(),
    )


def is_renamed(actor: Actor, full_name: str) -> Callable[[], None]:
    return lambda: profiles.change_profile(
        actor.user_id,
        {"full_name": full_name},
        require_match=lambda _: None,
        now=utc_now(),
    )


def test_a_person_is_renamed_while_one_of_the_services_is_deleted(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    kept, gone = (specialist.new_service()["id"] for _ in range(2))

    answer = meanwhile(
        app, deletes(specialist, gone), lambda: specialist.patch(MINE, {"full_name": "Аполлинария"})
    )

    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in listed(anonymous, CATALOGUE, q="аполлинария")] == [kept]


def test_the_last_service_is_deleted_while_its_specialist_is_renamed(
    app: Flask, specialist: Actor
) -> None:
    path = f"{OWN}{specialist.new_service(name='Граттаж')['id']}/"

    answer = meanwhile(app, is_renamed(specialist, "Аполлинария"), lambda: specialist.delete(path))

    assert answer.status_code == 204, answer.text
    with app.app_context(), db.engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT DISTINCT word FROM search_grams")).all() == []


@pytest.mark.parametrize(
    "broken", ["UPDATE service_search SET name = ' чужое '", "DELETE FROM service_search"]
)
def test_reindex_goes_on_while_services_are_deleted(
    app: Flask, specialist: Actor, broken: str
) -> None:
    ids = [specialist.new_service()["id"] for _ in range(2)]
    with app.app_context():
        transactional(lambda: session().execute(sa.text(broken)))()

    def reindex() -> search_upkeep.Batch:
        with app.app_context():
            return search_upkeep.reindex_batch(0)

    assert meanwhile(app, deletes(specialist, ids[0]), reindex).last_id == ids[1]


@pytest.mark.parametrize("change", ["rename", "delete"])
def test_doctor_tells_nothing_of_what_changes_while_it_looks(
    app: Flask, specialist: Actor, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = f"{OWN}{specialist.new_service(name='Граттаж')['id']}/"
    look = search_integrity.truth_and_kept
    changes = {
        "rename": lambda: specialist.patch(path, {"name": "Витраж"}),
        "delete": lambda: specialist.delete(path),
    }
    answers = []

    def changed_meanwhile(*args: Any, **kwargs: Any) -> Any:
        seen = look(*args, **kwargs)
        if not answers:
            answers.append(changes[change]())
        return seen

    monkeypatch.setattr(search_integrity, "truth_and_kept", changed_meanwhile)

    with app.app_context():
        assert list(search_integrity.faults()) == []
    assert answers[0].status_code < 300, answers[0].text


def test_doctor_waits_for_who_is_being_renamed(app: Flask, specialist: Actor, rival: Actor) -> None:
    wrong = specialist.new_service()["id"]
    rival.new_service()
    with app.app_context():
        breaking = sa.text(f"DELETE FROM service_search WHERE service_id = {wrong}")
        transactional(lambda: session().execute(breaking))()

    def doctor() -> list[str]:
        with app.app_context():
            return list(search_integrity.faults())

    told = meanwhile(app, is_renamed(rival, "Аполлинария"), doctor)

    assert told == [f"service {wrong} is not in the search index as it is"]
    with app.app_context():
        search_upkeep.reindex_batch(0)


def test_a_word_is_forgotten_while_somebody_else_begins_to_use_it(
    app: Flask, specialist: Actor, rival: Actor, anonymous: Actor
) -> None:
    last = specialist.new_service(name="Граттаж")["id"]

    new = meanwhile(
        app, renames(specialist, last, "Витраж"), lambda: rival.new_service(name="Граттаж")
    )

    assert [row["id"] for row in listed(anonymous, CATALOGUE, q="гратаж")] == [new["id"]]


def test_somebody_begins_to_use_a_word_while_it_is_forgotten(
    app: Flask, specialist: Actor, rival: Actor, anonymous: Actor
) -> None:
    last = specialist.new_service(name="Граттаж")["id"]
    new = rival.new_service(name="Витраж")["id"]

    answer = meanwhile(
        app,
        renames(rival, new, "Граттаж"),
        lambda: specialist.patch(f"{OWN}{last}/", {"name": "Мозаика"}),
    )

    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in listed(anonymous, CATALOGUE, q="гратаж")] == [new]


def test_a_category_is_moved_while_one_of_its_services_is_described(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    add_category(app, "beauty", "Красота")
    add_category(app, "hair", "Волосы", "beauty")
    add_category(app, "pets", "Питомцы")
    service = specialist.new_service(category="hair")["id"]

    meanwhile(
        app,
        lambda: administration.move_category(
            "hair", parent_slug="pets", position=None, actor="tests", now=utc_now()
        ),
        lambda: specialist.patch(f"{OWN}{service}/", {"description": "Бережно"}),
    )

    for question in ("питомцы", "бережно"):
        assert [row["id"] for row in listed(anonymous, CATALOGUE, q=question)] == [service]
