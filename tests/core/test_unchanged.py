"""What is shown again because nothing has changed is never stale."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from actors import Actor
from databases import TestDatabase
from flask import Flask
from live_server import live_server
from services.support import CATALOGUE, OWN, add_services
from test_query_counts import statements

from marketplace.core import unchanged
from marketplace.core.clock import utc_now
from marketplace.core.conditional import Shown
from marketplace.core.database import database, read
from marketplace.core.unchanged import Unchanged
from marketplace.extensions import db
from marketplace.services.name_search import PLAN_SECONDS

ROUNDS = 120
READERS = 3
PATIENCE_SECONDS = 20


def asked(app: Flask, caller: Actor, path: str, expected: int = 0, **headers: str) -> int:
    """How often the database was asked for rows at the least, up to `expected`. PostgreSQL takes
    what is written to other databases of the server, by other tests, for a change too.
    """
    least = 1_000
    deadline = time.monotonic() + PATIENCE_SECONDS
    while least > expected and time.monotonic() < deadline:
        with statements(app) as sent:
            assert caller.get(path, headers=headers).status_code in (200, 304)
        least = min(least, len([each for each in sent if "pg_current_snapshot" not in each]))
    return least


def test_the_same_again_reads_no_rows_until_something_is_written(
    app: Flask, specialist: Actor, anonymous: Actor, client: Actor
) -> None:
    service = specialist.new_service()["id"]
    directory = "/api/specialists/"
    paths = [CATALOGUE, f"{CATALOGUE}?q=массаж", f"{CATALOGUE}facets/", directory]
    paths += [f"{CATALOGUE}suggest/?q=мас", f"{directory}{specialist.user_id}/"]
    for path in paths:
        first = anonymous.get(path)
        assert asked(app, anonymous, path) == 0, path
        again = anonymous.get(path)
        assert again.data == first.data
        assert dict(again.headers) | {"X-Request-ID": ""} == dict(first.headers) | {
            "X-Request-ID": ""
        }
        tag = first.headers["ETag"]
        assert asked(app, anonymous, path, **{"If-None-Match": tag}) == 0
        assert asked(app, client, path, 1) == 1  # who is it
        assert client.get(path).headers["Cache-Control"].startswith("private")
    specialist.patch(f"{OWN}{service}/", {"price": "1234.00"})
    for path in paths:
        with statements(app) as sent:
            anonymous.get(path)
        assert [each for each in sent if "pg_current_snapshot" not in each], path


def test_a_search_is_kept_no_longer_than_what_its_plan_rests_on(
    app: Flask, specialist: Actor, anonymous: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_services(app, specialist, [{"name": "Массаж"}] * 5)
    searches = [f"{CATALOGUE}{path}?q=массаж" for path in ("", "facets/")]
    # These rest on nothing that is remembered.
    others = [f"{CATALOGUE}suggest/?q=мас", CATALOGUE, f"{CATALOGUE}facets/"]

    def it_is_later_by(seconds: int) -> None:
        monkeypatch.setattr(unchanged, "utc_now", lambda: utc_now() + timedelta(seconds=seconds))

    it_is_later_by(1)
    assert [asked(app, anonymous, path) for path in [*searches, *others]] == [0] * 5

    it_is_later_by(PLAN_SECONDS + 1)
    assert [asked(app, anonymous, path) for path in others] == [0] * 3
    for path in searches:
        with statements(app) as sent:
            anonymous.get(path)
        assert [each for each in sent if "pg_current_snapshot" not in each], path


def test_other_queries_are_other_answers(app: Flask, specialist: Actor, anonymous: Actor) -> None:
    add_services(app, specialist, [{}] * 5)
    for limit in (1, 2, 3, 1, 2, 3):
        assert len(anonymous.get(f"{CATALOGUE}?limit={limit}").get_json()) == limit
    hours = [{"weekday": 1, "start": "10:00", "end": "19:00"}]
    specialist.put("/api/schedule/hours/", {"hours": hours})
    page = f"/api/specialists/{specialist.user_id}/"
    for language in ("ru", "en", "ru"):
        answer = anonymous.get(page, headers={"Accept-Language": language})
        weekday = {"ru": "пн", "en": "Mon"}[language]
        assert answer.get_json()["hours_text"] == [f"{weekday} 10:00–19:00"]


def test_memory_is_bounded_and_forgets_what_was_used_longest_ago() -> None:
    memory = Unchanged()
    body = "я" * 150_000
    for number in range(40):
        memory.keep(number, "state", Shown(body, "tag", good_through=9), 1)
        memory.find(0, "state", 1)
    kept = [number for number in range(40) if memory.find(number, "state", 1)]
    memory.keep("long", "state", Shown("x" * 300_000, "tag", good_through=9), 1)

    assert kept == [0, *range(15, 40)]
    assert memory.find("long", "state", 1) is None
    assert memory.find(39, "another", 1) is None
    assert memory.find(39, "state", 9) is not None
    assert memory.find(39, "state", 10) is None


@pytest.mark.parametrize(
    ("question", "link", "most"), [("", "", 4_000), ("q" * 4_000, "", 800), ("", "x" * 4_000, 800)]
)
def test_what_shows_nothing_takes_room_too(question: str, link: str, most: int) -> None:
    memory = Unchanged()
    shown = Shown("[]", "tag", headers=(("Link", link),), good_through=9)
    for number in range(5_000):
        memory.keep((number, question), "state", shown, 1)

    kept = [each for each in range(5_000) if memory.find((each, question), "state", 1)]

    assert most / 2 < len(kept) <= most
    assert kept[-1] == 4_999


def test_a_clock_that_is_put_back_makes_answers_anew() -> None:
    memory = Unchanged()
    memory.keep("list", "state", Shown("[]", "tag", good_through=9), 5)

    assert memory.find("list", "state", 5) is not None
    assert memory.find("list", "state", 4) is None


def test_another_server_is_never_taken_for_the_one_before(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL counts its transactions: one restored or promoted may count to the same number."""
    memory: Unchanged = app.extensions["marketplace_unchanged"]
    monkeypatch.setattr(unchanged, "_SNAPSHOT", SimpleNamespace(rows=lambda _: [("7:7:",)]))

    with app.app_context():
        before = memory.state()
        assert memory.state() == before
        database.close_reader()
        db.engine.dispose()

        assert memory.state() != before


def test_a_standby_is_asked_for_its_rows_each_time(app: Flask, migrated: TestDatabase) -> None:
    """Its snapshot does not name what is going on, so it may stay the same over a commit."""
    if migrated.name != "postgresql":
        pytest.skip("SQLite has no standby")
    memory: Unchanged = app.extensions["marketplace_unchanged"]
    says_so = "FUNCTION standby.pg_is_in_recovery() RETURNS boolean LANGUAGE sql RETURN true"
    with app.app_context():
        connection = read()
        connection.exec_driver_sql("CREATE SCHEMA standby")
        try:
            connection.exec_driver_sql(f"CREATE {says_so}")
            connection.exec_driver_sql("SET search_path = standby, pg_catalog, public")

            # Other tests write to the same server, but not that much.
            assert len({memory.state() for _ in range(50)}) == 50
        finally:
            connection.exec_driver_sql("DROP SCHEMA standby CASCADE")
            connection.exec_driver_sql("RESET search_path")


@pytest.fixture
def servers(migrated: TestDatabase) -> Iterator[list[str]]:
    """Two of them on one database."""
    with ExitStack() as stack:
        yield [stack.enter_context(live_server(migrated, name)) for name in ("first", "second")]


class Caller:
    """A kept connection."""

    def __init__(self, address: str, token: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, headers)
        response = self._connection.getresponse()
        told = response.read()
        assert response.status == 200, told
        return json.loads(told)


def test_two_processes_never_show_what_is_over(specialist: Actor, servers: list[str]) -> None:
    service = specialist.new_service(price="1.00")["id"]
    written, stop, stale = [1], threading.Event(), []

    def read(address: str) -> None:
        with closing(Caller(address)) as caller:
            while not stop.is_set():
                least = written[0]
                seen = float(caller.call("GET", CATALOGUE)[0]["price"])
                if seen < least:
                    stale.append((seen, least))

    threads = [threading.Thread(target=read, args=(address,)) for address in servers * READERS]
    for each in threads:
        each.start()
    try:
        with ExitStack() as stack:
            writers, readers = (
                [stack.enter_context(closing(Caller(each, token))) for each in servers]
                for token in (specialist.access, "")
            )
            for number in range(2, ROUNDS):
                price = f"{number}.00"
                writers[number % 2].call("PATCH", f"{OWN}{service}/", {"price": price})
                written[0] = number
                for reader in readers:
                    assert reader.call("GET", CATALOGUE)[0]["price"] == price
    finally:
        stop.set()
        for each in threads:
            each.join()

    assert stale == []
