"""`flask users import`: accounts of an earlier system."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import with_appcontext

from marketplace.auth import importing
from marketplace.auth.importing import Import, Read, Refusal
from marketplace.core import cli, json
from marketplace.core.clock import utc_now

LINE_MAX = 65_536
SHOWN = 20
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@click.command("import", cls=cli.AdminCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@click.option(
    *("--format", "form"),
    type=click.Choice(["jsonl", "csv"]),
    help="By default what the file's name ends with.",
)
@click.option(
    "--report",
    metavar="FILE",
    type=cli.OUTPUT,
    help="Write every refused row there as CSV: line, field, reason.",
)
@with_appcontext
def import_users(*, file: Path, dry_run: bool, form: str | None, report: Path | None) -> None:
    """Make the accounts of a file, all of them or none.

    JSON lines or CSV with a header. Names and contacts obey the rules of registration; passwords
    come as hashes (Django's PBKDF2 and bcrypt, bcrypt, Argon2) and keep working.
    """
    form = form or file.suffix.removeprefix(".").lower()
    if form not in _READERS:
        raise click.UsageError("Say --format jsonl or --format csv.")
    with ExitStack() as stack:
        written = None if report is None else stack.enter_context(cli.writing(report))
        refusals = _Refusals(written)
        run = Import(refusals.add, utc_now())
        stack.callback(run.close)
        source = stack.enter_context(file.open("rb"))
        with click.progressbar(
            length=file.stat().st_size, label="Checking", file=sys.stderr
        ) as bar:
            run.check(_READERS[form](_lines(source, bar.update)))
        with click.progressbar(length=run.good, label="Storing", file=sys.stderr) as bar:
            stored = run.store(actor=cli.actor(), dry_run=dry_run, progress=bar.update)
        refusals.end()
    refusals.tell_rest()
    if run.refused:
        raise click.ClickException(f"Rows refused: {len(run.refused):,}. Nothing is stored.")
    click.echo(f"Accounts {'made' if stored else 'that could be made'}: {run.good:,}.")


class _Refusals:
    """Shows the first refusals on standard error and writes all of them to the report."""

    def __init__(self, report: IO[bytes] | None) -> None:
        self._text = None if report is None else io.TextIOWrapper(report, "utf-8", newline="")
        self._report = None if self._text is None else csv.writer(self._text)
        self._count = 0
        if self._report is not None:
            self._report.writerow(("line", "field", "reason"))

    def add(self, refusal: Refusal) -> None:
        self._count += 1
        reason = cli.sentences(refusal.reasons)
        if self._report is not None:
            self._report.writerow((refusal.line, refusal.field, reason))
        if self._count <= SHOWN:
            name = f"{refusal.field}: " if refusal.field else ""
            # What the file says must not steer the terminal.
            told = "".join(char if char.isprintable() else "?" for char in f"{name}{reason}")
            click.echo(f"line {refusal.line}: {told}", err=True)

    def end(self) -> None:
        """Write what is still held back; the file is closed by whoever opened it."""
        if self._text is not None:
            self._text.detach()

    def tell_rest(self) -> None:
        if self._count > SHOWN:
            more = f"… and {self._count - SHOWN:,} more"
            click.echo(more if self._report else f"{more}; --report FILE writes them all", err=True)


def _lines(file: IO[bytes], progress: Callable[[int], None]) -> Iterator[bytes]:
    """The lines of a file, each cut where it gets too long to be a row."""
    first = True
    while line := file.readline(LINE_MAX + 1):
        progress(len(line))
        while len(line) > LINE_MAX and not line.endswith(b"\n"):
            rest = file.readline(LINE_MAX)
            progress(len(rest))
            if not rest or rest.endswith(b"\n"):
                break
        yield line.removeprefix(codecs.BOM_UTF8) if first else line
        first = False


def _read_jsonl(lines: Iterator[bytes]) -> Iterator[Read]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > LINE_MAX:
            yield number, f"Longer than {LINE_MAX} bytes."
            continue
        try:
            row = json.decode(line)
        except (ValueError, RecursionError):
            yield number, "Not one JSON object in UTF-8, each name once."
            continue
        yield number, row if isinstance(row, dict) else "Not a JSON object."


def _read_csv(lines: Iterator[bytes]) -> Iterator[Read]:
    try:
        reader = csv.reader((line.decode() for line in lines), strict=True)
        names = next(reader, [])
        unknown = [name for name in names if name not in importing.field_names()]
        if unknown or len(set(names)) != len(names):
            listed = ", ".join(importing.field_names())
            yield 1, f"The header may name only these, each once: {listed}."
            return
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                yield reader.line_num, f"{len(cells)} cells instead of {len(names)}."
                continue
            given = zip(names, cells, strict=True)
            yield reader.line_num, {name: _typed(name, cell) for name, cell in given if cell}
    except (csv.Error, UnicodeDecodeError):
        yield reader.line_num + 1, "Not CSV in UTF-8; the rest of the file is not read."


def _typed(name: str, cell: str) -> Any:
    if name == "email_verified":
        return _BOOLEANS.get(cell.strip().lower(), cell)
    number = cell.strip()
    if name == "experience_years" and number.isascii() and number.isdigit():
        return int(number.lstrip("0")[:10] or "0")
    return cell


_READERS = {"jsonl": _read_jsonl, "csv": _read_csv}
