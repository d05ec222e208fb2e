"""`flask catalogue`: what the catalogue keeps beside the data it is made of."""

from __future__ import annotations

import sys

import click

from marketplace.bookings import free_time_jobs
from marketplace.catalogue import search_upkeep, search_words
from marketplace.core import cli
from marketplace.core.clock import utc_now

catalogue = cli.AdminGroup("catalogue", help="What the catalogue is searched by.")


@catalogue.command("roll")
def roll() -> None:
    """Extend specialists' free time by the days that have passed, and drop what is past.

    Run it once a day; a week without it does no harm, and neither does running it twice at once.
    """
    with cli.progress("Extending free time") as show:
        done = free_time_jobs.roll(utc_now(), show)
    click.echo(f"Specialists whose free time was extended: {done}.")


@catalogue.command("rebuild-free-time")
def rebuild_free_time() -> None:
    """Build all specialists' free time anew; readers and writers are not disturbed."""
    with cli.progress("Building free time") as show:
        done = free_time_jobs.rebuild_all(utc_now(), show)
    click.echo(f"Specialists whose free time was built: {done}.")


@catalogue.command("reindex")
def reindex() -> None:
    """Compare the index of search with the services and write anew what is not right.

    Works in batches, each whole, while the server runs: until a row is replaced the old one is
    found. It may be interrupted and run again at any time.
    """
    total = search_upkeep.count_services()
    looked_at = written = 0
    with click.progressbar(length=max(total, 1), label="Services", file=sys.stderr) as bar:
        batch = search_upkeep.reindex_batch(0)
        while batch.last_id is not None:
            looked_at += batch.size
            written += batch.written
            bar.update(batch.size)
            batch = search_upkeep.reindex_batch(batch.last_id)
        search_words.prune_all()
    click.echo(f"Services looked at: {looked_at}, indexed anew: {written}.")


GROUPS = (catalogue,)
