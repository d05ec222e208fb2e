"""Demo data as rows: the same plan gives the same rows, however they are grouped. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from marketplace.core import text
from marketplace.system.demo import phrases, points, wording
from marketplace.system.demo.accounts import DEMO_CLIENT, DEMO_SPECIALIST
from marketplace.system.demo.branches import BRANCHES
from marketplace.system.demo.cast import Person, Plan, draws, members
from marketplace.system.demo.shapes import Offer

Row = dict[str, Any]

SESSION_LIFETIME = timedelta(days=90)
IDENTITIES = 1
SESSIONS = sum(len(devices) for devices in phrases.DEVICES.values())
_EMAIL_HOSTS = ("example.com", "example.org")
_IN_SECOND_TRADE = 0.3
_EMAIL_VERIFIED, _PHONE_VERIFIED, _LINKED = 0.92, 0.6, 0.3
_EDITED, _HIDDEN, _ROUNDED_DOWN = 0.35, 0.05, 0.15
_OLDEST_CAREER = 30
_TRIES = 20


def categories() -> Iterator[Row]:
    """The tree, parents first; `parent` is the parent's slug or None."""
    for position, branch in enumerate(BRANCHES, 1):
        yield _category(branch.slug, branch.name, None, position)
    for branch in BRANCHES:
        for position, trade in enumerate(branch.trades, 1):
            yield _category(trade.slug, trade.name, branch.slug, position)


def _category(slug: str, name: str, parent: str | None, position: int) -> Row:
    folded = text.caseless(name)
    return {
        "slug": slug,
        "name": name,
        "name_folded": folded,
        "parent": parent,
        "position": position,
    }


def users(plan: Plan, password_hash: str) -> Iterator[Row]:
    """Rows of `users`: the demo specialist, the demo client, other specialists, other clients."""
    for person in members(plan):
        random = draws(plan, "user", person.offset)
        known = person.offset < 2  # noqa: PLR2004 - the two demo log-ins
        host = _EMAIL_HOSTS[0] if known else random.choice(_EMAIL_HOSTS)
        email = f"{person.username}@{host}"
        confirmed_at = person.joined_at + timedelta(minutes=random.randint(1, 600))
        email_verified = random.random() < _EMAIL_VERIFIED or known
        phone_verified = random.random() < _PHONE_VERIFIED and not known
        yield {
            "id": plan.first_user + person.offset,
            "username": person.username,
            "username_folded": text.fold(person.username),
            "email": email,
            "email_folded": text.fold(email),
            "email_verified_at": confirmed_at if email_verified else None,
            "phone": f"+79{person.offset + 1:09d}",
            "phone_verified_at": confirmed_at if phone_verified else None,
            "password_hash": password_hash,
            "role": "client" if person.index is None else "specialist",
            "language": "ru",
            "is_demo": True,
            "created_at": person.joined_at,
            "updated_at": confirmed_at if email_verified or phone_verified else person.joined_at,
            "version": 1,
        }


def profiles(plan: Plan) -> Iterator[Row]:
    """Rows of `profiles`, in the order of `users`."""
    for person in members(plan):
        yield {
            "user_id": plan.first_user + person.offset,
            "full_name": person.full_name,
            "full_name_folded": text.sort_form(person.full_name),
            **_about(person, draws(plan, "profile", person.offset)),
            "city": person.city.name,
            "city_folded": text.caseless(person.city.name),
            "timezone": person.city.timezone,
            **points.place(
                draws(plan, "place", person.offset),
                person.city.name,
                is_first=person.index == 0,
                is_specialist=person.index is not None,
            ),
            "created_at": person.joined_at,
            "updated_at": person.joined_at,
            "version": 1,
        }


def _about(person: Person, random: Random) -> Row:
    if person.index is None:
        bio = wording.client_bio(random, person.city, woman=person.woman)
        return {"bio": bio, "experience_years": 0, "links": []}
    if person.index == 0:
        bio = "Массажист с медицинским образованием. Принимаю в центре."
        return {"bio": bio, "experience_years": 8, "links": ["https://example.com/anna"]}
    years = int((_OLDEST_CAREER + 1) * random.random() ** 1.6)
    page = f"https://portfolio.example.org/{person.username.replace('_', '-')}"
    return {
        "bio": wording.specialist_bio(
            random, person.trades[0], person.city, years, woman=person.woman
        ),
        "experience_years": years,
        "links": [page] if random.random() < _LINKED else [],
    }


def services(plan: Plan, category_ids: Mapping[str, int]) -> Iterator[Row]:
    """Rows of `services`, specialist by specialist. `category_ids` maps slugs."""
    for person in members(plan):
        if person.index is None:
            continue
        random = draws(plan, "services", person.offset)
        first_id = plan.first_service + person.index * plan.services_each
        taken: set[str] = set()
        for number in range(plan.services_each):
            if first_id + number == plan.first_service:
                drawn = _first_service()
            else:
                drawn = _service(random, person, taken)
            taken.add(drawn["name"])
            slug = drawn.pop("category")
            moments = _moments(random, person.joined_at, plan.now)
            yield {
                "id": first_id + number,
                "specialist_id": plan.first_user + person.offset,
                "category_id": category_ids[slug],
                **drawn,
                "name_folded": text.caseless(drawn["name"]),
                "owner_blocked": False,
                **moments,
                "version": 1,
            }


def _first_service() -> Row:
    return {
        "category": "massage-classic",
        "name": "Классический массаж спины",
        "description": "Снимает напряжение в спине и шее.",
        "price": Decimal("2500.00"),
        "duration_minutes": 60,
        "visible": True,
    }


def _service(random: Random, person: Person, taken: set[str]) -> Row:
    for _ in range(_TRIES):  # a specialist's own names differ, as long as words last
        trade = person.trades[random.random() < _IN_SECOND_TRADE]
        offer = wording.offer(random, trade)
        name = wording.service_name(random, person.branch, trade, person.city, offer)
        if name not in taken:
            break
    minutes = random.choice(offer.minutes)
    return {
        "category": trade.slug,
        "name": name,
        "description": wording.description(random, person.branch, trade, person.city),
        "price": _price(random, offer, minutes),
        "duration_minutes": minutes,
        "visible": random.random() >= _HIDDEN,
    }


def _price(random: Random, offer: Offer, minutes: int) -> Decimal:
    """Whole roubles as people set them: rounded, at times to just below a round number."""
    roubles = random.uniform(*offer.price) * minutes / offer.minutes[0]
    step = 50 if roubles < 1000 else 100 if roubles < 5000 else 500  # noqa: PLR2004
    rounded = round(roubles / step) * step
    return Decimal(rounded - 10 if rounded and random.random() < _ROUNDED_DOWN else rounded)


def _moments(random: Random, earliest: datetime, now: datetime) -> Row:
    age = 1 + int(((now - earliest).total_seconds() - 1) * random.random())
    edited = int(age * random.random()) if random.random() < _EDITED else 0
    created_at = now - timedelta(seconds=age)
    return {"created_at": created_at, "updated_at": created_at + timedelta(seconds=edited)}


def sessions(plan: Plan) -> Iterator[Row]:
    """Rows of `sessions`: two live devices of each demo log-in, the specialist's first."""
    number = 0
    for offset, username in enumerate((DEMO_SPECIALIST, DEMO_CLIENT)):
        random = draws(plan, "sessions", offset)
        for device, user_agent in phrases.DEVICES[username]:
            seen_at = plan.now - timedelta(minutes=random.randint(5, 2000))
            yield {
                "id": plan.first_session + number,
                "user_id": plan.first_user + offset,
                "device": device,
                "user_agent": user_agent,
                "ip": f"203.0.113.{random.randint(1, 254)}",
                "created_at": seen_at - timedelta(days=random.randint(1, 20)),
                "last_seen_at": seen_at,
                "refresh_jti": str(uuid.UUID(int=random.getrandbits(128), version=4)),
                "refresh_issued_at": seen_at,
                "refresh_key_id": "demo",
                "expires_at": plan.now + SESSION_LIFETIME,
            }
            number += 1


def identities(plan: Plan) -> Iterator[Row]:
    """Rows of `identities`: one of the demo client, as nobody's that VK knows by a number."""
    random = draws(plan, "identities", 1)
    linked_at = plan.now - timedelta(days=random.randint(1, 20))
    yield {
        "user_id": plan.first_user + 1,
        "provider": "vk",
        "subject": "demo_client",
        "email": f"{DEMO_CLIENT}@example.com",
        "created_at": linked_at,
        "last_used_at": linked_at,
    }


def push_device(plan: Plan) -> Row:
    """The demo client's phone, whose token no push service knows."""
    return {
        "id": plan.first_device,
        "user_id": plan.first_user + 1,
        "token": f"demo-device-{plan.seed}",
        "platform": "android",
        "created_at": plan.now - timedelta(days=3),
        "last_seen_at": plan.now - timedelta(hours=2),
    }
