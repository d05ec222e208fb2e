"""A service's copy of its specialist's city: whoever writes, it is the profile's."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from actors import Actor, People
from catalogue.world import ME, World
from databases import TestDatabase, empty
from flask import Flask
from services.support import CATALOGUE, OWN, add_services, listed
from werkzeug.test import TestResponse

from marketplace import create_app
from marketplace.core.database import read, release
from marketplace.extensions import db

WAITING = (
    "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)


def differing(app: Flask) -> int:
    with app.app_context():
        count = read().scalar(
            sa.text(
                "SELECT count(*) FROM services JOIN profiles ON user_id = specialist_id"
                " WHERE services.city_folded <> profiles.city_folded"
            )
        )
        release()
        return count or 0


def test_services_move_with_their_specialist(app: Flask, people: People, anonymous: Actor) -> None:
    world = World(app, people)
    mover, other = world.settle("mover", city="Тверь"), world.settle("other", city="Тверь")
    for actor in (mover, mover, other):
        world.offer(actor, name="Стрижка", kopecks=100, duration_minutes=30)

    before = [row["id"] for row in listed(anonymous, CATALOGUE, city="тверь")]
    mover.patch(ME, {"city": "Пермь"})
    world.offer(mover, name="Маникюр", kopecks=100, duration_minutes=30)

    assert before == [3, 2, 1]
    assert [row["id"] for row in listed(anonymous, CATALOGUE, city="ПЕРМЬ")] == [4, 2, 1]
    assert [row["id"] for row in listed(anonymous, CATALOGUE, city="тверь")] == [3]
    assert differing(app) == 0


def test_a_city_taken_back_finds_nothing(app: Flask, people: People, anonymous: Actor) -> None:
    world = World(app, people)
    actor = world.settle("mover", city="Тверь")
    world.offer(actor, name="Стрижка", kopecks=100, duration_minutes=30)

    actor.patch(ME, {"city": ""})

    assert listed(anonymous, CATALOGUE, city="тверь") == []
    assert differing(app) == 0


def test_a_move_and_a_new_service_at_once_agree(postgresql: TestDatabase) -> None:
    """On PostgreSQL: on SQLite there is one writer."""
    app = create_app(postgresql.settings())
    empty(app)
    owner = World(app, People(app)).settle("mover", city="Тверь")
    move = "UPDATE profiles SET city_folded = 'пермь' WHERE user_id = :owner"
    adding = threading.Thread(target=add_services, args=(app, owner, [{}]))
    with app.app_context():
        try:
            with db.engine.begin() as mover:
                mover.execute(sa.text(move), {"owner": owner.user_id})
                adding.start()
                adding.join(0.5)
                waited = adding.is_alive()
        finally:
            adding.join(10)
            cities = list(read().scalars(sa.text("SELECT city_folded FROM services")))
            release()
            db.engine.dispose()

    assert waited
    assert cities == ["пермь"]


@pytest.mark.parametrize("held", ["users", "profiles"])
def test_a_service_is_renamed_after_who_moves_or_is_erased(
    postgresql: TestDatabase, held: str
) -> None:
    """On PostgreSQL: on SQLite there is one writer. A move has locked the profile, an erasure the
    account, before they come to the services: who has locked one by then waits in a ring.
    """
    app = create_app(postgresql.settings())
    empty(app)
    owner = World(app, People(app)).settle("mover", city="Тверь")
    service = owner.new_service()["id"]
    answers: list[TestResponse] = []
    renaming = threading.Thread(
        target=lambda: answers.append(owner.patch(f"{OWN}{service}/", {"name": "Стрижка"}))
    )
    rows = {
        "users": ("id", owner.user_id),
        "profiles": ("user_id", owner.user_id),
        "services": ("id", service),
    }

    def lock(table: str, how: str) -> None:
        column, key = rows[table]
        query = f"SELECT 1 FROM {table} WHERE {column} = {key} FOR NO KEY UPDATE {how}"
        assert mover.exec_driver_sql(query).all()

    with app.app_context():
        try:
            with db.engine.begin() as mover:
                lock(held, "")
                renaming.start()
                while renaming.is_alive() and not mover.execute(sa.text(WAITING)).all():
                    renaming.join(0.01)
                waited = renaming.is_alive()
                for table in list(rows)[list(rows).index(held) + 1 :]:
                    lock(table, "NOWAIT")
        finally:
            renaming.join(10)
            db.engine.dispose()

    assert waited
    assert [answer.status_code for answer in answers] == [200]
