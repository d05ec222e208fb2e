"""`Idempotency-Key`: a request that creates something does it once, and is answered the same again.

Keys are per user and route and live 24 hours. The answer is stored in the transaction of what it
speaks of, so there is never one without the other; a refusal is not stored, and may be tried again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import sqlalchemy as sa
from flask import Response, request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.database import Base, UTCDateTime, session, transactional
from marketplace.core.errors import Code, DomainError, invalid
from marketplace.core.requests import ApiRequest

HEADER = "Idempotency-Key"
KEY_MAX = 255
LIFETIME = timedelta(hours=24)
_KEY = re.compile(rf"[!-~]{{1,{KEY_MAX}}}", re.ASCII)
_KEPT_HEADERS = ("Location", "ETag", "Cache-Control", "Vary")
_LOCK_NOT_AVAILABLE = "55P03"
_RETRY_AFTER = {"Retry-After": "1"}


class IdempotencyKey(Base):
    """A key in use; without a status only inside the transaction that will answer it."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    route: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(KEY_MAX), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int | None] = mapped_column(sa.SmallInteger)
    headers: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    body: Mapped[str] = mapped_column(sa.Text, default="")
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


def once(user_id: int, perform: Callable[[], Response], now: datetime) -> Response:
    """The answer of `perform`, which creates something in one operation; with a key, the stored
    answer when the same request was made before.

    A second request while the first is in flight waits for it. Raises 422 naming the header or
    `idempotency_key_reused`, and 409 `idempotency_in_flight` past the lock time-out.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return perform()
    if not _KEY.fullmatch(key):
        raise invalid(HEADER, "visible_ascii", max=KEY_MAX)
    identity = {"user_id": user_id, "route": str(request.endpoint)[:60], "key": key}
    try:
        return _performed(identity, _fingerprint(), perform, now)
    except OperationalError as error:
        # SQLite's one writer does not say whose request is waited for; either way this one can be
        # repeated with its key.
        if "database is locked" in str(error.orig):
            raise DomainError(Code.IDEMPOTENCY_IN_FLIGHT, headers=_RETRY_AFTER) from error
        raise


@transactional
def _performed(
    identity: dict[str, Any], fingerprint: str, perform: Callable[[], Response], now: datetime
) -> Response:
    keys = IdempotencyKey
    mine = sa.and_(*(getattr(keys, name) == value for name, value in identity.items()))
    session().execute(
        sa.delete(keys).where(keys.user_id == identity["user_id"], keys.expires_at <= now)
    )
    if not _reserve({**identity, "fingerprint": fingerprint, "expires_at": now + LIFETIME}):
        stored = session().execute(sa.select(keys.__table__).where(mine)).mappings().one()
        if stored["fingerprint"] != fingerprint:
            raise DomainError(Code.IDEMPOTENCY_KEY_REUSED)
        headers = {**stored["headers"], "Idempotency-Replayed": "true"}
        return Response(stored["body"], stored["status"], headers, mimetype="application/json")
    response = perform()
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    session().execute(
        sa.update(keys)
        .where(mine)
        .values(status=response.status_code, headers=headers, body=response.get_data(as_text=True))
    )
    return response


def _reserve(row: dict[str, Any]) -> bool:
    """Write the key; False when it is in use. Waits while another transaction writes the same."""
    insert = sqlite.insert if session().get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = cast("Any", insert)(IdempotencyKey).values(headers={}, body="", **row)
    try:
        written = session().execute(
            statement.on_conflict_do_nothing().returning(IdempotencyKey.user_id)
        )
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise DomainError(Code.IDEMPOTENCY_IN_FLIGHT, headers=_RETRY_AFTER) from error
        raise
    return written.first() is not None


def _fingerprint() -> str:
    """What makes two requests the same: path and document, however it is written."""
    document = cast("ApiRequest", request).strict_json()
    text = json.dumps([request.path, document], sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()
