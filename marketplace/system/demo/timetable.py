"""Demo schedules as rows: settings, weekly hours and exceptions. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from marketplace.system.demo.cast import Person, Plan, draws, members

Row = dict[str, Any]
Hours = tuple[tuple[int, tuple[tuple[int, int], ...]], ...]

_DAY, _BREAK = ((600, 1140),), ((600, 840), (900, 1140))
_WEEKDAYS, _SIX_DAYS = range(1, 6), range(1, 7)
# What a specialist's week looks like: weekdays and the intervals of each.
_WEEKS: tuple[Hours, ...] = (
    tuple((day, _BREAK) for day in _WEEKDAYS),
    tuple((day, _DAY) for day in _SIX_DAYS),
    tuple((day, ((540, 780), (840, 1260))) for day in (2, 3, 4, 5, 6, 7)),
    (*((day, ((1020, 1320),)) for day in _WEEKDAYS), (6, _DAY), (7, _DAY)),
    tuple((day, ((480, 1200),)) for day in (1, 3, 5, 7)),
)
_STEPS, _NOTICES = (15, 30, 30, 60), (60, 120, 120, 720)
_HORIZONS, _CANCEL_NOTICES = (30, 60, 60, 90), (0, 120, 720, 1_440)
_BUFFERS = (0, 0, 10, 15, 30)
_CONFIRM_BY_HAND, _AWAY = 0.25, 0.4
_REASONS = ("Отпуск", "Учёба", "Выходной", "Семейные дела")


def schedules(plan: Plan) -> Iterator[Row]:
    """Rows of `schedules`, in the order of `users`."""
    for person in members(plan):
        yield {
            "user_id": plan.first_user + person.offset,
            **settings(plan, person),
            "updated_at": person.joined_at,
            "version": 1,
        }


def settings(plan: Plan, person: Person) -> Row:
    """How a person takes bookings; clients and the demo specialist as everybody begins."""
    usual = {
        "slot_step_minutes": 30,
        "min_notice_minutes": 120,
        "horizon_days": 60,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "auto_confirm": True,
        "cancel_notice_minutes": 0,
    }
    if not person.index:
        return usual
    random = draws(plan, "schedule", person.offset)
    return usual | {
        "slot_step_minutes": random.choice(_STEPS),
        "min_notice_minutes": random.choice(_NOTICES),
        "horizon_days": random.choice(_HORIZONS),
        "buffer_after_minutes": random.choice(_BUFFERS),
        "auto_confirm": random.random() >= _CONFIRM_BY_HAND,
        "cancel_notice_minutes": random.choice(_CANCEL_NOTICES),
    }


def working_hours(plan: Plan) -> Iterator[Row]:
    """Rows of `working_hours`, specialist by specialist."""
    for person in members(plan):
        if person.index is None:
            continue
        for weekday, intervals in week(plan, person):
            for start, end in intervals:
                yield {
                    "user_id": plan.first_user + person.offset,
                    "weekday": weekday,
                    "start_minute": start,
                    "end_minute": end,
                }


def week(plan: Plan, person: Person) -> Hours:
    """A specialist's weekly hours: weekdays, each with its intervals."""
    return draws(plan, "hours", person.offset).choice(_WEEKS) if person.index else _WEEKS[0]


def exceptions(plan: Plan) -> Iterator[tuple[Row, list[Row]]]:
    """Rows of `schedule_exceptions`, each with those of its `exception_intervals`; the first is
    the demo specialist's: a shorter day, a month ahead.
    """
    number = 0
    for person in members(plan):
        random = draws(plan, "away", person.offset)
        if person.index is None or (person.index and random.random() >= _AWAY):
            continue
        exception_id = plan.first_exception + number
        number += 1
        today = plan.now.date()
        first = today + timedelta(days=30 if not person.index else random.randint(1, 45))
        days = 1 if not person.index else random.choice((1, 1, 2, 7, 14))
        yield (
            {
                "id": exception_id,
                "user_id": plan.first_user + person.offset,
                "date_from": first,
                "date_to": first + timedelta(days=days - 1),
                "reason": random.choice(_REASONS) if person.index else "Короткий день",
                "created_at": person.joined_at,
            },
            _short_day(random, exception_id) if not person.index or days == 1 else [],
        )


def _short_day(random: Random, exception_id: int) -> list[Row]:
    start = random.choice((540, 600, 720))
    return [{"exception_id": exception_id, "start_minute": start, "end_minute": start + 240}]


def size(plan: Plan) -> int:
    """How many rows of hours, exceptions and their intervals there are."""
    away = sum(1 + len(intervals) for _, intervals in exceptions(plan))
    return away + sum(1 for _ in working_hours(plan))
