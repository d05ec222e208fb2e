"""`flask services` and `flask categories`: the admins' switch, the tree."""

from __future__ import annotations

import re

import click
import marshmallow as ma

from marketplace.auth.administration import find_user, on_show
from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.services import administration

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SLUG_MAX = 60
_COLUMNS = (
    *("id", "name", "specialist", "category", "price", "duration_minutes"),
    *("hidden_by", "created_at"),
)
_CATEGORY_COLUMNS = ("name", "slug", "position", "services", "total")

services = cli.AdminGroup("services", help="Specialists' services.")
categories = cli.AdminGroup("categories", help="The two-level tree of categories.")

# `flask users show` tells how many services a person has.
on_show(administration.count_services)


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value) or len(value) > _SLUG_MAX:
        raise ma.ValidationError(
            f"A slug is small Latin letters and digits, in words joined by hyphens, {_SLUG_MAX}"
            " characters at most."
        )
    return value


_SLUG_TYPE = cli.Checked("SLUG", _slug)
_NAME_TYPE = cli.text_type("NAME", 100)
_service_argument = click.argument("service_id", metavar="ID", type=cli.ID)
_position_option = click.option(
    "--position",
    type=click.IntRange(1, administration.MAX_CATEGORIES),
    help="The place among its siblings, 1 is the first; by default the last.",
)


@services.command("list")
@click.option(
    "--specialist",
    metavar="USER",
    type=cli.text_type("USER", 254),
    help="Only this person's: an id, a user name, an e-mail or a phone.",
)
@click.option("--hidden", is_flag=True, help="Only those that just their owners see.")
@click.option("--search", type=cli.SEARCH, help="A part of the name, in any case.")
@cli.listing
def list_services(
    *,
    specialist: str | None,
    hidden: bool,
    search: str | None,
    limit: int,
    after: int | None,
    as_json: bool,
) -> None:
    """List services by id.

    HIDDEN BY tells why others do not see one: its owner, the admins, the archive (deleted by its
    owner), or the block of its owner, who may also be a specialist no more.
    """
    rows = administration.service_rows(
        specialist_id=None if specialist is None else find_user(specialist).id,
        hidden=hidden,
        search=search,
        after=after,
        limit=limit + 1,
    )
    cli.emit_page(rows, limit, _COLUMNS, as_json=as_json)


@services.command("info")
@_service_argument
@cli.json_option
def info(service_id: int, as_json: bool) -> None:
    """Tell all about one service."""
    cli.emit_record(administration.service_details(service_id), as_json=as_json)


@services.command("hide")
@_service_argument
@click.option("--reason", type=cli.REASON, help="Kept in the audit.")
@cli.yes_option
def hide(service_id: int, reason: str | None, yes: bool) -> None:
    """Hide a service from all but its owner.

    The owner cannot undo it; `flask services show` does.
    """
    name = administration.service_details(service_id)["name"]
    cli.confirm(f'Hide service {service_id}, "{name}"?', yes=yes)
    administration.suspend_service(
        service_id, suspended=True, reason=reason, actor=cli.actor(), now=utc_now()
    )
    click.echo(f"Service {service_id} is hidden.")


@services.command("show")
@_service_argument
def show(service_id: int) -> None:
    """Let a hidden service be seen again.

    Undoes `hide` only: what its owner hid stays so. (To look at a service: `flask services info`.)
    """
    administration.suspend_service(service_id, suspended=False, actor=cli.actor(), now=utc_now())
    others = administration.service_details(service_id)["hidden_by"]
    still = f", but still hidden by: {', '.join(others)}" if others else ""
    click.echo(f"Service {service_id} is not hidden by the admins any more{still}.")


@categories.command("list")
@cli.json_option
def list_categories(as_json: bool) -> None:
    """List the whole tree.

    SERVICES counts a category's own services, TOTAL those of its sub-categories too.
    """
    rows = administration.category_rows()
    if not as_json:
        rows = [row | {"name": ("  " if row["parent"] else "") + row["name"]} for row in rows]
    cli.emit(rows, _CATEGORY_COLUMNS, as_json=as_json)


@categories.command("add")
@click.argument("name", type=_NAME_TYPE)
@click.option("--slug", type=_SLUG_TYPE, required=True, help="How apps name it; it never changes.")
@click.option("--parent", type=_SLUG_TYPE, help="Under this category; by default at the top.")
@_position_option
def add(name: str, slug: str, parent: str | None, position: int | None) -> None:
    """Add a category."""
    administration.add_category(
        name, slug, parent_slug=parent, position=position, actor=cli.actor(), now=utc_now()
    )
    click.echo(f"Category {slug} is added.")


@categories.command("rename")
@click.argument("slug", type=_SLUG_TYPE)
@click.argument("new_name", type=_NAME_TYPE)
def rename(slug: str, new_name: str) -> None:
    """Give a category another name."""
    administration.rename_category(slug, new_name, actor=cli.actor(), now=utc_now())
    click.echo(f'Category {slug} has the name "{new_name}" now.')


@categories.command("move")
@click.argument("slug", type=_SLUG_TYPE)
@click.option("--parent", type=_SLUG_TYPE, help="Under this category.")
@click.option("--top", is_flag=True, help="To the top of the tree.")
@_position_option
def move(slug: str, parent: str | None, top: bool, position: int | None) -> None:
    """Move a category in the tree. Its services stay in it."""
    if top == (parent is not None):
        raise click.UsageError("Give --parent SLUG or --top.")
    administration.move_category(
        slug, parent_slug=parent, position=position, actor=cli.actor(), now=utc_now()
    )
    click.echo(f"Category {slug} is moved.")


GROUPS = (services, categories)
