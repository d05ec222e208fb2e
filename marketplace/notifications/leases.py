"""Taking rows of the outbox to send them, and writing what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from marketplace.core.database import read, session, table_of, transactional
from marketplace.notifications.models import PENDING, PUSH, SENT, Notification, PushDevice

_ROWS = table_of(Notification)
_DEVICES = table_of(PushDevice)
_COLUMNS = (
    *(_ROWS.c.id, _ROWS.c.user_id, _ROWS.c.kind, _ROWS.c.subject_type, _ROWS.c.subject_id),
    *(_ROWS.c.payload, _ROWS.c.due_at, _ROWS.c.dedup_key, _ROWS.c.channel, _ROWS.c.destination),
    *(_ROWS.c.urgent, _ROWS.c.attempts),
)
MAX_ERROR = 300


class Device(NamedTuple):
    """A push device of a person."""

    id: int
    token: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. Pending means later, at `due_at`."""

    id: int
    state: str
    due_at: datetime
    attempts: int
    error: str = ""
    channel: str | None = None
    destination: str | None = None


def _due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        _ROWS.c.state == PENDING,
        _ROWS.c.due_at <= now,
        sa.or_(_ROWS.c.leased_until.is_(None), _ROWS.c.leased_until <= now),
    )


def is_any_due(now: datetime) -> bool:
    """Whether there is something to take; asked often, so without a lock."""
    return read().execute(sa.select(_ROWS.c.id).where(_due(now)).limit(1)).first() is not None


@transactional
def claim(now: datetime, until: datetime, limit: int) -> Sequence[Any]:
    """Take up to `limit` due rows until that moment; urgent ones first. Nobody else gets them
    meanwhile, and who dies with them lets them go then.
    """
    due = sa.select(*_COLUMNS).where(_due(now)).order_by(_ROWS.c.urgent.desc(), _ROWS.c.due_at)
    due = due.limit(limit).with_for_update(skip_locked=True)
    rows = session().execute(due).all()
    if rows:
        taken = sa.update(_ROWS).where(_ROWS.c.id.in_([row.id for row in rows]))
        session().execute(taken.values(leased_until=until))
    return rows


_VALUES: dict[str, Any] = {
    "state": sa.bindparam("new_state"),
    "due_at": sa.bindparam("new_due_at"),
    "ended_at": sa.bindparam("new_ended_at"),
    "attempts": sa.bindparam("new_attempts"),
    "last_error": sa.bindparam("new_error"),
    "leased_until": None,
}
_MINE = sa.and_(_ROWS.c.id == sa.bindparam("row_id"), _ROWS.c.leased_until == sa.bindparam("lease"))
# What was withdrawn while it was on its way stays so, unless it has arrived.
_LEFT = sa.update(_ROWS).where(_MINE, _ROWS.c.state == PENDING).values(_VALUES)
_ARRIVED = (
    sa.update(_ROWS)
    .where(_MINE)
    .values(
        **_VALUES,
        channel=sa.bindparam("new_channel"),
        destination=sa.bindparam("new_destination"),
    )
)


@transactional
def settle(outcomes: Iterable[Outcome], lease: datetime, now: datetime) -> None:
    """Write what became of rows taken until `lease`."""
    sent, others = [], []
    for one in outcomes:
        values = {
            "row_id": one.id,
            "lease": lease,
            "new_state": one.state,
            "new_due_at": one.due_at,
            "new_ended_at": None if one.state == PENDING else now,
            "new_attempts": one.attempts,
            "new_error": one.error[:MAX_ERROR],
        }
        if one.state == SENT:
            arrived = {"new_channel": one.channel, "new_destination": one.destination}
            sent.append(values | arrived)
        else:
            others.append(values)
    connection = session().connection()
    if sent:
        connection.execute(_ARRIVED, sent)
    if others:
        connection.execute(_LEFT, others)


def delivered(
    destinations: Sequence[str], push_users: Sequence[int], since: datetime
) -> dict[tuple[str, str | int], int]:
    """How many messages each destination got since then; a person's devices are one."""
    count = sa.func.count()
    recent = sa.and_(_ROWS.c.state == SENT, _ROWS.c.ended_at > since)
    found: dict[tuple[str, str | int], int] = {}
    if destinations:
        places = (
            sa.select(_ROWS.c.channel, _ROWS.c.destination, count)
            .where(_ROWS.c.destination.in_(destinations), recent)
            .group_by(_ROWS.c.channel, _ROWS.c.destination)
        )
        found.update({(row[0], row[1]): row[2] for row in read().execute(places)})
    if push_users:
        people = (
            sa.select(_ROWS.c.user_id, count)
            .where(_ROWS.c.user_id.in_(push_users), _ROWS.c.channel == PUSH, recent)
            .group_by(_ROWS.c.user_id)
        )
        found.update({(PUSH, row[0]): row[1] for row in read().execute(people)})
    return found


def devices_of(user_ids: Sequence[int]) -> dict[int, list[Device]]:
    """The push devices of these people."""
    found: dict[int, list[Device]] = {}
    query = sa.select(_DEVICES.c.user_id, _DEVICES.c.id, _DEVICES.c.token)
    query = query.where(_DEVICES.c.user_id.in_(user_ids)).order_by(_DEVICES.c.id)
    for user_id, device_id, token in read().execute(query):
        found.setdefault(user_id, []).append(Device(device_id, token))
    return found


@transactional
def forget_devices(devices: Sequence[Device]) -> None:
    """Delete devices that their provider no longer knows; one registered anew meanwhile stays."""
    for device in devices:
        known = sa.and_(_DEVICES.c.id == device.id, _DEVICES.c.token == device.token)
        session().execute(sa.delete(_DEVICES).where(known))
