"""`flask identities`: the ways into accounts through sign-in providers."""

from __future__ import annotations

import click

from marketplace.auth import administration, identity_queries
from marketplace.core import cli

_COLUMNS = ("id", "user_id", "provider", "subject", "created_at", "last_used_at")

identities = cli.AdminGroup("identities", help="Sign-in through Google, Apple and VK.")


@identities.command("list")
@click.argument("reference", metavar="[USER]", type=cli.text_type("USER", 254), required=False)
@cli.listing
def list_identities(reference: str | None, limit: int, after: int | None, as_json: bool) -> None:
    """List linked identities by id, of one person or of all.

    Of the subject, the provider's own id of the person, the end is shown.
    """
    user_id = None if reference is None else administration.find_user(reference).id
    rows = identity_queries.identity_rows(user_id=user_id, after=after, limit=limit + 1)
    cli.emit_page(rows, limit, _COLUMNS, as_json=as_json)


GROUPS = (identities,)
