"""The settings of backups: what is understood, what is refused, and that no secret is shown."""

from pathlib import Path

import pytest
from settings_support import assert_sentence, refusal, settings
from test_settings import HIDDEN, PRODUCTION

from marketplace.settings import PROJECT_ROOT
from marketplace.settings_media import Bucket

AGE = "age1" + "q" * 58
LONG = f"{HIDDEN}-of-more-than-32-bytes"
WRONG = [
    ("BACKUP_URL", "https://k:s@host/b-1", "an address of something else", "s3://KEY:SECRET@"),
    ("BACKUP_PASSPHRASE", HIDDEN, "a value of 16 bytes", "32 bytes or more"),
    ("BACKUP_GPG_RECIPIENT", "--output=/etc/passwd", "'--output=", "a key's fingerprint"),
    ("BACKUP_AGE_RECIPIENT", "AGE-SECRET-KEY-1", "'AGE-SECRET-KEY-1'", "a public key of age"),
    ("BACKUP_AGE_IDENTITY", "/nowhere/identity", "'/nowhere/identity'", "a file that exists"),
    ("BACKUP_FOLDER", "wsgi.py", "'wsgi.py'", "a folder outside that of media"),
    ("BACKUP_FOLDER", "~nobody-here/x", "'~nobody-here/x'", "only a folder"),
]


@pytest.mark.parametrize(("name", "value", "holds", "may_hold"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, holds: str, may_hold: str
) -> None:
    assert_sentence(refusal(tmp_path, **{name: value}), name, holds=holds, may_hold=may_hold)


@pytest.mark.parametrize("place", ["media", "media/backups", "media/../media"])
def test_backups_never_lie_where_everybody_may_read(tmp_path: Path, place: str) -> None:
    told = refusal(tmp_path, BACKUP_FOLDER=str(tmp_path / place))

    assert_sentence(told, "BACKUP_FOLDER", may_hold="outside that of media")


def test_nor_in_the_bucket_of_media(tmp_path: Path) -> None:
    media, same = "s3://reader:s@host:9000/photos", "s3://writer:t@host:9000/photos"

    told = refusal(tmp_path, MEDIA_URL=media, BACKUP_URL=same)

    assert_sentence(told, "BACKUP_URL", holds="the bucket of media", may_hold="of its own")
    assert settings(tmp_path, MEDIA_URL=media, BACKUP_URL=f"{same}-2").backup.bucket == Bucket(
        "host:9000", "photos-2", "writer", "t"
    )


def test_there_is_one_key(tmp_path: Path) -> None:
    told = refusal(tmp_path, BACKUP_PASSPHRASE=LONG, BACKUP_AGE_RECIPIENT=AGE)

    assert_sentence(told, "BACKUP_AGE_RECIPIENT", may_hold="nothing beside MARKETPLACE_BACKUP_PASS")
    assert HIDDEN not in told


def test_no_secret_is_shown(tmp_path: Path) -> None:
    made = settings(tmp_path, BACKUP_PASSPHRASE=LONG, BACKUP_URL=f"s3://k:{HIDDEN}@host/backups")

    assert made.backup.passphrase == LONG
    assert HIDDEN not in repr(made)
    assert HIDDEN not in refusal(tmp_path, BACKUP_PASSPHRASE=HIDDEN)


def test_a_passphrase_that_can_be_guessed_is_refused_outside_development(tmp_path: Path) -> None:
    told = refusal(tmp_path, **PRODUCTION, BACKUP_PASSPHRASE="password" * 5)

    assert_sentence(told, "BACKUP_PASSPHRASE", holds="can be guessed")


def test_by_default_they_are_plain_in_the_instance_folder(tmp_path: Path) -> None:
    made = settings(tmp_path)

    assert made.backup_folder == tmp_path / "backups"
    assert (made.backup.bucket, made.backup.passphrase, made.backup.age_identity) == (
        *(None, "", None),
    )


def test_a_folder_is_relative_to_the_project(tmp_path: Path) -> None:
    assert settings(tmp_path, BACKUP_FOLDER="var/b").backup_folder == PROJECT_ROOT / "var" / "b"
