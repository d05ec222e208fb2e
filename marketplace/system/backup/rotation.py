"""What backups are called, and which of them are kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime

DAILY, WEEKLY, MONTHLY = 7, 4, 6
PREFIX = "marketplace-"
_MOMENT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(rf"{PREFIX}([0-9]{{8}}T[0-9]{{6}}Z)\.tar(\.gpg|\.age)?")


def name_of(moment: datetime, suffix: str) -> str:
    """The name of a backup made at a moment; `suffix` tells how it is encrypted."""
    return f"{PREFIX}{stamp(moment)}.tar{suffix}"


def stamp(moment: datetime) -> str:
    """A moment in UTC, to the second, as names of files hold it."""
    return moment.astimezone(UTC).strftime(_MOMENT)


def moment_of(name: str) -> datetime | None:
    """When a backup was made; None for a name that no backup has."""
    found = _NAME.fullmatch(name)
    try:
        return found and datetime.strptime(found[1], _MOMENT).replace(tzinfo=UTC)
    except ValueError:  # a month 13
        return None


def kept(moments: Iterable[datetime]) -> set[datetime]:
    """Those of the moments, in UTC, whose backups stay: the newest of each of the last 7 days, 4
    weeks and 6 months that have one. Days without a backup count for nothing, so a timer that stood
    still for a month costs none of the old ones.
    """
    newest_first = sorted(set(moments), reverse=True)
    keep: set[datetime] = set()
    rules: tuple[tuple[int, Callable[[datetime], Hashable]], ...] = (
        (DAILY, datetime.date),
        (WEEKLY, lambda moment: moment.isocalendar()[:2]),
        (MONTHLY, lambda moment: (moment.year, moment.month)),
    )
    for count, period in rules:
        newest: dict[Hashable, datetime] = {}
        for moment in newest_first:
            newest.setdefault(period(moment), moment)
        keep.update(list(newest.values())[:count])
    return keep
