"""A service's copy of its specialist's city: whoever writes, it is the profile's."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from actors import Actor, People
from catalogue.world import ME, World
from databases import TestDatabase, empty
from flask import Flask
from services.support import CATALOGUE, add_services, listed

from marketplace import create_app
from marketplace.core.database import read, release
from marketplace.extensions import db


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
