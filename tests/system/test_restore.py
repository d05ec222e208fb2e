"""`flask backup restore` on both databases: all of it or nothing, and back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from actors import People
from bookings.racing import new_offer
from command_line import refusal
from system.backups import (
    NOW,
    House,
    contents,
    furnish,
    last_words,
    manifest_of,
    photo_again,
)

from marketplace.system.backup.commands import workshop
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.restoring import restore

pytestmark = pytest.mark.slow


def test_what_was_backed_up_comes_back(house: House) -> None:
    world = furnish(house)
    before = contents(house.app)
    photo = house.folder / "media" / world.photo
    picture = photo.read_bytes()
    name = house.backup()

    furnish_more(house)
    photo_again(world.offer.specialist)
    assert not photo.exists()
    assert contents(house.app) != before
    told = house.flask.do("backup", "restore", name, "--yes")

    assert contents(house.app) == before
    assert photo.read_bytes() == picture
    assert f"{name} is restored" in told
    assert "2 missing media files" in told
    assert "Next: flask doctor, then start the server" in told
    assert house.flask.do("doctor") == "No faults found.\n"
    assert house.left_behind() == []


def furnish_more(house: House) -> None:
    people = People(house.app)
    new_offer(people, "another")
    people.client("stranger")


def test_the_service_goes_on_with_what_came_back(house: House) -> None:
    world = furnish(house)
    name = house.backup()
    house.flask.do("backup", "restore", name, "--yes")

    again = world.client.post("/api/bookings/", world.offer.wanted(minutes=120))
    taken = world.client.post("/api/bookings/", world.offer.wanted(minutes=150))

    assert again.status_code == 201, again.text
    assert taken.get_json()["code"] == "slot_taken"
    assert house.flask.acts("--action", "backup.restore") == [("backup.restore", {"name": name})]


def test_the_former_database_is_kept(house: House) -> None:
    name = house.backup()
    furnish(house)
    furnished = contents(house.app)

    told = house.flask.do("backup", "restore", name, "--yes")

    assert contents(house.app)["users"] == []
    kept = told.partition("kept as ")[2].partition(";")[0]
    assert house.contents_of(kept) == furnished


def test_a_database_with_data_is_not_overwritten_unasked(house: House) -> None:
    furnish(house)
    house.backup()
    before = contents(house.app)

    told = refusal(house.flask.run("backup", "restore"))

    assert "holds data" in told
    assert "--yes" in told
    assert contents(house.app) == before


def test_a_database_in_use_is_left_alone(house: House) -> None:
    furnish(house)
    house.backup()
    before = contents(house.app)

    with house.in_use():
        told = last_words(house.flask, "backup", "restore", "--yes")

    assert "in use" in told
    assert "stop the server" in told
    assert contents(house.app) == before
    assert house.left_behind() == []


def test_who_connects_meanwhile_keeps_the_database(house: House) -> None:
    furnish(house)
    name = house.backup()
    before = contents(house.app)
    with ExitStack() as connected:

        @contextmanager
        def bar(label: str) -> Iterator[Callable[[int, int], None]]:
            yield lambda _done, _total: None
            if label == "Restoring media":
                connected.enter_context(house.in_use())

        with house.app.app_context(), pytest.raises(BackupError, match="in use"):
            restore(
                *(replace(workshop(), bar=bar), name, NOW),
                overwrite=True,
                accept=lambda _faults: False,
                actor="cli:test",
            )

    assert contents(house.app) == before
    assert house.left_behind() == []


def test_an_empty_database_is_filled(house: House) -> None:
    world = furnish(house)
    before = contents(house.app)
    house.backup()
    house.remove_database()

    house.flask.do("backup", "restore")

    assert contents(house.app) == before
    assert world.client.get("/api/bookings/").status_code == 200


def test_what_was_left_behind_by_who_was_killed_goes_after_a_day(house: House) -> None:
    house.backup()
    old, young = house.leave_behind(days=2), house.leave_behind(days=0)

    house.flask.do("backup", "restore", "--yes")

    left = house.left_behind()
    assert not [each for each in left if each in old]
    assert sorted(left) == sorted(young)
    house.clear_away(young)


def test_whoever_was_erased_since_stays_erased(house: House) -> None:
    world = furnish(house)
    name = house.backup()
    house.flask.do("users", "delete", "master", "--yes")

    told = house.flask.do("backup", "restore", name, "--yes")

    assert "1 people erased again" in told
    assert house.flask.do("doctor") == "No faults found.\n"
    assert "master" not in str(contents(house.app)["users"])
    assert not (house.folder / "media" / world.photo).exists()


def test_a_backup_from_before_a_migration_is_brought_up_to_date(house: House) -> None:
    house.flask.do("db", "downgrade", "--yes")
    name = house.backup()
    house.flask.do("db", "upgrade")
    before = json.loads(manifest_of(house.backups / name))["revision"]

    house.flask.do("backup", "verify")
    house.flask.do("backup", "restore", "--yes")

    assert before != house.revision()
    assert house.flask.do("doctor") == "No faults found.\n"
