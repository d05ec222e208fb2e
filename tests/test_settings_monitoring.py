"""The settings of monitoring: what is understood, what is refused."""

from pathlib import Path

import pytest
from settings_support import assert_sentence, refusal, settings

WRONG = [
    ("OUTBOX_LATE_SECONDS", "0", "'0'", "from 1"),
    ("DISK_LOW_MB", "-1", "'-1'", "from 0"),
    ("DISK_FULL_MB", "501", "'501'", "MARKETPLACE_DISK_LOW_MB"),
]


@pytest.mark.parametrize(("name", "value", "holds", "may_hold"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, holds: str, may_hold: str
) -> None:
    told = refusal(tmp_path, **{name: value})

    assert_sentence(told, name, holds=holds, may_hold=may_hold)


def test_what_is_right_is_understood(tmp_path: Path) -> None:
    read = settings(tmp_path, DISK_LOW_MB="0", DISK_FULL_MB="0", OUTBOX_LATE_SECONDS="1")

    limits = read.monitoring
    assert (limits.disk_low_mb, limits.disk_full_mb, limits.outbox_late_seconds) == (0, 0, 1)
