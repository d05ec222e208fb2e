"""`flask demo`: load and clear demo data."""

from __future__ import annotations

import time

import click
from flask import current_app

from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.system.demo import operations
from marketplace.system.demo.accounts import DEMO_CLIENT, DEMO_PASSWORD, DEMO_SPECIALIST

demo = cli.AdminGroup("demo", help="Load and clear made-up data.")


@demo.command("load")
@click.option("--specialists", type=click.IntRange(1, 100_000), default=200, show_default=True)
@click.option("--services-each", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--clients", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed, the same data."
)
def load(specialists: int, services_each: int, clients: int, seed: int) -> None:
    """Fill a database without real accounts with made-up specialists, services and clients."""
    if current_app.config["MARKETPLACE"].is_production_like:
        raise click.ClickException(
            "Demo data is only loaded in development: its password is published."
        )
    started = time.monotonic()
    with cli.progress("Loading demo data") as show:
        try:
            counts = operations.load(
                specialists=specialists,
                services_each=services_each,
                clients=clients,
                seed=seed,
                actor=cli.actor(),
                now=utc_now(),
                progress=show,
            )
        except operations.DemoDataError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Loaded {_told(counts)} in {time.monotonic() - started:.1f} s.")
    click.echo(f"Sign in as {DEMO_SPECIALIST} or {DEMO_CLIENT}, password {DEMO_PASSWORD}.")


@demo.command("clear")
@cli.yes_option
def clear(*, yes: bool) -> None:
    """Delete the demo accounts, all that belongs to them and demo categories nothing uses."""
    counts = operations.count()
    if not counts.specialists + counts.clients + counts.categories:
        click.echo("There is no demo data.")
        return
    cli.confirm(f"Delete the demo data ({_told(counts)})?", yes=yes)
    click.echo(f"Deleted {_told(operations.clear(actor=cli.actor(), now=utc_now()))}.")


def _told(counts: operations.Counts) -> str:
    return (
        f"{counts.specialists:,} specialists, {counts.clients:,} clients,"
        f" {counts.services:,} services and {counts.categories:,} categories"
    )
