"""The admins' command line in tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlalchemy import event

from marketplace.extensions import db


@dataclass(frozen=True)
class CommandLine:
    """Runs `flask …` on an application."""

    app: Flask

    def run(self, *args: object, stdin: str | bytes | None = None) -> Result:
        """A command whatever its exit code; a traceback fails the test."""
        words = [str(word) for word in args]
        result = self.app.test_cli_runner().invoke(args=words, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def do(self, *args: object, stdin: str | bytes | None = None) -> str:
        """A command that must succeed; what it wrote to standard output."""
        result = self.run(*args, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *args: object) -> Any:
        """What a command writes with `--json`."""
        return json.loads(self.do(*args, "--json"))

    def acts(self, *filters: object) -> list[tuple[str, dict[str, Any]]]:
        """The audit, oldest first: each act with its details."""
        rows = self.json("audit", "list", *filters)
        return [(row["action"], row["details"]) for row in reversed(rows)]

    def queries(self, *args: object) -> int:
        """How many statements a command sends to the database."""
        with _statements(self.app) as sent:
            self.do(*args)
        return len(sent)


def refusal(result: Result) -> str:
    """The one sentence of a command that refused: exit code 1, nothing on standard output."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    said = result.stderr.strip()
    assert said.startswith("Error: ")
    assert "\n" not in said
    return said.removeprefix("Error: ")


@contextmanager
def _statements(app: Flask) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(*args: Any) -> None:
        sent.append(args[2])

    with app.app_context():
        engine: sa.Engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
