"""`flask backup`: make, list, prove, restore; `run` is what a timer calls."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app

from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.core.database import database
from marketplace.settings import Settings
from marketplace.system.backup import operations, proof, restoring, rotation
from marketplace.system.backup.operations import Made
from marketplace.system.backup.programs import BackupError
from marketplace.system.backup.targets import target_of
from marketplace.system.backup.work import Workshop

log = logging.getLogger(__name__)

_TERMINATED = 128 + signal.SIGTERM

backup = cli.AdminGroup("backup", help="Backups: made, proved by restoring them, restored.")
_name_argument = click.argument("name", metavar="NAME", default=operations.LATEST)


@backup.command("create")
def create() -> None:
    """Make a backup of database and media.

    The application may go on writing: the backup is of one moment.
    """
    with _ending_well():
        made = operations.create(workshop(), utc_now())
    _tell(made)


@backup.command("list")
@cli.json_option
def list_backups(*, as_json: bool) -> None:
    """List the backups, newest first."""
    rows = [
        {
            "name": each.name,
            "created_at": rotation.moment_of(each.name),
            "bytes": each.size,
            "encrypted": not each.name.endswith(".tar"),
        }
        for each in workshop().target.backups()
    ]
    cli.emit(rows, ("name", "created_at", "bytes", "encrypted"), as_json=as_json)


@backup.command("verify")
@_name_argument
def verify(name: str) -> None:
    """Prove that a backup can be restored.

    Restores it into a database of its own, compares the number of rows, and asks the doctor there.
    NAME is one of the list, by default the latest.
    """
    shop = workshop()
    with _ending_well():
        found = operations.named(shop, name)
        manifest, faults = proof.verify(shop, found, utc_now())
    _refuse(found, faults)
    click.echo(f"{found} is sound: {sum(manifest.rows.values()):,} rows as counted.")


@backup.command("restore")
@_name_argument
@click.option("--yes", is_flag=True, help="Take the place of a database that holds data.")
@click.option("--with-faults", is_flag=True, help="Restore although the doctor finds faults.")
def restore(name: str, *, yes: bool, with_faults: bool) -> None:
    """Put a backup in the database's place.

    All of it or nothing; the former database is kept beside. Stop the server and all workers
    first. NAME is one of the list, by default the latest.
    """
    shop = workshop()
    with _ending_well():
        found = operations.named(shop, name)
        done = restoring.restore(
            *(shop, found, utc_now()),
            overwrite=yes,
            accept=lambda _faults: with_faults,
            actor=cli.actor(),
        )
    if not done.done:
        _refuse(found, done.faults)
    click.echo(
        f"{found} is restored: {sum(done.manifest.rows.values()):,} rows, {done.media:,} missing "
        f"media files, {done.erased:,} people erased again."
    )
    if done.manifest.media_bucket:
        click.echo(f"Media were in the bucket {done.manifest.media_bucket} and are not restored.")
    if done.former:
        click.echo(f"The former database is kept as {done.former}; remove it when all is well.")
    click.echo("Next: flask doctor, then start the server and the workers.")


@backup.command("run")
def run() -> None:
    """Make a backup, prove it, throw away old ones.

    For a timer: whatever fails is an ERROR in the log and exit code 1. Kept are the newest of 7
    days, 4 weeks and 6 months.
    """
    shop = workshop()
    try:
        with _ending_well():
            outcome = operations.run(shop, utc_now())
    except BaseException as error:
        told = str(error) if isinstance(error, BackupError) else type(error).__name__
        log.error("the backup failed: %s", told)  # noqa: TRY400 - the command's own words follow
        raise
    _tell(outcome.made)
    if outcome.made.faults:
        log.error("the backup %s is made and has faults, see doctor", outcome.made.name)
        _refuse(outcome.made.name, outcome.made.faults)
    click.echo(f"It is proved. Old ones removed: {len(outcome.removed)}.")


def workshop() -> Workshop:
    """What the present application makes backups with."""
    settings: Settings = current_app.config["MARKETPLACE"]
    return Workshop(
        settings=settings,
        url=database.engine().url,
        target=target_of(settings),
        on_database=current_app.extensions["marketplace_on_database"],
        bar=cli.progress,
    )


def _tell(made: Made) -> None:
    rows = sum(made.manifest.rows.values())
    media = f"{made.manifest.media_files:,} media files"
    if made.manifest.media_bucket:
        media = f"no media, which are in the bucket {made.manifest.media_bucket}"
    click.echo(f"{made.name} is made: {made.size:,} bytes, {rows:,} rows, {media}.")


def _refuse(name: str, faults: list[str]) -> None:
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        number = f"{len(faults)} fault{'s' * (len(faults) > 1)}"
        raise click.ClickException(f"The doctor finds {number} in {name}.")


@contextmanager
def _ending_well() -> Iterator[None]:
    """Asked to stop, clean up: a copy of everything must not be left lying about."""

    def stop(_signal: int, _frame: object) -> None:
        sys.exit(_TERMINATED)

    former = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
