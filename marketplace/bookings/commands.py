"""`flask bookings`: list, show, cancel, and write what the clock has decided."""

from __future__ import annotations

import click

from marketplace.auth.administration import find_user
from marketplace.bookings import administration, lifecycle
from marketplace.bookings.states import Status
from marketplace.core import cli
from marketplace.core.clock import utc_now

_COLUMNS = ("id", "status", "starts_at", "client", "specialist", "service_name", "price")

bookings = cli.AdminGroup("bookings", help="Clients' bookings.")


@bookings.command("list")
@click.option("--user", metavar="USER", help="Only this person's, as client or as specialist.")
@click.option("--status", type=click.Choice([str(status) for status in Status]))
@cli.listing
def list_bookings(
    *, user: str | None, status: str | None, limit: int, after: int | None, as_json: bool
) -> None:
    """List bookings, newest first, by their stored status."""
    user_id = None if user is None else find_user(user).id
    rows = administration.booking_rows(user_id=user_id, status=status, after=after, limit=limit + 1)
    cli.emit_page(rows, limit, _COLUMNS, as_json=as_json)


@bookings.command("show")
@click.argument("booking_id", metavar="ID", type=cli.ID)
@cli.json_option
def show(*, booking_id: int, as_json: bool) -> None:
    """Show a booking with its history."""
    cli.emit_record(administration.booking_details(booking_id), as_json=as_json)


@bookings.command("cancel")
@click.argument("booking_id", metavar="ID", type=cli.ID)
@click.option("--reason", required=True, type=cli.REASON, help="Kept in the history.")
@cli.yes_option
def cancel(*, booking_id: int, reason: str, yes: bool) -> None:
    """Cancel a booking that is pending or confirmed."""
    booking = administration.booking_details(booking_id)
    cli.confirm(f'Cancel booking {booking_id}, "{booking["service_name"]}"?', yes=yes)
    lifecycle.cancel_by_admin(booking_id, reason, actor=cli.actor(), now=utc_now())
    click.echo(f"Booking {booking_id} is cancelled.")


@bookings.command("expire")
def expire() -> None:
    """Write what the clock has decided.

    Requests unanswered at their start expire, bookings nobody closed are completed 24 hours after
    their end, holds past their time are removed. All of it counts before it is written; this may
    run at any time, twice at once, or not at all.
    """
    counts = lifecycle.expire(utc_now())
    click.echo(
        f"Expired: {counts['expired']}. Completed: {counts['completed']}. "
        f"Holds ended: {counts['holds']}."
    )


GROUPS = (bookings,)
