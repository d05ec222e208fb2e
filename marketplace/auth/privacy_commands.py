"""`flask retention`, and of `flask users` what concerns a person's rights: `export`, `verify`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from marketplace.auth import administration, privacy
from marketplace.auth import retention as rules
from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.core.export import pieces
from marketplace.settings import Settings

retention = cli.AdminGroup("retention", help="What is forgotten with time, and stays forgotten.")
_user_argument = click.argument("reference", metavar="USER", type=cli.text_type("USER", 254))


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="Only count what would go.")
def run(dry_run: bool) -> None:
    """Delete what has been kept long enough.

    Codes, sessions, idempotency keys and the texts of messages, each after its period. Run it once
    a day; twice at once does no harm.
    """
    kept = _settings().privacy
    periods = rules.Periods(
        codes=timedelta(days=kept.keep_codes),
        sessions=timedelta(days=kept.keep_sessions),
        messages=timedelta(days=kept.keep_messages),
        outbox=timedelta(days=kept.keep_outbox),
    )
    now = utc_now()
    if not dry_run:
        added = privacy.complete_journal(_journal())
        if added:
            click.echo(f"Erasures added to the journal: {added}.", err=True)
    steps = rules.count(periods, now) if dry_run else rules.run(periods, now)
    counts = []
    total = len(rules.rules(periods, now))
    with click.progressbar(steps, length=total, label="Forgetting", file=sys.stderr) as bar:
        counts = list(bar)
    for name, number in counts:
        click.echo(f"{name}: {number:,}")
    if dry_run:
        click.echo("Nothing is changed.", err=True)


@retention.command("replay-erasures")
def replay_erasures() -> None:
    """Erase again whom a restored backup brought back.

    Run it after every restore, before the server starts: the journal of erasures stands beside the
    database and is not restored with it.
    """
    again = privacy.replay(_journal(), actor=cli.actor(), now=utc_now())
    click.echo(f"People erased again: {again}.")


@click.command("export", cls=cli.AdminCommand)
@_user_argument
@click.option(
    *("--output", "output"),
    metavar="FILE",
    type=cli.OUTPUT,
    default="-",
    help="Where to, by default standard output.",
)
@with_appcontext
def export(reference: str, output: Path) -> None:
    """Write everything stored about a person.

    The same JSON document as the person can fetch.
    """
    person = administration.find_user(reference)
    with cli.writing(output) as file:
        for piece in pieces(privacy.export(person.id, utc_now())):
            file.write(piece.encode())


@click.command("verify", cls=cli.AdminCommand)
@_user_argument
@click.option("--email", "kind", flag_value="email", help="The e-mail is the person's own.")
@click.option("--phone", "kind", flag_value="phone", help="The phone is the person's own.")
@with_appcontext
def verify(reference: str, kind: str | None) -> None:
    """Mark an e-mail or a phone as verified.

    For whom support has met in another way.
    """
    if kind is None:
        raise click.UsageError("Give --email or --phone.")
    person = administration.find_user(reference)
    administration.verify_contact(person.id, kind, actor=cli.actor(), now=utc_now())
    click.echo(f"The {kind} of user {person} is verified.")


def _settings() -> Settings:
    settings: Settings = current_app.config["MARKETPLACE"]
    return settings


def _journal() -> Path:
    return _settings().erasure_journal


OF_USERS = (export, verify)
GROUPS = (retention,)
