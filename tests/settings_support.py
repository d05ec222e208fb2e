"""Settings read from named variables, and what a refusal of them must say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from marketplace.settings import Settings, SettingsError

SENTENCE = re.compile(r"MARKETPLACE_([A-Z_]+) holds .+, but it may hold only .+\.")


def settings(folder: Path, **variables: str) -> Settings:
    named = {"INSTANCE_PATH": str(folder)} | variables
    return Settings.from_environment({f"MARKETPLACE_{name}": named[name] for name in named})


def refusal(folder: Path, **variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(folder, **variables)
    return str(caught.value)


def assert_sentence(told: str, name: str, *, holds: str = "", may_hold: str = "") -> None:
    """One sentence that names the variable, what it holds and what it may hold."""
    sentence = SENTENCE.fullmatch(told)
    assert sentence, told
    assert sentence[1] == name
    before, after = told.split(", but it may hold ")
    assert holds in before
    assert may_hold in after
