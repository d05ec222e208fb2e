"""What must be true of the database before the first request: migrated, and demo data if wanted."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import click
import sqlalchemy as sa
from alembic import command
from alembic.util import CommandError
from flask import Flask

from marketplace.auth.models import User
from marketplace.bookings import free_time_jobs
from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.core.database import read, release
from marketplace.server.serve import StartError
from marketplace.settings import Settings
from marketplace.system import readiness
from marketplace.system.demo import accounts, operations

DEMO_SPECIALISTS = 200
DEMO_SERVICES_EACH = 10
DEMO_CLIENTS = 100
DEMO_SEED = 1


def prepare(app: Flask, settings: Settings) -> bool:
    """Migrate and load what is missing; whether the demo log-ins work. Raises `StartError`."""
    try:
        with app.app_context():
            _migrate(app, settings)
            loads_demo = settings.demo_data and _is_empty()
            if loads_demo:
                _load_demo()
            elif not settings.is_production_like:
                _roll_free_time()
            return settings.demo_data and _has_demo_logins()
    except (
        sa.exc.DBAPIError
    ) as error:  # of a file that is no database SQLite says no more than that
        raise StartError(
            f"The database cannot be used ({_first_line(error)}; "
            f"it is at {settings.database_address})."
        ) from error


def prepare_apart(make_app: Callable[[Settings], Flask], settings: Settings) -> bool:
    """`prepare` in a process of its own, so that the caller can fork without an open connection."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        return pool.submit(_prepare_new, make_app, settings).result()


def _prepare_new(make_app: Callable[[Settings], Flask], settings: Settings) -> bool:
    return prepare(make_app(settings), settings)


def _migrate(app: Flask, settings: Settings) -> None:
    present = readiness.database_revision()
    release()
    if present == readiness.head_revision():
        return
    if settings.is_production_like:
        raise StartError(
            f"The database is at migration {present or 'none'} and this code needs "
            f"{readiness.head_revision()}: make a backup and run `flask db upgrade`."
        )
    click.echo("Bringing the database up to date …")
    config: Any = app.extensions["migrate"].migrate.get_config()
    try:
        command.upgrade(config, "head")
    except (CommandError, RuntimeError) as error:
        raise StartError(f"The database cannot be migrated ({_first_line(error)}).") from error


def _is_empty() -> bool:
    found = read().execute(sa.select(User.id).limit(1)).first()
    release()
    return found is None


def _has_demo_logins() -> bool:
    names = (accounts.DEMO_CLIENT, accounts.DEMO_SPECIALIST)
    query = sa.select(sa.func.count()).where(User.username.in_(names), User.is_demo)
    present: int = read().execute(query).scalar_one()
    release()
    return present == len(names)


def _load_demo() -> None:
    with cli.progress("Loading demo data", sys.stdout) as show:
        try:
            operations.load(
                specialists=DEMO_SPECIALISTS,
                services_each=DEMO_SERVICES_EACH,
                clients=DEMO_CLIENTS,
                seed=DEMO_SEED,
                actor="system",
                now=utc_now(),
                progress=show,
            )
        except operations.DemoDataError as error:
            raise StartError(f"{error} Or set MARKETPLACE_DEMO_DATA=off.") from error


def _roll_free_time() -> None:
    """What a timer does elsewhere, once a day: nobody has one while developing."""
    now = utc_now()
    with cli.progress("Extending free time", sys.stdout) as show:
        free_time_jobs.roll(now, show)


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
