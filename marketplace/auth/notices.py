"""What a person is told of what happened to the account."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from marketplace.auth.code_values import masked
from marketplace.notifications import outbox
from marketplace.notifications.outbox import Notice

SUBJECT = "account"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def tell(
    user_id: int,
    kind: str,
    now: datetime,
    payload: Mapping[str, Any] = _NOTHING,
    *,
    channel: str | None = None,
    destination: str | None = None,
) -> None:
    """Enqueue a security notice, in the caller's transaction."""
    # Each happening is told: nothing else is the same as it.
    key = f"{SUBJECT}:{user_id}:{kind}:{secrets.token_hex(8)}"
    notice = Notice(
        user_id,
        kind,
        SUBJECT,
        user_id,
        payload,
        now,
        key,
        channel=channel,
        destination=destination,
        urgent=True,
    )
    outbox.enqueue([notice], now)


def tell_of_new_contact(
    user_id: int, kind: str, channel: str, *, old: str, new: str, now: datetime
) -> None:
    """Tell the old address or number that another took its place."""
    told = {"destination": masked(new)}
    tell(user_id, kind, now, told, channel=channel, destination=old)
