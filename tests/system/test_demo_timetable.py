"""Demo schedules: the same for everybody, and inside the contract's bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.auth.models import Identity, Session, User
from marketplace.extensions import db
from marketplace.profile.models import Profile
from marketplace.schedule.models import (
    ExceptionInterval,
    Schedule,
    ScheduleException,
    WorkingHours,
)
from marketplace.schedule.schemas import ExceptionIn, HoursIn, SettingsPatch
from marketplace.schedule.views import exception_view, hours_view
from marketplace.services.models import Service
from marketplace.system.demo import operations, timetable
from marketplace.system.demo.cast import Plan

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MODELS = (Schedule, WorkingHours, ScheduleException, ExceptionInterval)
NOT_SETTINGS = {"user_id", "updated_at", "version"}


def plan(**changes):
    numbers = {"specialists": 200, "services_each": 10, "clients": 100, "seed": 1, "now": NOW}
    return Plan(**(numbers | changes))


def everything(made):
    parts = (timetable.schedules, timetable.working_hours, timetable.exceptions)
    return [list(part(made)) for part in parts]


def hours_of(made):
    """(weekday, start, end) of every interval, by user."""
    weeks = {}
    for row in timetable.working_hours(made):
        span = (row["weekday"], row["start_minute"], row["end_minute"])
        weeks.setdefault(row["user_id"], []).append(span)
    return weeks


def test_the_same_seed_gives_the_same_schedules():
    assert everything(plan()) == everything(plan())
    assert everything(plan(seed=2)) != everything(plan())


def test_nobodys_schedule_changes_when_there_are_more_people():
    few, more = plan(), plan(specialists=300)

    for part in (timetable.schedules, timetable.exceptions):
        rows = list(part(few))[:60]
        assert list(islice(part(more), 60)) == rows
    assert {user: hours_of(more)[user] for user in range(1, 100) if user != 2} == {
        user: hours_of(few)[user] for user in range(1, 100) if user != 2
    }


def test_everybody_has_settings_the_api_would_take():
    rows = list(timetable.schedules(plan()))

    assert [row["user_id"] for row in rows] == list(range(1, 301))
    for row in rows:
        settings = {name: value for name, value in row.items() if name not in NOT_SETTINGS}
        assert SettingsPatch().load(settings) == settings
    assert len({row["slot_step_minutes"] for row in rows}) == 3
    assert {row["auto_confirm"] for row in rows} == {True, False}


def test_specialists_work_weeks_the_api_would_take_and_clients_none():
    weeks = hours_of(plan())

    assert len(weeks) == 200
    assert 2 not in weeks  # demo_client
    for week in weeks.values():
        assert len(HoursIn().load(hours_view(week))["hours"]) == len(week)
    assert len({tuple(week) for week in weeks.values()}) > 3


def test_exceptions_would_be_taken_too_and_never_share_a_date():
    found = list(timetable.exceptions(plan()))

    assert [row["id"] for row, _ in found] == list(range(1, len(found) + 1))
    assert len(found) > 40
    assert len({row["user_id"] for row, _ in found}) == len(found)
    for row, intervals in found:
        assert {interval["exception_id"] for interval in intervals} <= {row["id"]}
        spans = [(interval["start_minute"], interval["end_minute"]) for interval in intervals]
        shown = exception_view(ScheduleException(**row), spans)
        shown.pop("id")
        assert ExceptionIn().load(shown)["date_from"] == row["date_from"]
        assert row["date_from"] > NOW.date()


def test_the_first_exception_is_the_demo_specialists_short_day():
    row, intervals = next(timetable.exceptions(plan()))

    assert (row["id"], row["user_id"], row["reason"]) == (1, 1, "Короткий день")
    assert row["date_from"] == row["date_to"] == NOW.date() + timedelta(days=30)
    assert len(intervals) == 1


def test_the_size_is_the_number_of_rows():
    _, hours, exceptions = everything(plan())

    rows = len(hours) + sum(1 + len(intervals) for _, intervals in exceptions)
    assert timetable.size(plan()) == rows


@pytest.fixture
def stored(app: Flask):
    def count(*models):
        with db.engine.connect() as connection:
            counting = sa.select(sa.func.count())
            return [connection.scalar(counting.select_from(model)) for model in models or MODELS]

    with app.app_context():
        yield count
        operations.clear(actor="system", now=NOW)


def test_schedules_are_loaded_and_cleared_with_the_rest(stored):
    operations.load(specialists=20, services_each=1, clients=5, seed=1, actor="system", now=NOW)
    loaded = stored()
    with db.engine.connect() as connection:
        owner = sa.select(User.username).join(
            ScheduleException, User.id == ScheduleException.user_id
        )
        owners = connection.scalars(owner.where(ScheduleException.id == 1)).all()
    operations.clear(actor="system", now=NOW)

    assert loaded[0] == 25
    assert min(loaded) >= 1
    assert owners == ["demo_specialist"]
    assert stored() == [0, 0, 0, 0]


def test_progress_is_told_up_to_the_end(stored):
    told = []

    def note(done, total):
        told.append((done, total))

    operations.load(
        specialists=20,
        services_each=3,
        clients=5,
        seed=1,
        actor="system",
        now=NOW,
        progress=note,
    )

    assert [done for done, _ in told] == sorted(done for done, _ in told)
    # Bookings and free time are told by specialists, services once more when search knows them.
    steps = sum(stored(User, Profile, Service, Service, Session, Identity, *MODELS)) + 2 * 20
    assert told[-1] == (steps, steps)
