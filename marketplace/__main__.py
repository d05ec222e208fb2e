"""`python -m marketplace run`: the whole application in one command."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from marketplace.settings import Settings, SettingsError

if TYPE_CHECKING:
    from marketplace.server.companion import Companion


@click.group()
def cli() -> None:
    """The marketplace's backend."""


@cli.command()
def run() -> None:
    """Prepare the database and serve until Ctrl-C or SIGTERM.

    Exit code: 0 after a stop on request, 1 when it cannot start, 2 when a setting is wrong.
    """
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        click.echo(error, err=True)
        sys.exit(2)
    # Not before the settings are known to be good: a wrong one is told without the wait.
    from marketplace.server.serve import StartError  # noqa: PLC0415

    try:
        sys.exit(_serve(settings))
    except StartError as error:
        click.echo(error, err=True)
        sys.exit(1)


def _serve(settings: Settings) -> int:
    from marketplace import create_app  # noqa: PLC0415
    from marketplace.core.logging import send_to_stdout  # noqa: PLC0415
    from marketplace.server import startup  # noqa: PLC0415
    from marketplace.server.memory import hold_little  # noqa: PLC0415
    from marketplace.server.serve import can_fork, open_listener, serve  # noqa: PLC0415

    hold_little()
    if settings.processes > 1 and not can_fork():
        click.echo(
            "MARKETPLACE_PROCESSES: this system cannot fork, so one process serves.", err=True
        )
        settings = replace(settings, processes=1)
    if settings.processes > 1 and settings.rate_limits and not settings.redis_url:
        click.echo(
            "MARKETPLACE_REDIS_URL holds nothing: each process counts its own requests, "
            f"so the limits are up to {settings.processes} times as high.",
            err=True,
        )
    listener = open_listener(settings)
    if settings.processes == 1:
        app = create_app(settings)
        has_demo = startup.prepare(app, settings)
        return serve(
            settings,
            lambda: app,
            listener,
            lambda port: _tell(settings, port, has_demo),
            _companion(settings),
        )
    has_demo = startup.prepare_apart(create_app, settings)
    # The applications do so in the serving processes; this one tells of those.
    send_to_stdout(settings)
    return serve(
        settings,
        lambda: create_app(settings),
        listener,
        lambda port: _tell(settings, port, has_demo),
        _companion(settings),
    )


def _companion(settings: Settings) -> Companion | None:
    from marketplace.server.companion import Companion, delivery_command  # noqa: PLC0415

    return Companion(delivery_command()) if settings.delivery.worker else None


def _tell(settings: Settings, port: int, has_demo: bool) -> None:
    click.echo(f"Documentation: {settings.docs_url.replace(':0/', f':{port}/')}")
    if has_demo:
        from marketplace.system.demo import accounts  # noqa: PLC0415

        names = f"{accounts.DEMO_CLIENT} and {accounts.DEMO_SPECIALIST}"
        click.echo(f"Demo log-ins: {names}, both with the password {accounts.DEMO_PASSWORD}")
    if settings.delivery.worker:
        from marketplace.notifications.gateways import describe  # noqa: PLC0415

        click.echo(f"Messages: {describe(settings)}")
    click.echo("Stop with Ctrl-C.")


if __name__ == "__main__":
    cli(prog_name="python -m marketplace")
