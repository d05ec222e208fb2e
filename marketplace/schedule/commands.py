"""`flask schedule`: what a specialist's time is made of."""

from __future__ import annotations

from datetime import timedelta

import click

from marketplace.auth.administration import find_user
from marketplace.core import cli
from marketplace.core.clock import utc_now
from marketplace.schedule import queries, views
from marketplace.schedule.localtime import day_of, seconds_of, zone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_AHEAD = timedelta(days=365)

schedule = cli.AdminGroup("schedule", help="Specialists' working time.")


@schedule.command("show")
@click.argument("user", metavar="USER")
@cli.json_option
def show(*, user: str, as_json: bool) -> None:
    """Show a person's settings, weekly hours and the exceptions of the coming year."""
    person = find_user(user)
    settings = queries.settings_of(person.id)
    today = day_of(zone(settings.timezone).wall(seconds_of(utc_now())))
    exceptions = queries.working_time(person.id, today, today + _AHEAD).exceptions
    weekly = views.hours_view(queries.weekly_hours(person.id))["hours"]
    if as_json:
        dates = [
            {
                "date_from": one.date_from.isoformat(),
                "date_to": one.date_to.isoformat(),
                "intervals": views.intervals_view(one.intervals),
                "reason": one.reason,
            }
            for one in exceptions
        ]
        shown = {"hours": weekly, "exceptions": dates}
    else:
        shown = {
            "hours": [f"{_DAYS[h['weekday'] - 1]} {h['start']}-{h['end']}" for h in weekly],
            "exceptions": [
                f"{one.date_from}..{one.date_to} "
                + (
                    " ".join(
                        f"{i['start']}-{i['end']}" for i in views.intervals_view(one.intervals)
                    )
                    or "off"
                )
                for one in exceptions
            ],
        }
    cli.emit_record(
        {"user": str(person), **views.settings_view(settings), **shown}, as_json=as_json
    )


GROUPS = (schedule,)
