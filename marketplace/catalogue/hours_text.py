"""Working hours as a person reads them: «пн–пт 10:00–19:00». Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_DAYS = {
    "ru": ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def hours_lines(hours: Iterable[Mapping[str, object]], language: str) -> list[str]:
    """A line for each run of weekdays with the same intervals, from Monday on; days off have none.
    `hours` are the intervals as data: `weekday` (Monday is 1), `start`, `end`.
    """
    days: dict[int, list[str]] = {}
    for each in hours:
        weekday = int(str(each["weekday"]))
        days.setdefault(weekday, []).append(f"{each['start']}–{each['end']}")
    runs: list[tuple[int, int, Sequence[str]]] = []
    for weekday, intervals in sorted(days.items()):
        if runs and runs[-1][1] == weekday - 1 and runs[-1][2] == intervals:
            runs[-1] = (runs[-1][0], weekday, intervals)
        else:
            runs.append((weekday, weekday, intervals))
    names = _DAYS[language]
    return [
        f"{_days(names, first, last)} {', '.join(intervals)}" for first, last, intervals in runs
    ]


def _days(names: Sequence[str], first: int, last: int) -> str:
    if first == last:
        return names[first - 1]
    joint = ", " if last == first + 1 else "–"
    return f"{names[first - 1]}{joint}{names[last - 1]}"
