"""Numbers in a CSV file are the numbers that stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine
from flask import Flask

from marketplace.core.database import session
from marketplace.profile.models import Profile

HEADER = "username,role,email,experience_years"


@pytest.mark.parametrize(
    ("cell", "years"),
    [("7", 7), (" 7 ", 7), ("00000000000007", 7), ("000", 0), ("           12", 12)],
)
def test_a_number_is_read_whole(app: Flask, tmp_path: Path, cell: str, years: int) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{HEADER}\nmaria,client,maria@example.com,{cell}\n")

    CommandLine(app).do("users", "import", path)

    with app.app_context():
        assert [profile.experience_years for profile in session().query(Profile)] == [years]


@pytest.mark.parametrize("cell", ["         12345", "81", "1" * 5_000, "-1", "7.5", "\u0667"])
def test_what_is_no_number_of_years_is_refused(app: Flask, tmp_path: Path, cell: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{HEADER}\nmaria,client,maria@example.com,{cell}\n")

    result = CommandLine(app).run("users", "import", path)

    assert result.exit_code == 1
    assert "line 2: experience_years:" in result.stderr
