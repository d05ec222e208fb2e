"""What is forgotten with time: each rule in batches of short transactions, safe twice at once.

Features that come later in the house hand their sweeps forward (`on_sweep`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import OneTimeCode, Session, User
from marketplace.auth.tokens import REFRESH_LIFETIME
from marketplace.core.database import session, table_of, transactional
from marketplace.core.idempotency import IdempotencyKey
from marketplace.notifications.models import PENDING, Notification
from marketplace.notifications.privacy import BLANK

_BATCH = 500
# A feature's own sweep: told the moment and whether to count only, it says how many it swept.
Sweep = Callable[[datetime, bool], int]
_sweeps: dict[str, Sweep] = {}


def on_sweep(name: str, sweep: Sweep) -> None:
    """Register what else is swept (files that no row names any more), by the name it is told."""
    _sweeps[name] = sweep


@dataclass(frozen=True, slots=True)
class Periods:
    """How long what is over is kept."""

    codes: timedelta
    sessions: timedelta
    messages: timedelta
    outbox: timedelta


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table that are due, and the values that blank them; without any they go."""

    name: str
    table: sa.Table
    due: sa.ColumnElement[bool]
    values: Mapping[str, Any] | None = None


def rules(periods: Periods, now: datetime) -> list[Rule]:
    """Every rule, with what is due at this moment."""
    codes, sessions = table_of(OneTimeCode), table_of(Session)
    keys, outbox = table_of(IdempotencyKey), table_of(Notification)
    seen_last = now - periods.sessions
    is_over = sa.or_(
        sessions.c.ended_at < seen_last,
        sessions.c.expires_at < seen_last,
        sessions.c.refresh_issued_at < seen_last - REFRESH_LIFETIME,
    )
    is_ended = outbox.c.state != PENDING
    holds_text = sa.or_(
        sa.cast(outbox.c.payload, sa.Text) != "{}",
        outbox.c.destination.is_not(None),
        outbox.c.last_error != "",
    )
    # What an erased person was told last is forgotten as soon as it is sent.
    of_erased = outbox.c.user_id.in_(sa.select(User.id).where(User.erased_at.is_not(None)))
    ended_at, goes = outbox.c.ended_at, now - periods.outbox
    is_old = sa.or_(ended_at < now - periods.messages, of_erased)
    return [
        Rule("one-time codes", codes, codes.c.expires_at < now - periods.codes),
        Rule("sessions", sessions, is_over),
        Rule("idempotency keys", keys, keys.c.expires_at <= now),
        Rule("notifications", outbox, sa.and_(is_ended, ended_at < goes)),
        Rule(
            "texts of messages",
            outbox,
            sa.and_(is_ended, ended_at >= goes, is_old, holds_text),
            BLANK,
        ),
    ]


def count(periods: Periods, now: datetime) -> Iterator[tuple[str, int]]:
    """How many rows each rule would take, nothing being changed."""
    for rule in rules(periods, now):
        query = sa.select(sa.func.count()).select_from(rule.table).where(rule.due)
        yield rule.name, session().scalars(query).one()
    for name, sweep in _sweeps.items():
        yield name, sweep(now, True)


def run(periods: Periods, now: datetime) -> Iterator[tuple[str, int]]:
    """Apply the rules one after another; how many rows each took."""
    for rule in rules(periods, now):
        taken = 0
        after: list[Any] | None = None
        while True:
            after, done = _batch(rule, after)
            taken += done
            if after is None:
                break
        yield rule.name, taken
    for name, sweep in _sweeps.items():
        yield name, sweep(now, False)


@transactional
def _batch(rule: Rule, after: list[Any] | None) -> tuple[list[Any] | None, int]:
    """Take the next rows by key; where to go on, and how many they were."""
    keys = list(rule.table.primary_key.columns)
    query = sa.select(*keys).where(rule.due).order_by(*keys).limit(_BATCH)
    if after is not None:
        last = [sa.literal(value, key.type) for value, key in zip(after, keys, strict=True)]
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*last))
    # What another run has in hand is left to it.
    found = session().execute(query.with_for_update(skip_locked=True)).all()
    if not found:
        return None, 0
    rows = [tuple(row) for row in found]
    mine = sa.and_(rule.due, sa.tuple_(*keys).in_(rows) if len(keys) > 1 else _in(keys[0], rows))
    if rule.values is None:
        session().execute(sa.delete(rule.table).where(mine))
    else:
        session().execute(sa.update(rule.table).where(mine).values(**rule.values))
    return list(rows[-1]) if len(rows) == _BATCH else None, len(rows)


def _in(key: sa.Column[Any], rows: list[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    return key.in_([row[0] for row in rows])
