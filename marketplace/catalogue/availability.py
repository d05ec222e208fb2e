"""The window in which whoever is looked for is to be free."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from marketplace.core.errors import Code, DomainError, invalid
from marketplace.schedule.free_time import Window, is_built, window
from marketplace.schedule.localtime import day_of, zone

# Contract section 4.
MAX_HORIZON = timedelta(days=365)
_ONE_DAY = timedelta(days=1)
_DAY_MINUTES = 1_440
_RETRY_AFTER_SECONDS = 3_600
# Without a zone a date is each specialist's own: past when it is past for all of them.
_LAST_TO_END, _FIRST_TO_BEGIN = "Etc/GMT+12", "Etc/GMT-14"


def window_of(query: Mapping[str, Any], now: datetime) -> Window | None:
    """The window of a loaded `CatalogueQuery`, None when it names none.

    Raises 422 for a date on which nobody can be free, 503 while nobody knows who is.
    """
    day = query.get("available_on")
    if day is None:
        return None
    timezone = query.get("tz")
    if day < _today(timezone or _LAST_TO_END, now):
        raise invalid("available_on", "date_in_the_past")
    # The date of the specialist counts for the horizon, and may be the next one; when it ends, the
    # clock asked for may be another day ahead.
    ahead = timedelta() if timezone is None else _ONE_DAY
    if day > _today(_FIRST_TO_BEGIN, now) + MAX_HORIZON + ahead:
        raise invalid("available_on", "date_too_far")
    require_built(now)
    since, until = query.get("available_from", 0), query.get("available_to", _DAY_MINUTES)
    return window(day, since, until, timezone, now)


def require_built(now: datetime) -> None:
    """Raise 503 while nobody knows who is free."""
    if not is_built(now):
        raise DomainError(
            Code.SERVICE_UNAVAILABLE, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)}
        )


def _today(timezone: str, now: datetime) -> date:
    return day_of(zone(timezone).wall(int(now.timestamp() // 1)))
