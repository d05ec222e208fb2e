"""Backups in a bucket: kept, listed, proved, rotated and restored as in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from nginx_server import free_ports
from s3_server import BUCKET, KEY, SECRET, admin, s3_server
from system.backups import NOW, House, contents, furnish, last_words

from marketplace import create_app
from marketplace.settings_media import Bucket, MediaSettings


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def away(house: House, s3_address: str) -> Iterator[House]:
    """The house with its backups in an empty bucket."""
    for kept in admin(s3_address).list_objects(BUCKET):
        admin(s3_address).remove_object(BUCKET, str(kept.object_name))
    other = house.again(bucket=Bucket(s3_address, BUCKET, KEY, SECRET, secure=False))
    yield other
    other.close()


@pytest.mark.slow
def test_a_bucket_keeps_what_a_folder_would(away: House, s3_address: str) -> None:
    furnish(away)
    before = contents(away.app)
    admin(s3_address).put_object(BUCKET, "marketplace-notes.txt", BytesIO(), 0)
    first = away.backup()

    with time_machine.travel(NOW.replace(hour=9), tick=True):
        told = away.flask.do("backup", "run")
    [row] = away.flask.json("backup", "list")
    away.flask.do("backup", "restore", "--yes")

    assert "It is proved. Old ones removed: 1." in told
    assert row["name"] != first
    assert row["bytes"] > 10_000
    assert contents(away.app) == before
    assert list(away.backups.iterdir()) == []
    names = {each.object_name for each in admin(s3_address).list_objects(BUCKET)}
    assert names == {row["name"], "marketplace-notes.txt"}


@pytest.mark.slow
def test_a_spoilt_object_is_told(away: House, s3_address: str, tmp_path: Path) -> None:
    name = away.backup()
    spoilt = tmp_path / "spoilt"
    admin(s3_address).fget_object(BUCKET, name, str(spoilt))
    spoilt.write_bytes(spoilt.read_bytes()[:-5000])
    admin(s3_address).fput_object(BUCKET, name, str(spoilt))

    assert "damaged or cut off" in last_words(away.flask, "backup", "verify")


@pytest.mark.slow
def test_what_is_not_in_the_bucket_is_told(away: House) -> None:
    told = last_words(away.flask, "backup", "verify", "marketplace-20200101T000000Z.tar")

    assert told == f"Error: There is no backup marketplace-20200101T000000Z.tar in {BUCKET}."


def test_media_in_a_bucket_are_named_and_left_to_it(house: House) -> None:
    house.close()
    media = MediaSettings(bucket=Bucket("127.0.0.1:9", "photos", KEY, SECRET, secure=False))
    settings = house.database.settings(instance_path=house.folder, media=media)
    away = House(house.database, house.folder, create_app(settings))

    made = away.flask.do("backup", "create")
    restored = away.flask.do("backup", "restore", "--yes")

    assert "no media, which are in the bucket photos" in made
    assert "Media were in the bucket photos and are not restored." in restored
    away.close()


def test_a_bucket_that_does_not_answer_is_told_without_its_key(house: House) -> None:
    (port,) = free_ports(1)
    away = house.again(bucket=Bucket(f"127.0.0.1:{port}", BUCKET, KEY, SECRET, secure=False))

    told = last_words(away.flask, "backup", "create")

    assert told == f"Error: The bucket {BUCKET} does not serve: MaxRetryError."
    assert house.left_behind() == []
    away.close()
