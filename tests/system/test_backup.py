"""`flask backup` on both databases, with the real tools: what is made is proved and comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
import time_machine
from actors import People
from bookings.racing import new_offer
from system.backups import (
    NOW,
    House,
    contents,
    furnish,
    last_words,
    logged,
    manifest_of,
    photo_again,
    rewritten,
    wait_for,
)

from marketplace.system.backup.commands import workshop
from marketplace.system.backup.operations import create

NAMED = "marketplace-20261125T030100Z.tar"


def test_a_backup_proves_itself(house: House) -> None:
    furnish(house)
    name = house.backup()
    rows = sum(map(len, contents(house.app).values())) + 1  # with the migration

    told = house.flask.do("backup", "verify")

    assert told == f"{name} is sound: {rows:,} rows as counted.\n"
    assert house.left_behind() == []


@pytest.mark.parametrize("spoilt", ["cut off", "bit turned"])
def test_a_spoilt_archive_is_told(house: House, spoilt: str) -> None:
    furnish(house)
    path = house.backups / house.backup()
    data = bytearray(path.read_bytes())
    if spoilt == "cut off":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2] ^= 4
    path.write_bytes(data)
    before = contents(house.app)

    for command in (("verify",), ("restore", "--yes")):
        told = last_words(house.flask, "backup", *command)

        assert told == "Error: The archive is damaged or cut off: its seal does not fit."
    assert contents(house.app) == before
    assert house.left_behind() == []


def test_rows_that_are_missing_are_told(house: House) -> None:
    furnish(house)
    path = house.backups / house.backup()
    rows = json.loads(manifest_of(path))["rows"]
    rewritten(path, rows=rows | {"users": rows["users"] + 1})

    for command in (("verify",), ("restore", "--yes", "--with-faults")):
        told = last_words(house.flask, "backup", *command)

        assert told == "Error: Rows are missing or too many: users 2 of 3."


def test_a_backup_of_an_unknown_migration_is_refused(house: House) -> None:
    path = house.backups / house.backup()
    rewritten(path, revision="9999")

    told = last_words(house.flask, "backup", "verify")

    assert "migration 9999, which this code does not know" in told


def test_what_the_doctor_finds_is_told_and_keeps_old_backups(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    furnish(house)
    old = house.backup()
    house.execute("DELETE FROM booking_events")
    before = contents(house.app)

    with time_machine.travel(NOW.replace(hour=9), tick=True), logged(caplog):
        run = house.flask.run("backup", "run")
    refused = house.flask.run("backup", "restore", "--yes")

    for result in (run, refused):
        assert result.exit_code == 1
        assert "booking 1 has no history" in result.stderr
        assert "The doctor finds 1 fault in marketplace-20261125T0900" in result.stderr
    assert [line.levelname for line in caplog.records] == ["ERROR"]
    assert (house.backups / old).exists()
    assert contents(house.app) == before
    house.flask.do("backup", "restore", "--yes", "--with-faults")
    assert contents(house.app) == before


def test_the_timer_proves_and_rotates(house: House) -> None:
    furnish(house)
    first = house.backup()
    (house.backups / "notes.txt").write_text("mine", encoding="utf-8")

    with time_machine.travel(NOW.replace(hour=9), tick=True):
        told = house.flask.do("backup", "run")

    assert told.splitlines()[-1] == "It is proved. Old ones removed: 1."
    assert not (house.backups / first).exists()
    assert (house.backups / "notes.txt").exists()
    assert len(house.flask.json("backup", "list")) == 1


def test_the_timer_shouts(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.backups.write_text("a file where the folder should be", encoding="utf-8")

    with logged(caplog):
        result = house.flask.run("backup", "run")

    assert result.exit_code == 1
    assert "cannot be used" in result.stderr.splitlines()[-1]
    [line] = caplog.records
    assert line.levelname == "ERROR"
    assert line.getMessage().startswith("the backup failed: ")
    assert house.left_behind() == []


def test_backups_are_listed_newest_first(house: House) -> None:
    names = [house.backup() for _ in range(2)]

    rows = house.flask.json("backup", "list")

    assert [row["name"] for row in rows] == names[::-1]
    assert rows[1] == {
        "name": NAMED,
        "created_at": "2026-11-25T03:01:00Z",
        "bytes": (house.backups / NAMED).stat().st_size,
        "encrypted": False,
    }
    assert house.flask.do("backup", "list").splitlines()[0].split() == [
        *("NAME", "CREATED", "AT", "BYTES", "ENCRYPTED")
    ]


def test_only_the_owner_reads_backups(house: House) -> None:
    path = house.backups / house.backup()

    assert [oct(each.stat().st_mode)[-3:] for each in (path, house.backups)] == ["600", "700"]


def test_a_second_backup_of_the_same_second_replaces_none(house: House) -> None:
    with time_machine.travel(NOW, tick=False):
        house.flask.do("backup", "create")
        told = last_words(house.flask, "backup", "create")

    assert "already" in told
    assert house.left_behind() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("latest", "There is no backup yet."),
        (NAMED, f"There is no backup {NAMED} in"),
        ("../secret", "../secret is not the name of a backup"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "restore"])
def test_a_backup_that_is_not_there_is_told(
    house: House, command: str, name: str, told: str
) -> None:
    assert told in last_words(house.flask, "backup", command, name)


def test_what_is_written_while_it_is_copied_is_not_in_it(house: House) -> None:
    world = furnish(house)
    before = contents(house.app)

    def book() -> None:
        answer = world.client.post("/api/bookings/", world.offer.wanted(minutes=120))
        assert answer.status_code == 201, answer.text

    @contextmanager
    def bar(label: str) -> Iterator[Callable[[int, int], None]]:
        # By then the snapshot is taken.
        if label == "Copying the database":
            with ThreadPoolExecutor(1) as others:
                others.submit(book).result()
        yield lambda _done, _total: None

    with house.app.app_context():
        name = create(replace(workshop(), bar=bar), NOW).name

    assert contents(house.app) != before
    assert "is sound" in house.flask.do("backup", "verify")
    house.flask.do("backup", "restore", name, "--yes")
    assert contents(house.app) == before


def test_a_photo_that_comes_while_media_are_copied_is_in_it(house: House) -> None:
    world = furnish(house)
    newer: list[str] = []

    @contextmanager
    def bar(label: str) -> Iterator[Callable[[int, int], None]]:
        yield lambda _done, _total: None
        if label == "Copying media":
            with ThreadPoolExecutor(1) as others:
                newer.append(others.submit(photo_again, world.offer.specialist).result())

    with house.app.app_context():
        name = create(replace(workshop(), bar=bar), NOW).name
    photo = house.folder / "media" / newer[0]
    photo.unlink()
    house.flask.do("backup", "restore", name, "--yes")

    assert newer[0] in str(contents(house.app)["profiles"])
    assert photo.exists()


def test_backups_made_while_others_write_are_sound(house: House) -> None:
    offers = [new_offer(People(house.app), f"master{number}") for number in range(2)]
    clients = [People(house.app).client(f"klient{number}") for number in range(2)]
    stop, written = threading.Event(), [0, 0]

    def write(which: int) -> None:
        while not stop.is_set():
            wanted = offers[which].wanted(minutes=60 * written[which])
            answer = clients[which].post("/api/bookings/", wanted)
            assert answer.status_code == 201, answer.text
            number = answer.get_json()["id"]
            assert clients[which].post(f"/api/bookings/{number}/cancel/", {}).status_code == 200
            written[which] += 1

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, which) for which in range(2)]
        try:
            wait_for(lambda: min(written) > 2)
            names = [house.backup() for _ in range(3)]
        finally:
            stop.set()
    for each in writers:
        each.result()

    for name in names:
        assert "is sound" in house.flask.do("backup", "verify", name)
