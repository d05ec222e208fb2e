"""`flask audit`, `flask openapi` and the question of `flask db downgrade`."""

from __future__ import annotations

import copy
from typing import IO, Any

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import cli as flask_migrate

from marketplace.core import cli
from marketplace.core.audit import AuditEntry
from marketplace.core.clock import utc_now
from marketplace.core.database import session
from marketplace.system import checks
from marketplace.system.openapi import document_text

_COLUMNS = ("id", "at", "actor", "action", "target_type", "target_id", "details")

audit = cli.AdminGroup("audit", help="What was done to people, services and categories, by whom.")
openapi = cli.AdminGroup("openapi", help="The API's own description.")


@audit.command("list")
@click.option("--user", "user_id", metavar="ID", type=cli.ID, help="Only acts on this account.")
@click.option(
    "--service", "service_id", metavar="ID", type=cli.ID, help="Only acts on this service."
)
@click.option("--action", type=cli.text_type("ACTION", 50), help="Only this act: user.block, …")
@cli.listing
def list_audit(
    *,
    user_id: int | None,
    service_id: int | None,
    action: str | None,
    limit: int,
    after: int | None,
    as_json: bool,
) -> None:
    """List what was done, newest first.

    Accounts that are deleted are found by their ids too.
    """
    if user_id is not None and service_id is not None:
        raise click.UsageError("Give --user or --service, not both.")
    target = ("user", user_id) if user_id is not None else ("service", service_id)
    rows = _entries(target, action=action, after=after, limit=limit + 1)
    cli.emit_page(rows, limit, _COLUMNS, as_json=as_json)


def _entries(
    target: tuple[str, int | None], *, action: str | None, after: int | None, limit: int
) -> list[dict[str, Any]]:
    query = sa.select(*AuditEntry.__table__.columns)
    target_type, target_id = target
    if target_id is not None:
        query = query.where(
            AuditEntry.target_type == target_type, AuditEntry.target_id == target_id
        )
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if after is not None:
        query = query.where(AuditEntry.id < after)
    query = query.order_by(AuditEntry.id.desc()).limit(limit)
    return [dict(row) for row in session().execute(query).mappings()]


@openapi.command("write")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True, atomic=True))
def write(file: IO[str]) -> None:
    """Write the OpenAPI document.

    FILE is replaced as a whole; `-` is standard output.
    """
    file.write(document_text(utc_now().date()))


@click.command("doctor", cls=cli.AdminCommand)
@with_appcontext
def doctor() -> None:
    """Prove on the live data that what must hold does.

    Names each fault and ends with exit code 1 when there is one.
    """
    found = checks.faults(utc_now(), journal=current_app.config["MARKETPLACE"].erasure_journal)
    for fault in found:
        click.echo(fault, err=True)
    if found:
        raise click.ClickException(f"{len(found)} fault{'s' * (len(found) > 1)} found.")
    click.echo("No faults found.")


def _asking(downgrade: click.Command) -> click.Command:
    """Flask-Migrate's command, which asks before it drops tables with their rows."""
    original = downgrade.callback
    if original is None:
        raise TypeError("Flask-Migrate's downgrade does nothing")

    @with_appcontext
    def ask(*, yes: bool, **given: Any) -> None:
        if not given["sql"]:  # which only writes what it would do
            revision = given["revision"]
            question = f"Go back to {revision} and drop the tables made since, with their rows?"
            cli.confirm(question, yes=yes)
        click.get_current_context().invoke(original, **given)

    asking = copy.copy(downgrade)
    asking.params = [*downgrade.params, click.Option(["--yes"], is_flag=True, help="Do not ask.")]
    asking.callback = ask
    return asking


# A copy: Flask-Migrate's group is one for the whole process.
migrations = copy.copy(flask_migrate.db)
migrations.commands = flask_migrate.db.commands | {
    "downgrade": _asking(flask_migrate.db.commands["downgrade"])
}

GROUPS = (audit, openapi, migrations)
