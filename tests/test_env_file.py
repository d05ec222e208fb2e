"""The `.env` file: what it gives, and what the environment overrides."""

import os
from pathlib import Path

import pytest

from marketplace.settings import Settings, SettingsError


def test_the_environment_overrides_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        f"MARKETPLACE_INSTANCE_PATH={tmp_path}\n"
        "MARKETPLACE_BRAND='Красота рядом'  # the name on the pages\n"
        "MARKETPLACE_PROCESSES=3\n"
        "MARKETPLACE_THREADS=\n"
        "MARKETPLACE_LOG_LEVEL=ERROR\n",
        encoding="utf-8",
    )
    for name in [name for name in os.environ if name.startswith("MARKETPLACE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MARKETPLACE_PROCESSES", "2")
    monkeypatch.setenv("MARKETPLACE_LOG_LEVEL", "")

    read = Settings.from_environment(env_file=env_file)

    assert (read.brand, read.processes, read.threads) == ("Красота рядом", 2, 4)
    assert read.log_level == "ERROR"
    assert read.instance_path == tmp_path


def test_a_value_of_the_env_file_is_taken_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        f"MARKETPLACE_INSTANCE_PATH={tmp_path}\nMARKETPLACE_BRAND=pa${{HOME}}x\n", encoding="utf-8"
    )
    monkeypatch.delenv("MARKETPLACE_BRAND", raising=False)

    assert Settings.from_environment(env_file=env_file).brand == "pa${HOME}x"


def test_an_env_file_in_another_encoding_is_told_of(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes("MARKETPLACE_BRAND=Красота".encode("cp1251"))

    with pytest.raises(SettingsError, match=r"\.env cannot be read as UTF-8"):
        Settings.from_environment(env_file=env_file)
