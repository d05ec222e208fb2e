"""`flask notifications`: the outbox, its delivery and its dead letters."""

from __future__ import annotations

import os
import signal
from threading import Event
from typing import Any

import click
from flask import current_app

from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.notifications import operations, queries
from marketplace.notifications.gateways import open_senders
from marketplace.notifications.models import CHANNELS, STATES
from marketplace.notifications.worker import Worker
from marketplace.settings import Settings

_COLUMNS = (
    *("id", "due_at", "state", "user_id", "kind", "channel", "destination", "attempts"),
    *("last_error", "text"),
)

notifications = cli.AdminGroup("notifications", help="What people are to be told.")


def _settings() -> Settings:
    settings: Settings = current_app.config["MARKETPLACE"]
    return settings


@notifications.command("list")
@click.option("--user", "user_id", metavar="ID", type=cli.ID, help="Only what this person is told.")
@click.option("--state", type=click.Choice(STATES))
@cli.listing
def list_notifications(
    *, user_id: int | None, state: str | None, limit: int, after: int | None, as_json: bool
) -> None:
    """List the outbox, newest first, with each text as its reader would get it."""
    rows = queries.notification_rows(
        user_id=user_id, state=state, after=after, limit=limit + 1, brand=_settings().brand
    )
    cli.emit_page(rows, limit, _COLUMNS, as_json=as_json)


@notifications.command("show")
@click.argument("notification_id", metavar="ID", type=cli.ID)
@cli.json_option
def show(*, notification_id: int, as_json: bool) -> None:
    """Show one notification; destinations are masked and codes hidden."""
    found = queries.details(notification_id, brand=_settings().brand)
    cli.emit_record(found, as_json=as_json)


@notifications.command("retry")
@click.argument("notification_id", metavar="ID", type=cli.ID, required=False)
@click.option("--dead", is_flag=True, help="All dead letters instead of one.")
@cli.yes_option
def retry(*, notification_id: int | None, dead: bool, yes: bool) -> None:
    """Send a dead letter again, or with --dead all of them."""
    if dead == (notification_id is not None):
        raise click.UsageError("Give either an ID or --dead.")
    if notification_id is not None:
        found = queries.details(notification_id)
        cli.confirm(f"Send notification {notification_id} ({found['kind']}) again?", yes=yes)
        operations.retry(notification_id, actor=cli.actor(), now=utc_now())
        click.echo(f"Notification {notification_id} is sent again.")
        return
    cli.confirm("Send all dead letters again?", yes=yes)
    count = operations.retry_dead(actor=cli.actor(), now=utc_now())
    click.echo(f"Notifications sent again: {count}.")


@notifications.command("deliver")
@click.option("--watch", is_flag=True, help="Go on until stopped.")
@click.option("--beside", type=int, hidden=True, help="End with this parent process.")
def deliver(*, watch: bool, beside: int | None) -> None:
    """Send what is due.

    Several may run at once. Outside development a channel without a gateway leaves dead letters.
    """
    settings = _settings()
    senders = open_senders(settings)
    for channel in CHANNELS:
        if channel not in senders:
            click.echo(f"No gateway for {channel}: such messages become dead letters.", err=True)
    stop = Event()
    worker = Worker(
        settings.delivery,
        senders,
        brand=settings.brand,
        clock=utc_now,
        stop=stop,
        keep_on=lambda: beside is None or os.getppid() == beside,
    )
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in _signals()}
    try:
        if watch:
            worker.watch()
            return
        counts = worker.drain()
        told = [f"{name.capitalize()}: {count}." for name, count in sorted(counts.items())]
        click.echo(" ".join(told) or "Nothing is due.")
    finally:
        worker.close()
        for each, handler in before.items():
            signal.signal(each, handler)


def _signals() -> list[Any]:
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


GROUPS = (notifications,)
