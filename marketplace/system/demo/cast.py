"""The cast of a demo database: who there is, before any row is made of them. Pure.

Each person draws from generators of their own, so nobody changes when there are more people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from marketplace.system.demo import people
from marketplace.system.demo.accounts import DEMO_CLIENT, DEMO_SPECIALIST
from marketplace.system.demo.branches import BRANCHES
from marketplace.system.demo.massage import MASSAGE
from marketplace.system.demo.places import CITIES
from marketplace.system.demo.shapes import Branch, City, Trade, Weighted

HISTORY = timedelta(days=400)
_TRADES = [(branch, trade) for branch in BRANCHES for trade in branch.trades]
_ANY_TRADE = Weighted(_TRADES, [trade.popularity for _, trade in _TRADES])
_ANY_CITY = Weighted(CITIES, [city.population for city in CITIES])
_SECOND_TRADE = 0.4
_WOMEN_CLIENTS = 0.5
_NEWEST_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: how many of each, from which seed, as of when, and the first free ids.

    Raises `ValueError` when a number is not positive.
    """

    specialists: int
    services_each: int
    clients: int
    seed: int
    now: datetime
    first_user: int = 1
    first_service: int = 1
    first_session: int = 1
    first_exception: int = 1
    first_booking: int = 1
    first_hold: int = 1
    first_device: int = 1

    def __post_init__(self) -> None:
        if min(self.specialists, self.services_each, self.clients) < 1:
            raise ValueError("there is at least one specialist, one service each and one client")

    @property
    def people(self) -> int:
        return self.specialists + self.clients

    @property
    def services(self) -> int:
        return self.specialists * self.services_each


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody made up. `offset` counts from the first demo account, `index` among specialists;
    a client's index is None and the branch and trades mean nothing.
    """

    offset: int
    index: int | None
    username: str
    full_name: str
    woman: bool
    city: City
    branch: Branch
    trades: tuple[Trade, Trade]
    joined_at: datetime


def members(plan: Plan) -> Iterator[Person]:
    """The demo specialist, the demo client, the other specialists, the other clients."""
    for offset in range(plan.people):
        random = draws(plan, "person", offset)
        if offset == 0:
            yield _demo_specialist(plan)
        elif offset == 1:
            yield _person(plan, random, offset, None)
        else:
            yield _person(plan, random, offset, offset - 1 if offset <= plan.specialists else None)


def _demo_specialist(plan: Plan) -> Person:
    return Person(
        offset=0,
        index=0,
        username=DEMO_SPECIALIST,
        full_name="Анна Соколова",
        woman=True,
        city=CITIES[0],
        branch=MASSAGE,
        trades=(MASSAGE.trades[0], MASSAGE.trades[1]),
        joined_at=plan.now - HISTORY,
    )


def _person(plan: Plan, random: Random, offset: int, index: int | None) -> Person:
    branch, trade = _ANY_TRADE.pick(random)
    city = _ANY_CITY.pick(random)
    # The first specialists see to it that no city and no category is empty.
    if index is not None:
        branch, trade = _TRADES[index - 1] if index <= len(_TRADES) else (branch, trade)
        city = CITIES[index - 1] if index <= len(CITIES) else city
    woman = random.random() < (_WOMEN_CLIENTS if index is None else branch.women)
    full_name, stem = people.full_name(random, woman=woman)
    second = random.choice(branch.trades) if random.random() < _SECOND_TRADE else trade
    age = timedelta(seconds=random.randint(_NEWEST_SECONDS, int(HISTORY.total_seconds())))
    return Person(
        offset=offset,
        index=index,
        username=DEMO_CLIENT if offset == 1 else f"{stem}_{offset + 1}",
        full_name=full_name,
        woman=woman,
        city=city,
        branch=branch,
        trades=(trade, second),
        joined_at=plan.now - (HISTORY if offset == 1 else age),
    )


def draws(plan: Plan, what: str, offset: int) -> Random:
    """What chance decides about one side (`what`) of the person at `offset`."""
    return Random(f"{plan.seed}/{what}/{offset}")  # noqa: S311 - made-up people, not secrets
