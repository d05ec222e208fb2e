"""A small world for the catalogue: specialists in cities and places, services in categories."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import sqlalchemy as sa
from actors import Actor, People
from flask import Flask
from services.support import NOON, add_category, add_services

from marketplace.core.database import session, transactional
from marketplace.services.models import Category

ME = "/api/auth/profile/me/"
MOSCOW = (55.7558, 37.6176)
CITIES = ("Москва", "Тверь", "москва", "")
TREE = {"beauty": None, "hair": "beauty", "nails": "beauty", "repair": None}


@dataclass
class World:
    """The services as they were made, by the ids they have on every database."""

    app: Flask
    people: People
    specialists: list[Actor] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)

    def settle(self, username: str, **profile: Any) -> Actor:
        """A specialist with this profile."""
        actor = self.people.specialist(username)
        if profile:
            answer = actor.patch(ME, profile)
            assert answer.status_code == 200, answer.text
        self.specialists.append(actor)
        return actor

    def crowd(self, count: int, *, north: float = 0.0, apart: float = 0.0, each: int = 1) -> None:
        """So many specialists with `each` services, so many degrees apart to the north."""
        for number in range(count):
            actor = self.settle(f"man{number}", place=place(north=north + number * apart))
            add_services(self.app, actor, [{"created_at": NOON}] * each)

    def offer(self, actor: Actor, **service: Any) -> None:
        """A service; `category` is a slug, the price is in kopecks."""
        slug = service.pop("category", None)
        row = {**service, "category_id": self.category_ids().get(slug)}
        add_services(self.app, actor, [row])
        self.services.append({**service, "category": slug, "specialist": actor.user_id})

    def category_ids(self) -> dict[str, int]:
        with self.app.app_context():
            return category_ids()


@transactional
def category_ids() -> dict[str, int]:
    return dict(session().execute(sa.select(Category.slug, Category.id)).all())


def place(north: float = 0.0, east: float = 0.0, address: str = "") -> dict[str, Any]:
    """A place so many degrees from the middle of Moscow."""
    return {"latitude": MOSCOW[0] + north, "longitude": MOSCOW[1] + east, "address": address}


def populated(app: Flask, people: People, *, seed: int = 1, services: int = 60) -> World:
    """Specialists and services with many ties, the same for a seed."""
    world = World(app, people)
    for slug, parent in TREE.items():
        add_category(app, slug, slug.title(), parent)
    chance = Random(seed)  # noqa: S311 - a seeded sample
    for number in range(8):
        profile: dict[str, Any] = {
            "full_name": f"Мастер {number % 5}",
            "city": CITIES[number % len(CITIES)],
            "experience_years": number,
        }
        if number % 3:
            profile["place"] = place(chance.randrange(5) * 0.02, chance.randrange(5) * 0.02)
        world.settle(f"master{number}", **profile)
    for number in range(services):
        world.offer(
            chance.choice(world.specialists),
            category=chance.choice([None, *TREE]),
            kopecks=chance.choice([10_000, 20_000, 30_000]),
            duration_minutes=chance.choice([30, 60, 90]),
            created_at=NOON + timedelta(seconds=number // 3),
        )
    return world
