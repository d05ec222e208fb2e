"""Encrypted backups: what they are opened with, and that no key stands where others can read it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from bookings.racing import own_database
from databases import TestDatabase
from system.backups import NOW, House, contents, furnish, last_words, new_house

pytestmark = pytest.mark.slow

PASSPHRASE = "correct-horse-battery-staple-and-7-more"
OWNER = "owner@example.org"


@pytest.fixture(scope="module")
def file_database(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Iterator[TestDatabase]:
    with own_database("sqlite", tmp_path_factory.mktemp("keys"), worker) as database:
        yield database


@pytest.fixture
def house(file_database: TestDatabase, tmp_path: Path) -> Iterator[House]:
    with new_house(file_database, tmp_path, passphrase=PASSPHRASE) as made:
        furnish(made)
        yield made


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """GPG's home with a key pair of `OWNER`; short, as its agent's socket must be."""
    need("gpg")
    home = Path("/tmp") / f"keys-{os.getpid()}"  # noqa: S108
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    make = ["gpg", "--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase="]
    subprocess.run([*make, "--quick-generate-key", OWNER], check=True, capture_output=True)
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)  # its agent takes its sockets along


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def run_at_nine(house: House) -> str:
    with time_machine.travel(NOW.replace(hour=9), tick=True):
        return house.flask.do("backup", "run")


def test_a_passphrase_opens_what_it_closed(house: House) -> None:
    need("gpg")
    before = contents(house.app)
    name = house.backup()

    assert name.endswith(".tar.gpg")
    assert b"klient" not in (house.backups / name).read_bytes()
    assert "is sound" in house.flask.do("backup", "verify")
    house.flask.do("backup", "restore", "--yes")
    assert contents(house.app) == before
    assert house.left_behind() == []


def test_another_passphrase_opens_nothing(house: House) -> None:
    need("gpg")
    house.backup()
    stranger = house.again(passphrase=PASSPHRASE.upper())

    told = last_words(stranger.flask, "backup", "verify")

    assert told.startswith("Error: gpg failed: ")
    assert "decryption failed" in told
    assert PASSPHRASE not in told
    assert house.left_behind() == []
    stranger.close()


@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
def test_a_bit_turned_or_an_end_cut_off_is_told(house: House, place: float) -> None:
    need("gpg")
    path = house.backups / house.backup()
    whole = path.read_bytes()
    at = int(len(whole) * place)

    for spoilt in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at]):
        path.write_bytes(spoilt)

        assert last_words(house.flask, "backup", "verify").startswith("Error: ")


def test_the_passphrase_is_in_no_argument(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("gpg")
    said, real = tmp_path / "said", shutil.which("gpg")
    script = f'#!/bin/sh\nprintf "%s\\n" "$@" >>{said}\nexec {real} "$@"\n'
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "gpg").write_text(script, encoding="utf-8")
    (programs / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    house.backup()
    house.flask.do("backup", "verify")

    arguments = said.read_text(encoding="utf-8")
    assert {"--symmetric", "--decrypt"} <= set(arguments.split())
    assert PASSPHRASE not in arguments


def test_a_public_key_of_gpg_closes_and_its_owner_opens(house: House, keyring: Path) -> None:
    before = contents(house.app)
    owner = house.again(gpg_recipient=OWNER)

    assert "It is proved" in run_at_nine(owner)
    owner.flask.do("backup", "restore", "--yes")

    assert [each.name for each in owner.backups.iterdir()] == [
        "marketplace-20261125T090000Z.tar.gpg"
    ]
    assert contents(owner.app) == before
    owner.close()


def test_who_has_only_the_public_key_proves_before_closing(house: House, keyring: Path) -> None:
    server = house.again(gpg_recipient=OWNER)
    public = subprocess.run(["gpg", "--export", OWNER], check=True, capture_output=True).stdout
    subprocess.run(["gpgconf", "--kill", "all"], check=True)
    for each in keyring.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    subprocess.run(["gpg", "--import"], input=public, check=True, capture_output=True)

    told = run_at_nine(server)

    assert "It is proved" in told
    assert "No secret key" in last_words(server.flask, "backup", "verify")
    house.execute("DELETE FROM booking_events")
    assert "booking 1 has no history" in server.flask.run("backup", "run").stderr
    server.close()


def test_age_closes_by_a_public_key_and_opens_by_the_private_one(
    house: House, tmp_path: Path
) -> None:
    need("age-keygen")
    identity = tmp_path / "identity"
    made = subprocess.run(
        ["age-keygen", "-o", identity], check=True, capture_output=True, text=True
    )
    recipient = made.stderr.split()[-1]
    server = house.again(age_recipient=recipient)
    owner = house.again(age_recipient=recipient, age_identity=identity)

    assert "It is proved" in run_at_nine(server)
    assert "set MARKETPLACE_BACKUP_AGE_IDENTITY" in last_words(server.flask, "backup", "verify")
    assert "is sound" in owner.flask.do("backup", "verify")
    server.close()
    owner.close()


@pytest.mark.parametrize(
    ("program", "backup"),
    [
        ("gpg", {"passphrase": PASSPHRASE}),
        ("age", {"age_recipient": "age1" + "q" * 58}),
    ],
)
def test_a_program_that_is_missing_is_named(
    house: House, monkeypatch: pytest.MonkeyPatch, program: str, backup: dict[str, str]
) -> None:
    monkeypatch.setenv("PATH", "")
    other = house.again(**backup)

    told = last_words(other.flask, "backup", "create")

    assert f"{program} is not on the PATH of this machine" in told
    assert "apt install" in told
    assert house.left_behind() == []
    other.close()
