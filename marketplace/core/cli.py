"""What the admins' commands share: tables and JSON, refusals, questions before harm, the actor."""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, TextIO, TypeVar

import click
import marshmallow as ma
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from marketplace.core import fields
from marketplace.core.clock import wire_moment
from marketplace.core.database import release
from marketplace.core.errors import Code, DomainError, Message
from marketplace.core.messages import field_text, problem_texts

F = TypeVar("F", bound=Callable[..., Any])
Row = Mapping[str, Any]

LANGUAGE = "en"
MAX_LIMIT = 1_000
MAX_PASSWORD_BYTES = 4_096
ID = click.IntRange(1, fields.MAX_ID)
_GAP = "  "
_TERMINAL_CONTROLS = re.compile("[\x7f-\x9f]")


class AdminCommand(click.Command):
    """A command whose refusals are one sentence on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DomainError as error:
            raise click.ClickException(explain(error)) from error
        except (IntegrityError, StaleDataError) as error:
            raise click.ClickException(
                "The data was changed by somebody else at the same moment; try again."
            ) from error
        except DBAPIError as error:  # of a file that is no database SQLite says no more than that
            reason = str(error.orig).strip().partition("\n")[0]
            settings = ctx.ensure_object(ScriptInfo).load_app().config["MARKETPLACE"]
            raise click.ClickException(
                f"The database cannot be used: {reason} (it is at {settings.database_address}; "
                "to migrate it: flask db upgrade)."
            ) from error


class AdminGroup(AdminCommand, AppGroup):
    """A group of such commands."""


class Checked(click.ParamType[Any]):
    """A parameter read by `check`; what that refuses (`ma.ValidationError`) is a usage error."""

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._check(value)
        except ma.ValidationError as error:
            self.fail(sentences(error.messages), param, ctx)


def text_type(name: str, max_length: int) -> Checked:
    """One line of 1 to `max_length` characters, trimmed, NFC, without control characters."""
    return Checked(name, fields.Text(min_length=1, max_length=max_length).deserialize)


REASON = text_type("TEXT", 500)
SEARCH = text_type("TEXT", 254)


def sentences(messages: Any) -> str:
    """What a field was refused for, in English."""
    return " ".join(
        field_text(each, LANGUAGE) if isinstance(each, Message) else str(each) for each in messages
    )


def explain(error: DomainError) -> str:
    """A domain error in English: its own text, or what is wrong with which field, or its code's."""
    if str(error) != error.code:
        return str(error)
    if error.code is Code.INVALID_FIELDS and error.errors:
        return " ".join(f"{name}: {sentences(found)}" for name, found in error.errors.items())
    return problem_texts(error.code, LANGUAGE)[1]


def listing(command: F) -> F:
    """Give a listing `--limit`, `--after` and `--json` (`limit`, `after`, `as_json`)."""
    command = click.option(
        "--after", type=ID, metavar="ID", help="Continue after the row with this id."
    )(command)
    command = click.option(
        "--limit",
        type=click.IntRange(1, MAX_LIMIT),
        default=50,
        show_default=True,
        help="How many rows at most.",
    )(command)
    return json_option(command)


def json_option(command: F) -> F:
    """Give a command `--json` (`as_json`)."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")(
        command
    )


OUTPUT = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@contextmanager
def writing(path: Path) -> Generator[IO[bytes]]:
    """A file that takes the place of `path` as a whole when all of it is written, and is its
    owner's alone; what stood there stays when the command fails. `-` is standard output.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    try:
        if path.exists() and not path.is_file():  # a device or a pipe is not replaced
            with path.open("wb") as file:
                yield file
            return
        target = path.resolve()
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        beside = Path(name)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - it has no other name yet
                yield file
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error


def yes_option(command: F) -> F:
    """Give a command `--yes` (`yes`), which answers what `confirm` asks."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


@contextmanager
def progress(label: str, file: TextIO | None = None) -> Generator[Callable[[int, int], None]]:
    """A bar moved by calls with how much is done of how much; on standard error, or in `file`."""
    with click.progressbar(length=1, label=label, file=file or sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show


def confirm(question: str, *, yes: bool) -> None:
    """Ask before harm; anything but a yes ends the command with exit code 1."""
    if not yes:
        release()  # a person may think for long
        click.confirm(question, abort=True, err=True)


def ask_new_password(*, from_stdin: bool) -> str:
    """A password from standard input (one line break at its end is dropped), or asked for twice
    without echo. It never comes from the arguments, which every user of the machine can read.
    """
    release()  # nothing is held while a person types and a core is busy hashing
    if not from_stdin:
        answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return answer
    try:
        given = sys.stdin.buffer.read(MAX_PASSWORD_BYTES).decode()
    except UnicodeDecodeError:
        raise click.ClickException("The password on standard input is not UTF-8.") from None
    return given.removesuffix("\n").removesuffix("\r")


def actor() -> str:
    """Who acts, for the audit: `cli:` and the name of the operating system's user."""
    if sys.platform == "win32":
        return f"cli:{getpass.getuser()}"
    import pwd  # noqa: PLC0415 - not on every system

    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:  # a container's user needs no name
        return f"cli:{os.getuid()}"


def emit_page(rows: Sequence[Row], limit: int, columns: Sequence[str], *, as_json: bool) -> None:
    """Write a listing's page; `rows` holds one row more than `limit` when others follow."""
    shown = rows[:limit]
    emit(shown, columns, as_json=as_json)
    if len(rows) > limit:
        click.echo(f"More rows follow: --after {shown[-1]['id']}", err=True)


def emit(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """Write rows as a JSON list with all their values, or as a table of the named columns."""
    if as_json:
        _write_json([dict(row) for row in rows])
    elif rows:
        click.echo(table(rows, columns))
    else:
        click.echo("Nothing found.")


def emit_record(record: Row, *, as_json: bool) -> None:
    """Write one row as a JSON object, or one value a line."""
    if as_json:
        _write_json(dict(record))
        return
    width = max(map(len, record))
    for name, value in record.items():
        click.echo(f"{name.replace('_', ' '):<{width}}{_GAP}{_cell(value)}")


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Aligned columns under their names; numbers stand to the right."""
    cells = [[column.replace("_", " ").upper() for column in columns]]
    cells += [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    to_right = [_holds_numbers([row[column] for row in rows]) for column in columns]
    lines = []
    for line in cells:
        padded = []
        for cell, width, right in zip(line, widths, to_right, strict=True):
            blanks = " " * (width - display_width(cell))
            padded.append(blanks + cell if right else cell + blanks)
        lines.append(_GAP.join(padded).rstrip())
    return "\n".join(lines)


def display_width(value: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(map(_character_width, value))


def _character_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _holds_numbers(values: list[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | Decimal) and not isinstance(value, bool) for value in given
    )


def _cell(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return wire_moment(value.replace(microsecond=0))
    if isinstance(value, list):
        value = ", ".join(value)
    elif isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    # What people typed must not steer the admin's terminal.
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in str(value)
    )


def _write_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_json_value)
    text = _TERMINAL_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    # Bytes: JSON is UTF-8 whatever the terminal speaks.
    click.echo(text.encode())


def _json_value(value: Any) -> str:
    return wire_moment(value) if isinstance(value, datetime) else str(value)
