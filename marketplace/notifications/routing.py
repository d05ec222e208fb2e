"""Where a notification goes, when it may, and when it is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from marketplace.notifications.models import EMAIL, PUSH, SMS
from marketplace.notifications.readers import Reader

VARIABLES = {EMAIL: "SMTP_URL", SMS: "SMS_URL", PUSH: "PUSH_CREDENTIALS"}
CODES = frozenset({"code_email", "code_phone", "code_password"})
SECURITY = frozenset(
    {
        *("password_changed", "password_reset", "email_changed", "phone_changed", "new_device"),
        *("session_replayed", "identity_linked", "identity_unlinked"),
    }
)
MAX_ATTEMPTS = 12
CAP_WINDOW = timedelta(hours=24)
CAP_PAUSE = timedelta(hours=1)
_FIRST_DELAY = timedelta(seconds=10)
_LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Route:
    """A channel and a destination; a push without one goes to all the person's devices."""

    channel: str
    destination: str | None


class Nowhere(Exception):
    """There is no place to send it to, as things stand. The text is for an admin."""


class NotConfigured(Exception):
    """There is a place, but no gateway to it. The text is for an admin."""


def find_route(
    kind: str,
    channel: str | None,
    destination: str | None,
    reader: Reader,
    *,
    has_devices: bool,
    configured: frozenset[str],
) -> Route:
    """Where it goes: exactly to what is named, else to the best place the person has.

    Raises `Nowhere` or `NotConfigured`.
    """
    if channel is not None and destination is not None:
        places = [Route(channel, destination)]
    elif kind in CODES:
        raise Nowhere("a code without its destination")
    else:
        places = _places(kind, reader, has_devices=has_devices)
        if channel is not None:
            places = _own(channel, reader, has_devices=has_devices)
    for place in places:
        if place.channel in configured:
            return place
    if not places:
        raise Nowhere("the person has no place for it" + (f" ({channel})" if channel else ""))
    missing = places[0].channel
    raise NotConfigured(f"{missing} is not configured (MARKETPLACE_{VARIABLES[missing]})")


def _places(kind: str, reader: Reader, *, has_devices: bool) -> list[Route]:
    places: list[Route] = []
    if kind not in SECURITY and has_devices:
        places.append(Route(PUSH, None))
    if reader.email and reader.email_verified:
        places.append(Route(EMAIL, reader.email))
    if kind in SECURITY:
        if reader.phone and reader.phone_verified:
            places.append(Route(SMS, reader.phone))
        if reader.email and not reader.email_verified:
            places.append(Route(EMAIL, reader.email))
    return places


def _own(channel: str, reader: Reader, *, has_devices: bool) -> list[Route]:
    if channel == PUSH:
        return [Route(PUSH, None)] if has_devices else []
    destination = reader.email if channel == EMAIL else reader.phone
    return [Route(channel, destination)] if destination else []


def morning_after(
    now: datetime, timezone: str, quiet_hours: tuple[time, time] | None
) -> datetime | None:
    """When the quiet hours that reign at `now` in that zone end; None when none do."""
    if quiet_hours is None:
        return None
    begin, end = quiet_hours
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    wall = local.time()
    is_quiet = begin <= wall < end if begin < end else wall >= begin or wall < end
    if not is_quiet:
        return None
    day = local.date() if wall < end else local.date() + timedelta(days=1)
    morning = datetime.combine(day, end, zone).astimezone(now.tzinfo)
    # A clock that is set back repeats wall times: the morning may seem over already.
    return morning if morning > now else now + timedelta(hours=1)


def has_passed(kind: str, starts_at: str | None, now: datetime) -> bool:
    """Whether a reminder would remind of what has begun."""
    if not kind.startswith("reminder_") or not starts_at:
        return False
    return datetime.fromisoformat(starts_at) <= now


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubled each time, up to an hour, spread out."""
    longest: timedelta = min(_FIRST_DELAY * 2 ** int(min(attempts - 1, 16)), _LONGEST_DELAY)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 - jitter
