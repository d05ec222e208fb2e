"""From rows of the outbox to messages: route, quiet hours, cap, text; few queries for a batch."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import jinja2
import sqlalchemy as sa

from marketplace.notifications import leases, queries, texts
from marketplace.notifications.leases import Device, Outcome
from marketplace.notifications.models import CANCELLED, DEAD, PENDING, PUSH, SMS
from marketplace.notifications.readers import NOBODY, Reader
from marketplace.notifications.routing import (
    CAP_PAUSE,
    CAP_WINDOW,
    CODES,
    MAX_ATTEMPTS,
    NotConfigured,
    Nowhere,
    Route,
    find_route,
    has_passed,
    morning_after,
)
from marketplace.notifications.senders import Message, message_key
from marketplace.settings_delivery import DeliverySettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A row ready to be sent; a push to a person goes to each of the devices."""

    row: Any
    route: Route
    message: Message
    devices: Sequence[Device] = ()

    def to(self, destination: str) -> Message:
        """The same message for one device."""
        return replace(self.message, destination=destination)


class _Decided(Exception):
    """The row needs no sending now."""

    def __init__(self, state: str, reason: str, due_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.state, self.reason, self.due_at = state, reason, due_at


class Preparation:
    """Turns a batch into parcels, and into outcomes where nothing is to be sent now."""

    def __init__(
        self,
        settings: DeliverySettings,
        configured: frozenset[str],
        *,
        brand: str,
        now: datetime,
    ) -> None:
        self._settings = settings
        self._configured = configured
        self._brand = brand
        self._now = now
        self._readers: dict[int, Reader] = {}
        self._devices: dict[int, list[Device]] = {}
        self._delivered: dict[tuple[str, str | int], int] = {}
        self._payloads: dict[int, Any] = {}

    def of(self, rows: Sequence[Any]) -> tuple[list[Parcel], list[Outcome]]:
        """The parcels, in the rows' order, and what is decided already."""
        people = sorted({row.user_id for row in rows if row.user_id is not None})
        self._readers = dict(queries.readers_of(people))
        self._devices = leases.devices_of(people)
        outcomes: list[Outcome] = []
        routed: list[tuple[Any, Route]] = []
        parcels: list[Parcel] = []
        for row in rows:
            with self._deciding(row, outcomes):
                routed.append((row, self._route(row)))
        self._count(routed)
        self._payloads = queries.fill([row for row, _ in routed])
        for row, route in routed:
            with self._deciding(row, outcomes):
                parcels.append(self._parcel(row, route))
        return parcels, outcomes

    @contextmanager
    def _deciding(self, row: Any, outcomes: list[Outcome]) -> Iterator[None]:
        try:
            yield
        except _Decided as decided:
            outcomes.append(self._outcome(row, decided))
        except (sa.exc.DBAPIError, sa.exc.TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - one strange row must not stop the others
            reason = f"it cannot be prepared ({type(error).__name__})"
            log.error("notification %d: %s", row.id, reason)  # noqa: TRY400 - may hold an address
            outcomes.append(self._outcome(row, _Decided(DEAD, reason)))

    def _outcome(self, row: Any, decided: _Decided) -> Outcome:
        due_at = decided.due_at or row.due_at
        attempts = min(row.attempts, MAX_ATTEMPTS)
        return Outcome(row.id, decided.state, due_at, attempts, decided.reason)

    def _reader(self, row: Any) -> Reader:
        return self._readers.get(row.user_id, NOBODY)

    def _route(self, row: Any) -> Route:
        reader = self._reader(row)
        if has_passed(row.kind, row.payload.get("starts_at"), self._now):
            raise _Decided(CANCELLED, "its moment has passed")
        try:
            route = find_route(
                row.kind,
                row.channel,
                row.destination,
                reader,
                has_devices=row.user_id in self._devices,
                configured=self._configured,
            )
        except Nowhere as error:
            raise _Decided(CANCELLED, str(error)) from None
        except NotConfigured as error:
            raise _Decided(DEAD, str(error)) from None
        if not row.urgent and route.channel in (SMS, PUSH):
            morning = morning_after(self._now, reader.timezone, self._settings.quiet_hours)
            if morning is not None:
                raise _Decided(PENDING, "waits for the morning", morning)
        return route

    def _count(self, routed: Sequence[tuple[Any, Route]]) -> None:
        named = {route.destination for _, route in routed if route.destination is not None}
        people = {row.user_id for row, route in routed if route.destination is None}
        since = self._now - CAP_WINDOW
        self._delivered = leases.delivered(sorted(named), sorted(people), since)

    def _parcel(self, row: Any, route: Route) -> Parcel:
        place = (route.channel, route.destination or row.user_id)
        had = self._delivered.get(place, 0)
        if had >= self._settings.daily_cap and not row.urgent:
            raise _Decided(PENDING, "the daily cap is reached", self._now + CAP_PAUSE)
        reader = self._reader(row)
        payload = self._payload(row)
        try:
            written = texts.write(row.kind, payload, reader.language, reader.timezone, self._brand)
        except (LookupError, ValueError, TypeError, jinja2.TemplateError) as error:
            reason = f"its text cannot be made ({type(error).__name__})"
            raise _Decided(DEAD, reason) from None
        self._delivered[place] = had + 1
        message = Message(
            row.id,
            message_key(row.dedup_key),
            row.kind,
            route.destination or "",
            written.title,
            written.plain if route.channel not in (SMS, PUSH) else written.short,
            written.html,
            {"subject_type": row.subject_type, "subject_id": str(row.subject_id)},
        )
        to_all = route.channel == PUSH and route.destination is None
        return Parcel(row, route, message, self._devices[row.user_id] if to_all else ())

    def _payload(self, row: Any) -> Any:
        payload = self._payloads[row.id]
        if payload is None:
            raise _Decided(CANCELLED, "out of date")
        if row.kind in CODES and not payload.get("code"):
            raise _Decided(DEAD, "nobody fills in the code")
        return payload
