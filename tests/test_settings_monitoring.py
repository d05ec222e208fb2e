"""The settings of monitoring: what is understood, what is refused, and that no secret is shown."""

from pathlib import Path

import pytest
from settings_support import assert_sentence, refusal, settings
from test_settings import HIDDEN

TOKEN = "b41a35c0f27e4d0c9a5be1d7a2c9ee01"

WRONG = [
    ("METRICS", "public", "'public'", "off, local, token"),
    ("METRICS", "token", "", ""),
    ("METRICS_TOKEN", "short", "a value of 5 bytes", "32 bytes or more"),
    ("OUTBOX_LATE_SECONDS", "0", "'0'", "from 1"),
    ("DISK_LOW_MB", "-1", "'-1'", "from 0"),
    ("DISK_FULL_MB", "501", "'501'", "MARKETPLACE_DISK_LOW_MB"),
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
    ],
)
def test_a_refused_secret_is_not_shown(tmp_path: Path, name: str, value: str) -> None:
    assert HIDDEN not in refusal(tmp_path, **{name: value})


def test_what_is_right_is_understood(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        METRICS="token",
        METRICS_TOKEN=TOKEN,
        DISK_LOW_MB="0",
        DISK_FULL_MB="0",
    )

    assert read.monitoring.metrics == "token"
    assert TOKEN not in repr(read)
