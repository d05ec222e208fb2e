"""The codes of messages that are being sent: made anew, as the outbox holds none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from marketplace.auth import tokens
from marketplace.auth.code_values import code_of
from marketplace.auth.codes import alive, turn_of
from marketplace.auth.models import OneTimeCode
from marketplace.core.clock import utc_now
from marketplace.core.database import read


def fill(payloads: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
    """Each payload with its `code`, None where it would be of no use any more; in one query."""
    ids = [payload["code_id"] for payload in payloads]
    query = sa.select(OneTimeCode.__table__).where(OneTimeCode.id.in_(ids), alive(utc_now()))
    rows = {row.id: row for row in read().execute(query)}
    return [_filled(payload, rows.get(payload["code_id"])) for payload in payloads]


def _filled(payload: Mapping[str, Any], row: Any) -> Mapping[str, Any] | None:
    if row is None or turn_of(row.nonce) != payload["turn"]:
        return None
    code = code_of(
        tokens.signing_secrets()[0],
        nonce=row.nonce,
        purpose=row.purpose,
        user_id=row.user_id,
        destination=row.destination,
    )
    return {**payload, "code": code}
