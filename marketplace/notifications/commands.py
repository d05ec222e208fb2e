"""`flask notifications`: the outbox."""

from __future__ import annotations

import click

from marketplace.core import cli
from marketplace.notifications import queries
from marketplace.notifications.models import STATES

_COLUMNS = ("id", "due_at", "state", "user_id", "kind", "text")

notifications = cli.AdminGroup("notifications", help="What people are to be told.")


@notifications.command("list")
@click.option("--user", "user_id", metavar="ID", type=cli.ID, help="Only what this person is told.")
@click.option("--state", type=click.Choice(STATES))
@cli.listing
def list_notifications(
    *, user_id: int | None, state: str | None, limit: int, after: int | None, as_json: bool
) -> None:
    """List the outbox, newest first, with each text as its reader would get it."""
    rows = queries.notification_rows(user_id=user_id, state=state, after=after, limit=limit + 1)
    cli.emit_page(rows, limit, _COLUMNS, as_json=as_json)


GROUPS = (notifications,)
