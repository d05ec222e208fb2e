"""The one place that asks what time it is. Everything below routes and commands takes `now`."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def wire_moment(moment: datetime) -> str:
    """An aware moment as RFC 3339 in UTC: `2026-11-24T07:00:00Z`, microseconds if it has any."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat()[:-6]}Z"
