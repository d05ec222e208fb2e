"""Reads of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from jinja2 import TemplateError

from marketplace.core.database import session, table_of
from marketplace.core.errors import not_found
from marketplace.core.hot import HotQuery, moment_of, moment_param
from marketplace.core.parts import Parts
from marketplace.notifications.models import Notification
from marketplace.notifications.readers import NOBODY, Reader
from marketplace.notifications.routing import CODES
from marketplace.notifications.texts import HIDDEN_CODE, mask, render

__all__ = [
    "Reader",
    "Standing",
    "details",
    "fill",
    "notification_rows",
    "on_fill",
    "on_read",
    "readers_of",
    "standing",
]


# Called with who knows in which language and zone people read; that comes later in the house.
on_read: Parts[Callable[[Sequence[int]], Mapping[int, Reader]]] = Parts()

# Who knows what a row of a kind must not hold (codes) comes later too, and fills it in.
Filling = Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any] | None]]
_on_fill: dict[str, Filling] = {}


def on_fill(kind: str, part: Filling) -> None:
    """Register who completes payloads of a kind when they are sent, many at once and in order; None
    says that one is out of date and must not be sent.
    """
    _on_fill[kind] = part


def readers_of(user_ids: Sequence[int]) -> dict[int, Reader]:
    """How these people are spoken to; who is not known is not in it."""
    readers: dict[int, Reader] = {}
    if user_ids:
        for part in on_read:
            readers.update(part(user_ids))
    return readers


def fill(rows: Sequence[Any]) -> dict[int, Mapping[str, Any] | None]:
    """The payloads of these rows as they are needed for sending, by id; None says that one is out
    of date. As many queries as there are kinds.
    """
    filled: dict[int, Mapping[str, Any] | None] = {row.id: row.payload for row in rows}
    for kind, part in _on_fill.items():
        mine = [row for row in rows if row.kind == kind]
        if mine:
            payloads = part([row.payload for row in mine])
            filled |= zip((row.id for row in mine), payloads, strict=True)
    return filled


_LISTED = (
    *(Notification.id, Notification.due_at, Notification.state, Notification.user_id),
    *(Notification.kind, Notification.subject_type, Notification.subject_id),
    *(Notification.payload, Notification.created_at, Notification.ended_at),
    *(Notification.channel, Notification.destination, Notification.urgent),
    *(Notification.attempts, Notification.leased_until, Notification.last_error),
)


def notification_rows(
    *, user_id: int | None, state: str | None, after: int | None, limit: int, brand: str = ""
) -> list[dict[str, Any]]:
    """The outbox, newest first, each with its text as the reader would get it; destinations are
    masked, and codes are never shown.
    """
    query = sa.select(*_LISTED)
    if user_id is not None:
        query = query.where(Notification.user_id == user_id)
    if state is not None:
        query = query.where(Notification.state == state)
    if after is not None:
        query = query.where(Notification.id < after)
    return _shown(query.order_by(Notification.id.desc()).limit(limit), brand)


def details(notification_id: int, *, brand: str = "") -> dict[str, Any]:
    """One row as the list shows it. Raises 404."""
    found = _shown(sa.select(*_LISTED).where(Notification.id == notification_id), brand)
    if not found:
        raise not_found()
    return found[0]


def _shown(query: sa.Select[Any], brand: str) -> list[dict[str, Any]]:
    rows = session().execute(query).mappings().all()
    readers = readers_of([row["user_id"] for row in rows if row["user_id"] is not None])
    return [
        {
            **row,
            "destination": mask(row["destination"]),
            "text": _text(row, readers.get(row["user_id"], NOBODY), brand),
        }
        for row in rows
    ]


def _text(row: Mapping[Any, Any], reader: Reader, brand: str) -> str:
    hidden = {"code": HIDDEN_CODE} if row["kind"] in CODES else {}
    try:
        return render(
            row["kind"], {**row["payload"], **hidden}, reader.language, reader.timezone, brand
        )
    except (LookupError, ValueError, TemplateError):  # blanked, or of a later version
        return ""


class Standing(NamedTuple):
    """How the outbox stands: messages that are due, since when the oldest is, those given up. Both
    counts end at `MOST_COUNTED`.
    """

    due: int
    oldest_due_at: datetime | None
    dead: int

    def age(self, now: datetime) -> timedelta:
        """For how long the oldest has been due."""
        return timedelta() if self.oldest_due_at is None else now - self.oldest_due_at


MOST_COUNTED = 10_000
_ROWS = table_of(Notification)
# The states stand in the text, or neither database could tell that its partial index will do.
_DUE = sa.and_(sa.text("state = 'pending'"), _ROWS.c.due_at <= sa.bindparam("now"))


def _counted(*conditions: Any) -> sa.ScalarSelect[int]:
    few = sa.select(_ROWS.c.id).where(*conditions).limit(MOST_COUNTED).subquery()
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()


_STANDING = HotQuery(
    sa.select(
        _counted(_DUE),
        sa.select(_ROWS.c.due_at).where(_DUE).order_by(_ROWS.c.due_at).limit(1).scalar_subquery(),
        _counted(sa.text("state = 'dead'")),
    ),
    plan_once=False,
)


def standing(now: datetime) -> Standing:
    """How the outbox stands now, in one query."""
    due, oldest, dead = _STANDING.rows({"now": moment_param(now)})[0]
    return Standing(due, None if oldest is None else moment_of(oldest), dead)
