"""The delivery worker: takes due rows, sends them outside any transaction, writes the outcome.

At least once: a worker that dies between the two leaves rows whose lease runs out, and they are
sent again with the same key.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import release
from marketplace.notifications import leases
from marketplace.notifications.leases import Outcome
from marketplace.notifications.models import DEAD, EMAIL, PENDING, SENT
from marketplace.notifications.operations import FAREWELL
from marketplace.notifications.parcels import Parcel, Preparation
from marketplace.notifications.routing import MAX_ATTEMPTS, retry_delay
from marketplace.notifications.senders import (
    Gone,
    Permanent,
    Sender,
    Silent,
    Temporary,
    Unreachable,
)
from marketplace.settings_delivery import DeliverySettings

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=2)
# No message is begun later, so that the slowest one still ends within the lease.
BATCH_SECONDS = 50.0
# Messages in a row that a gateway lets time out before the batch leaves it alone.
SILENCES = 2
SETTLE_SECONDS = 1.0
SETTLE_PAUSES = (0.5, 1.0, 2.0, 4.0)
POLL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
_AWAY = (sa.exc.DBAPIError, sa.exc.TimeoutError)


class Worker:
    """Delivers until `stop` is set. Needs an application context."""

    def __init__(
        self,
        settings: DeliverySettings,
        senders: Mapping[str, Sender],
        *,
        brand: str,
        clock: Callable[[], datetime],
        stop: Event,
        keep_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._senders = senders
        self._brand = brand
        self._clock = clock
        self._stop = stop
        self._keep_on = keep_on

    def drain(self) -> Counter[str]:
        """Deliver what is due now; how many rows became what."""
        total: Counter[str] = Counter()
        while not self._stop.is_set() and (done := self.run_once()):
            total += done
        return total

    def watch(self) -> None:
        """Deliver what becomes due until stopped, whatever the database does meanwhile."""
        failures = 0
        while not self._stop.is_set() and self._keep_on():
            try:
                done = self.run_once()
                failures = 0
            except _AWAY as error:
                failures += 1
                done = Counter()
                log.warning("delivery waits for the database (%s)", type(error).__name__)
                with suppress(*_AWAY):
                    release()
            if not done:
                pause = POLL_SECONDS * 2 ** min(failures, 10)
                self._stop.wait(min(pause, LONGEST_PAUSE_SECONDS))

    def close(self) -> None:
        """Let go of all connections."""
        for sender in self._senders.values():
            sender.close()

    def run_once(self) -> Counter[str]:
        """One batch; how many of its rows became what."""
        began, now = time.monotonic(), self._clock()
        due = leases.is_any_due(now)
        release()
        if not due:
            return Counter()
        lease = now + LEASE
        rows = leases.claim(now, lease, BATCH)
        preparation = Preparation(
            self._settings, frozenset(self._senders), brand=self._brand, now=now
        )
        parcels, outcomes = preparation.of(rows)
        # Nothing of the database is held while gateways take their time.
        release()
        batch = _Batch(lease, self._clock, outcomes)
        try:
            for parcel in parcels:
                late = time.monotonic() - began > BATCH_SECONDS
                if late or self._stop.is_set():
                    batch.add(_later(parcel.row, parcel.row.due_at))
                    continue
                self._deliver(parcel, batch)
        finally:
            batch.settle()
        if batch.counts:
            told = ", ".join(f"{count} {state}" for state, count in sorted(batch.counts.items()))
            log.info("delivery: %s", told)
        return batch.counts

    def _deliver(self, parcel: Parcel, batch: _Batch) -> None:
        channel = parcel.route.channel
        if channel in batch.broken:
            batch.add(self._failed(parcel.row, batch.broken[channel]))
            return
        try:
            outcome = self._sent(parcel)
            batch.silences[channel] = 0
        except Unreachable as error:
            batch.broken[channel] = str(error)
            outcome = self._failed(parcel.row, str(error))
        except Silent as error:
            # The other channels' messages, codes among them, must not wait for each to time out.
            batch.silences[channel] += 1
            if batch.silences[channel] >= SILENCES:
                batch.broken[channel] = str(error)
            outcome = self._failed(parcel.row, str(error))
        except Temporary as error:
            outcome = self._failed(parcel.row, str(error))
        except Permanent as error:
            outcome = _ended(parcel.row, DEAD, str(error))
        except Exception as error:  # noqa: BLE001 - one strange message must not stop the others
            # Its text is kept out: it may hold an address.
            reason = f"failed unexpectedly ({type(error).__name__})"
            log.error("notification %d %s", parcel.row.id, reason)  # noqa: TRY400
            outcome = self._failed(parcel.row, reason)
        batch.add(outcome)
        # One SMS costs money and a push buzzes: those are not left open to being sent again.
        if channel != EMAIL or batch.is_old():
            batch.settle()

    def _sent(self, parcel: Parcel) -> Outcome:
        sender = self._senders[parcel.route.channel]
        row, route = parcel.row, parcel.route
        if not parcel.devices:
            sender.send(parcel.message)
        elif not self._push(sender, parcel):
            # Every device is gone; the next best place is looked for.
            gone = "no push device is left"
            return self._failed(row, gone, at_once=True)
        kept = None if row.kind == FAREWELL else route.destination
        return Outcome(
            row.id, SENT, row.due_at, row.attempts + 1, channel=route.channel, destination=kept
        )

    def _push(self, sender: Sender, parcel: Parcel) -> bool:
        """Send to every device of the person; whether one took it. Raises when none did and one
        might later.
        """
        took, gone = False, []
        trouble: Temporary | Permanent | None = None
        for device in parcel.devices:
            try:
                sender.send(parcel.to(device.token))
                took = True
            except Gone:
                gone.append(device)
            except (Unreachable, Silent) as error:
                # Twenty devices would each wait as long, and the lease runs.
                trouble = error
                break
            except (Temporary, Permanent) as error:
                trouble = trouble if isinstance(trouble, Temporary) else error
        if gone:
            leases.forget_devices(gone)
        if not took and trouble is not None:
            raise trouble
        return took

    def _failed(self, row: Any, reason: str, *, at_once: bool = False) -> Outcome:
        attempts = row.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            return Outcome(row.id, DEAD, row.due_at, attempts, reason)
        delay = timedelta(0) if at_once else retry_delay(attempts)
        return Outcome(row.id, PENDING, self._clock() + delay, attempts, reason)


class _Batch:
    """What became of a batch's rows so far, and which channels are broken."""

    def __init__(
        self, lease: datetime, clock: Callable[[], datetime], outcomes: Sequence[Outcome]
    ) -> None:
        self.broken: dict[str, str] = {}
        self.silences: Counter[str] = Counter()
        self.counts: Counter[str] = Counter(_name(each) for each in outcomes)
        self._open = list(outcomes)
        self._lease = lease
        self._clock = clock
        self._since = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        self._open.append(outcome)
        self.counts[_name(outcome)] += 1

    def is_old(self) -> bool:
        return time.monotonic() - self._since > SETTLE_SECONDS

    def settle(self) -> None:
        for pause in (*SETTLE_PAUSES, None):
            if not self._open:
                break
            try:
                leases.settle(self._open, self._lease, self._clock())
                self._open = []
            except _AWAY:
                # What is sent and not written is sent twice: worth some patience.
                if pause is None:
                    raise
                with suppress(*_AWAY):
                    release()
                time.sleep(pause)
        self._since = time.monotonic()


def _name(outcome: Outcome) -> str:
    return "waiting" if outcome.state == PENDING else outcome.state


def _later(row: Any, due_at: datetime, reason: str = "") -> Outcome:
    return Outcome(row.id, PENDING, due_at, row.attempts, reason)


def _ended(row: Any, state: str, reason: str) -> Outcome:
    return Outcome(row.id, state, row.due_at, row.attempts + 1, reason)
