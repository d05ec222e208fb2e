"""People who leave traces in every table, and how to find these again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from actors import PASSWORD, Actor
from auth.support import everything_stored, register
from bookings.support import NOW, book, except_on, hold, open_diary, slot
from flask import Flask

from marketplace.auth.models import Identity, OneTimeCode
from marketplace.core.database import session, transactional
from marketplace.notifications.models import Notification, PushDevice

ERASE = "/api/auth/me/erase/"
EXPORT = "/api/auth/me/export/"
CONSENTS = "/api/auth/me/consents/"
ADDRESSES = {"client": "203.0.113.71", "specialist": "203.0.113.72"}
PHONES = {"client": "+79161230071", "specialist": "+79161230072"}


def canaries(role: str) -> dict[str, str]:
    """What of a person must be nowhere after it is erased, by where it was left."""
    words = (
        *("username", "email", "full_name", "bio", "city", "link", "device", "avatar"),
        *("reason", "off", "description", "service", "push", "subject", "linked", "nonce", "body"),
    )
    return {
        **{word: f"canary-{role}-{word}" for word in words},
        "ip": ADDRESSES[role],
        "phone": PHONES[role],
        "note": f"canary-{role}-note",
    }


@dataclass(frozen=True)
class Traced:
    """Both people, and the ids of what they have with each other."""

    client: Actor
    specialist: Actor
    bookings: list[int]
    hold: int

    def of(self, role: str) -> Actor:
        actor: Actor = getattr(self, role)
        return actor

    def other(self, role: str) -> Actor:
        return self.specialist if role == "client" else self.client


def sign_up(anonymous: Actor, role: str) -> Actor:
    """Register over HTTP, from an address and a device that can be recognised."""
    mine = canaries(role)
    actor = Actor(
        anonymous.client.application.test_client(), headers={"User-Agent": mine["device"]}
    )
    answer = register(
        actor,
        {"REMOTE_ADDR": mine["ip"]},
        username=mine["username"],
        email=f"{mine['email']}@example.com",
        phone=mine["phone"],
        role=role,
        consents={"terms": True, "advertising": True},
    )
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    signed_in = Actor(
        actor.client, body["user"]["id"], 0, body["access"], body["refresh"], actor.headers
    )
    profile = {name: mine[name] for name in ("full_name", "bio", "city")}
    profile |= {"links": [f"https://{mine['link']}.example.com/"], "experience_years": 3}
    assert signed_in.patch("/api/auth/profile/me/", profile).status_code == 200
    return signed_in


def leave_traces(app: Flask, client: Actor, specialist: Actor) -> Traced:
    mine = canaries("specialist")
    open_diary(specialist)
    service = specialist.new_service(name=mine["service"], description=mine["description"])["id"]
    off = {"date_from": "2026-12-24", "date_to": "2026-12-24", "intervals": []}
    off["reason"] = mine["off"]
    assert specialist.post("/api/schedule/exceptions/", off).status_code == 201
    except_on(specialist, 20, ("10:00", "12:00"), ("13:00", "14:00"))
    note = canaries("client")["note"]
    made = [
        book(client, service, slot(f"{10 + number}:00"), note=f"{note} {number}")
        for number in range(3)
    ]
    keyed = client.post(
        "/api/bookings/",
        {"service": service, "starts_at": slot("15:00"), "note": note},
        headers={"Idempotency-Key": "a-key"},
    )
    assert keyed.status_code == 201
    for number, (role, caller) in enumerate((("client", client), ("specialist", specialist))):
        reason = {"reason": canaries(role)["reason"]}
        answer = caller.post(f"/api/bookings/{made[number]['id']}/cancel/", reason)
        assert answer.status_code == 200
    held = hold(client, service, slot("17:00"))["id"]
    with app.app_context():
        _leave_rows(client.user_id, "client")
        _leave_rows(specialist.user_id, "specialist")
    bookings = [*(each["id"] for each in made), keyed.get_json()["id"]]
    return Traced(client, specialist, bookings, held)


@transactional
def _leave_rows(user_id: int, role: str) -> None:
    mine = canaries(role)
    own: dict[str, Any] = {"user_id": user_id, "created_at": NOW}
    session().add_all(
        [
            Identity(
                **own,
                provider="google",
                subject=mine["subject"],
                email=mine["linked"],
                last_used_at=NOW - timedelta(days=1),
            ),
            OneTimeCode(
                **own,
                purpose="email",
                destination=f"{mine['email']}@example.com",
                nonce=mine["nonce"],
                expires_at=NOW + timedelta(minutes=10),
            ),
            PushDevice(**own, token=mine["push"], platform="ios", last_seen_at=NOW),
            Notification(
                **own,
                kind="account_erased",
                subject_type="user",
                subject_id=user_id,
                payload={"body": mine["body"]},
                due_at=NOW,
                dedup_key=f"test:{user_id}",
                channel="sms",
                destination=mine["phone"],
                last_error=mine["phone"],
            ),
        ]
    )
    session().execute(
        sa.text("UPDATE profiles SET avatar = :avatar WHERE user_id = :id"),
        {"avatar": mine["avatar"], "id": user_id},
    )


def traces(app: Flask, role: str) -> set[str]:
    """Where a person's canaries still are: their names."""
    text = everything_stored(app)
    return {name for name, canary in canaries(role).items() if canary in text}


def erase(actor: Actor, password: str = PASSWORD) -> None:
    answer = actor.post(ERASE, {"password": password})
    assert answer.status_code == 204, answer.text
    assert answer.data == b""
