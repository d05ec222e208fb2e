"""What may be done to a specialist's time, and whether the rows of free time follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa
import time_machine
from actors import Actor
from bookings.support import EXCEPTIONS, HOURS, SETTINGS, act, book, go_to, move
from flask import Flask

from marketplace.bookings import free_time_integrity, free_time_jobs, lifecycle
from marketplace.core.clock import utc_now
from marketplace.core.database import read
from marketplace.core.hot import moment_from_key, moment_key
from marketplace.schedule import free_time
from marketplace.schedule.free_windows import maybe_free
from marketplace.schedule.next_slots import NextSlot, Pair, next_slots
from marketplace.services.models import Service

ZONES = ("Europe/Moscow", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia", "Europe/Berlin")


def listed(caller: Actor, service: int, first: str, last: str, zone: str | None) -> list[str]:
    query = {"from": first, "to": last} | ({"tz": zone} if zone else {})
    answer = caller.get(f"/api/services/{service}/slots/", query_string=query)
    assert answer.status_code == 200, answer.text
    return [start for each in answer.get_json()["days"] for start in each["slots"]]


def free(app: Flask, window: free_time.Window) -> set[int]:
    """The services that the condition lets through, all of whom those found by time must hold."""
    condition = window.condition(Service.specialist_id, Service.duration_minutes)
    with app.app_context():
        query = sa.select(Service.id, Service.specialist_id).where(condition)
        found = read().execute(query, dict(window.parameters)).all()
        among = maybe_free(window)
        assert among is None or {row.specialist_id for row in found} <= set(among)
        return {row.id for row in found}


def faults(app: Flask) -> list[str]:
    with app.app_context():
        return list(free_time_integrity.faults(utc_now()))


def assert_exact(app: Flask, caller: Actor, services: dict[int, int], random: Random) -> None:
    now = utc_now()
    with app.app_context():
        rows = read().execute(sa.select(Service.id, Service.specialist_id)).all()
        specialists = {row.id: row.specialist_id for row in rows}
        pairs = [(specialists[number], length) for length, number in services.items()]
        upcoming = next_slots(pairs, now)
        assert_good_through(upcoming, now, random)
    ahead = random.choice((0, 1, 2, 3, 7, 20))
    day = now.date() + timedelta(days=ahead)
    low = random.choice((0, 0, 9 * 60, 13 * 60 + 7))
    high = random.choice((1_440, low + 30, low + 240))
    zone = random.choice((None, None, *ZONES))
    found = free(app, free_time.window(day, low, high, zone, now))
    for length, number in services.items():
        starts = listed(caller, number, day.isoformat(), day.isoformat(), zone)
        wanted = [
            start for start in starts if low <= int(start[11:13]) * 60 + int(start[14:16]) < high
        ]
        assert (number in found) == bool(wanted), (day, low, high, zone, length, wanted)
        month = (now - timedelta(days=1)).date()
        soon = listed(
            caller, number, month.isoformat(), (month + timedelta(days=30)).isoformat(), None
        )
        told = upcoming[specialists[number], length].start
        if soon:
            assert told == soon[0]
        else:
            assert told is None or told[:10] > (month + timedelta(days=30)).isoformat()
    assert faults(app) == []


def assert_good_through(told: Mapping[Pair, NextSlot], now: datetime, random: Random) -> None:
    """As long as nothing is written, a next slot stays what it was for as long as it says."""
    began = moment_key(now)
    for pair, slot in told.items():
        assert slot.good_through >= began
        last = min(slot.good_through, began + 90 * 86_400_000_000)
        for moment in (last, random.randint(began, last)):
            again = next_slots([pair], moment_from_key(moment))[pair]
            assert again.start == slot.start, (pair, slot, moment)


class Deeds:
    """What may be done to a specialist's time; refusals are as good as successes."""

    def __init__(
        self,
        app: Flask,
        people: tuple[Actor, Actor],
        services: dict[int, int],
        random: Random,
        clock: time_machine.Coordinates,
    ) -> None:
        self.app, self.services, self.random, self.clock = app, services, random, clock
        self.client, self.specialist = people
        self.bookings: list[int] = []
        self.holds: list[int] = []
        self.exceptions: list[int] = []

    def any_slot(self) -> tuple[int, str] | None:
        service = self.random.choice(list(self.services.values()))
        first = utc_now().date() + timedelta(days=self.random.choice((0, 0, 1, 2, 3)))
        last = first + timedelta(days=1)
        starts = listed(self.client, service, first.isoformat(), last.isoformat(), None)
        return (service, self.random.choice(starts)) if starts else None

    def book(self) -> None:
        if found := self.any_slot():
            self.bookings.append(book(self.client, *found)["id"])

    def hold(self) -> None:
        if found := self.any_slot():
            body = {"service": found[0], "starts_at": found[1]}
            answer = self.client.post("/api/holds/", body)
            if answer.status_code == 201:
                self.holds.append(answer.get_json()["id"])

    def book_hold(self) -> None:
        if self.holds:
            answer = self.client.post("/api/bookings/", {"hold": self.holds.pop()})
            if answer.status_code == 201:
                self.bookings.append(answer.get_json()["id"])

    def release(self) -> None:
        if self.holds:
            self.client.delete(f"/api/holds/{self.holds.pop()}/")

    def act(self) -> None:
        if self.bookings:
            who = self.random.choice((self.client, self.specialist, self.specialist))
            name = self.random.choice(("confirm", "decline", "cancel", "complete", "no-show"))
            act(who, self.random.choice(self.bookings), name)

    def move(self) -> None:
        found = self.any_slot()
        if self.bookings and found:
            who = self.random.choice((self.client, self.specialist))
            move(who, self.random.choice(self.bookings), found[1])

    def hours(self) -> None:
        edges = sorted(self.random.sample(range(0, 1_441, 15), 4))
        week: list[dict[str, Any]] = []
        for number in range(1, 8):
            kind = self.random.randrange(4)
            spans = [(0, 1_440)] if kind == 0 else [] if kind == 1 else [edges[:2], edges[1:3]]
            week += [
                {"weekday": number, "start": hhmm(start), "end": hhmm(end)} for start, end in spans
            ]
        assert self.specialist.put(HOURS, {"hours": week}).status_code == 200

    def exception(self) -> None:
        first = utc_now().date() + timedelta(days=self.random.randrange(5))
        body = {
            "date_from": first.isoformat(),
            "date_to": (first + timedelta(days=self.random.randrange(3))).isoformat(),
            "intervals": self.random.choice(([], [{"start": "00:00", "end": "24:00"}])),
        }
        answer = self.specialist.post(EXCEPTIONS, body)
        if answer.status_code == 201:
            self.exceptions.append(answer.get_json()["id"])

    def no_exception(self) -> None:
        if self.exceptions:
            answer = self.specialist.delete(f"{EXCEPTIONS}{self.exceptions.pop()}/")
            assert answer.status_code == 200

    def settings(self) -> None:
        name, values = self.random.choice(
            (
                ("slot_step_minutes", (5, 7, 45, 60, 240)),
                ("min_notice_minutes", (0, 90, 1_440)),
                ("horizon_days", (1, 3, 30)),
                ("buffer_before_minutes", (0, 20)),
                ("buffer_after_minutes", (0, 35)),
                ("auto_confirm", (True, False)),
                ("timezone", ZONES),
            )
        )
        path = SETTINGS + ("?dry_run=true" if self.random.randrange(4) == 0 else "")
        answer = self.specialist.patch(path, {name: self.random.choice(values)})
        assert answer.status_code == 200, answer.text

    def profile(self) -> None:
        changes = {"timezone": self.random.choice(ZONES)}
        answer = self.specialist.patch("/api/auth/profile/me/", changes)
        assert answer.status_code == 200

    def wait(self) -> None:
        minutes = self.random.choice((1, 9, 10, 47, 300, 1_500))
        micro = timedelta(microseconds=self.random.choice((0, 1, 500_000)))
        then = utc_now() + timedelta(minutes=minutes) + micro
        go_to(self.clock, then, self.client, self.specialist)

    def settle(self) -> None:
        with self.app.app_context():
            lifecycle.expire(utc_now())

    def roll(self) -> None:
        with self.app.app_context():
            free_time_jobs.roll(utc_now())


DEEDS = (
    *("book",) * 6,
    *("hold",) * 4,
    *("act",) * 4,
    *("move",) * 3,
    *("wait",) * 4,
    *("book_hold", "book_hold", "release", "release", "hours", "exception", "exception"),
    *("no_exception", "settings", "settings", "settings", "profile", "settle", "roll"),
)


def hhmm(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
