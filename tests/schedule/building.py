"""From the plain cases of these tests to the objects under test, and moments to read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from schedule.naive import Case

from marketplace.schedule.availability import Availability, Diary, Terms
from marketplace.schedule.working_time import ExceptionDates, WorkingTime

CHANGES = (
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Asia/Beirut", "2026-03-29"),
    ("Asia/Beirut", "2026-10-25"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/St_Johns", "2010-03-14"),
    ("America/St_Johns", "2010-11-07"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Asia/Pyongyang", "2015-08-15"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Chatham", "2026-04-05"),
    ("Pacific/Chatham", "2026-09-27"),
    ("Asia/Kolkata", "2026-03-29"),
    ("Pacific/Kiritimati", "2026-03-29"),
)


def utc(text: str) -> int:
    """The seconds of a UTC moment written `2026-03-29 01:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def local(zone: str, text: str, fold: int = 0) -> int:
    """The seconds of a wall time, of its second occurrence when `fold` is 1."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(wall.timestamp())


def moment(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def working(case: Case) -> WorkingTime:
    exceptions = tuple(ExceptionDates(*one) for one in case.exceptions)
    return WorkingTime(hours=case.hours, exceptions=exceptions)


def availability(case: Case) -> Availability:
    terms = Terms(
        timezone=case.zone,
        step=case.step,
        min_notice=case.notice,
        horizon_days=case.horizon,
        buffer_before=case.before,
        buffer_after=case.after,
    )
    claims = [(int(since.timestamp()), int(until.timestamp())) for since, until in case.claims]
    diary = Diary(working=working(case), has_hours=case.has_hours, claims=claims)
    return Availability(terms, diary, case.duration, case.now)
