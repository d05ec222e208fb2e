"""Marshmallow fields of dates, moments and wall times (contract, conventions)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma

from marketplace.core.fields import CatalogueField, refuse

_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-5][0-9])?",
    re.ASCII,
)
_WALL_TIME = re.compile(r"([01][0-9]|2[0-4]):[0-5][0-9]", re.ASCII)
_WALL_TIME_DOC = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Date(CatalogueField, ma.fields.Date):
    """A date `YYYY-MM-DD` of the years 2000 to 2099: no zone's clock is known further on."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"format": "date", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise refuse("date")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise refuse("date") from None


class Moment(CatalogueField, ma.fields.AwareDateTime):
    """A moment as RFC 3339 with an offset, of the years 2000 to 2099; aware, UTC inside."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"format": "date-time", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise refuse("moment")
        if not found["offset"]:
            raise refuse("offset_missing")
        try:
            return datetime.fromisoformat(found[0].upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise refuse("moment") from None


class QueryMoment(Moment):
    """A moment in a query string, where a plus sign that nobody escaped arrives as a space."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        whole = value.replace(" ", "+") if isinstance(value, str) else value
        return super()._deserialize(whole, attr, data, **kwargs)


class WallTime(CatalogueField):
    """A wall time `HH:MM`, minutes past midnight inside; `24:00` where `end_of_day` allows it."""

    def __init__(self, *, end_of_day: bool = False, **kwargs: Any) -> None:
        pattern = _WALL_TIME_DOC if not end_of_day else f"({_WALL_TIME_DOC})|(^24:00$)"
        told = {"type": "string", "pattern": pattern, "maxLength": 5}
        metadata = {**told, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self._last = 24 * 60 if end_of_day else 24 * 60 - 1

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else wall_time(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not _WALL_TIME.fullmatch(value):
            raise refuse("wall_time")
        minutes = int(value[:2]) * 60 + int(value[3:])
        if minutes > self._last:
            raise refuse("wall_time")
        return minutes


def wall_time(minutes: int) -> str:
    """Minutes past midnight as `HH:MM`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
