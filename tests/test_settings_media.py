"""The settings of media: what is understood, what is refused, and that no secret is shown."""

from pathlib import Path

import pytest
from settings_support import assert_sentence, refusal, settings
from test_settings import HIDDEN, PRODUCTION

from marketplace import create_app
from marketplace.settings import SettingsError
from marketplace.settings_media import Bucket, Scanner

WRONG = [
    ("MEDIA_URL", "media", "an address that cannot be read", "s3://KEY:SECRET@HOST:PORT/BUCKET"),
    ("MEDIA_URL", "https://k:s@host/b-1", "an address of something else", "s3://KEY:SECRET@"),
    ("MEDIA_URL", "s3://host:9000/b-1", "without a key and its secret", "s3://KEY:SECRET@"),
    ("MEDIA_URL", "s3://k@host:9000/b-1", "without a key and its secret", "s3://KEY:SECRET@"),
    ("MEDIA_URL", "s3://k:s@host:9000", "without the name of one bucket", "s3://KEY:SECRET@"),
    ("MEDIA_URL", "s3://k:s@host:9000/b-1/c", "without the name of one bucket", "s3://KEY:"),
    ("MEDIA_URL", "s3://k:s@host:90000/b-1", "that cannot be read", "s3://KEY:SECRET@"),
    ("MEDIA_URL", "s3://k:s@ho~st/b-1", "that cannot be read", "s3://KEY:SECRET@"),
    ("MEDIA_URL", "s3://k:s@host/b-1?secure=no", "with other options", "?secure=off"),
    ("MEDIA_URL", "s3://k:s@host/b-1?sekure=on", "with other options", "?secure=off"),
    ("MEDIA_PUBLIC_URL", "media.example.org", "that cannot be read", "https://media.example"),
    ("MEDIA_PUBLIC_URL", "ftp://example.org", "'ftp://example.org'", "https://media.example"),
    ("MEDIA_PUBLIC_URL", "https://example.org/?a", "'https://example.org/?a'", "https://media"),
    ("MEDIA_PUBLIC_URL", "https://e.org/" + "x" * 180, "'https://e.org/x", "180 characters"),
    ("CLAMAV_URL", "localhost:3310", "an address", "tcp://HOST:PORT or unix:///PATH"),
    ("CLAMAV_URL", "tcp://localhost", "an address of something else", "tcp://HOST:PORT"),
    ("CLAMAV_URL", "tcp://localhost:3310/x", "an address of something else", "tcp://HOST:PORT"),
    ("CLAMAV_URL", "unix:///", "that cannot be read", "unix:///PATH"),
]


@pytest.mark.parametrize(("name", "value", "holds", "may_hold"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, holds: str, may_hold: str
) -> None:
    told = refusal(tmp_path, **{name: value})

    assert_sentence(told, name, holds=holds, may_hold=may_hold)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIA_URL", f"s3://key:{HIDDEN}@host:9000/"),
        ("MEDIA_URL", f"s3://key:{HIDDEN}@host:port/bucket"),
        ("MEDIA_URL", f"s3://key:{HIDDEN}@host/bucket?a=b"),
        ("MEDIA_PUBLIC_URL", f"https://root:{HIDDEN}@media.example.org"),
        ("CLAMAV_URL", f"tcp://root:{HIDDEN}@localhost:3310"),
    ],
)
def test_a_refused_secret_is_not_shown(tmp_path: Path, name: str, value: str) -> None:
    assert HIDDEN not in refusal(tmp_path, **{name: value})


def test_an_accepted_secret_is_not_shown_either(tmp_path: Path) -> None:
    made = settings(tmp_path, MEDIA_URL=f"s3://key-canary:{HIDDEN}@host:9000/bucket")

    assert HIDDEN not in repr(made)
    assert "key-canary" not in repr(made)


def test_by_default_files_are_in_the_instance_folder_and_nothing_is_scanned(tmp_path: Path) -> None:
    media = settings(tmp_path).media

    assert (media.bucket, media.public_url, media.scanner) == (None, "", None)


def test_an_address_says_everything_of_a_bucket(tmp_path: Path) -> None:
    def bucket(address: str) -> Bucket | None:
        return settings(tmp_path, MEDIA_URL=address).media.bucket

    assert bucket("s3://key:se%2Fcret@s3.example.org/photos") == Bucket(
        "s3.example.org", "photos", "key", "se/cret"
    )
    assert bucket("s3://key:s@[::1]:9000/photos/?secure=off&region=ru-central1") == Bucket(
        "[::1]:9000", "photos", "key", "s", secure=False, region="ru-central1"
    )


def test_a_scanner_is_at_a_port_or_a_path(tmp_path: Path) -> None:
    def scanner(address: str) -> Scanner | None:
        return settings(tmp_path, CLAMAV_URL=address).media.scanner

    assert scanner("tcp://[::1]:3310") == Scanner("::1", 3310)
    assert scanner("unix:///run/clamav/clamd.ctl") == Scanner(path="/run/clamav/clamd.ctl")


def test_outside_development_files_are_fetched_over_https(tmp_path: Path) -> None:
    told = refusal(tmp_path, **PRODUCTION, MEDIA_PUBLIC_URL="http://media.example.org")

    assert "https outside development" in told
    assert settings(tmp_path, **PRODUCTION, MEDIA_PUBLIC_URL="https://m.example.org/a/").media


def test_an_address_too_long_to_be_kept_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MARKETPLACE_PUBLIC_URL holds an address of 193"):
        create_app(settings(tmp_path, PUBLIC_URL="https://e.org/" + "x" * 179))
