"""The settings of monitoring: what is understood, what is refused, and that no secret is shown."""

from pathlib import Path

import pytest
from settings_support import assert_sentence, refusal, settings
from test_settings import HIDDEN, PRODUCTION

TOKEN = "b41a35c0f27e4d0c9a5be1d7a2c9ee01"
DSN = "https://KEY@HOST/PROJECT"

WRONG = [
    ("METRICS", "public", "'public'", "off, local, token"),
    ("METRICS", "token", "", ""),
    ("METRICS_TOKEN", "short", "a value of 5 bytes", "32 bytes or more"),
    ("OUTBOX_LATE_SECONDS", "0", "'0'", "from 1"),
    ("DISK_LOW_MB", "-1", "'-1'", "from 0"),
    ("DISK_FULL_MB", "501", "'501'", "MARKETPLACE_DISK_LOW_MB"),
    ("SENTRY_DSN", "sentry", "cannot be read", DSN),
    ("SENTRY_DSN", "ftp://key@host/1", "of something else", DSN),
    ("SENTRY_DSN", "https://host/1", "of something else", DSN),
    ("SENTRY_DSN", "https://key:secret@host/1", "of something else", DSN),
    ("SENTRY_DSN", "https://key@host/1?x=y", "of something else", DSN),
    ("SENTRY_DSN", "https://key@host/", "without the number of a project", DSN),
    ("SENTRY_DSN", "https://key@host/project", "without the number of a project", DSN),
    ("SENTRY_DSN", "https://key@host:x/1", "cannot be read", DSN),
]


@pytest.mark.parametrize(("name", "value", "holds", "may_hold"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, holds: str, may_hold: str
) -> None:
    told = refusal(tmp_path, **{name: value})

    refused = "METRICS_TOKEN" if value == "token" else name
    assert_sentence(told, refused, holds=holds, may_hold=may_hold)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_TOKEN", HIDDEN),
        ("SENTRY_DSN", f"ftp://{HIDDEN}@host/1"),
        ("SENTRY_DSN", f"https://{HIDDEN}@host/x"),
    ],
)
def test_a_refused_secret_is_not_shown(tmp_path: Path, name: str, value: str) -> None:
    assert HIDDEN not in refusal(tmp_path, **{name: value})


def test_what_is_right_is_understood(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        METRICS="token",
        METRICS_TOKEN=TOKEN,
        SENTRY_DSN="http://key@127.0.0.1:9000/prefix/42",
        DISK_LOW_MB="0",
        DISK_FULL_MB="0",
    )

    assert read.monitoring.metrics == "token"
    assert read.monitoring.sentry_dsn == "http://key@127.0.0.1:9000/prefix/42"
    assert TOKEN not in repr(read)
    assert "key@" not in repr(read)


def test_outside_development_a_sentry_is_spoken_to_in_secret(tmp_path: Path) -> None:
    told = refusal(tmp_path, **PRODUCTION, SENTRY_DSN="http://key@sentry.example.org/1")

    assert_sentence(told, "SENTRY_DSN", holds="something else", may_hold="https outside")
    assert settings(tmp_path, **PRODUCTION, SENTRY_DSN="https://key@sentry.example.org/1")
