"""What a one-time code is made of, and how long it lives. Pure.

The database keeps a nonce and no code: who reads it learns nothing without the key, and the worker
that sends the code makes it anew (security checklist 20 to 24).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

LIFETIME = timedelta(minutes=10)
COOLDOWN = timedelta(seconds=60)
MAX_ATTEMPTS = 5
# For how long a new address that was never confirmed is remembered.
PENDING_LIFETIME = timedelta(hours=24)
DIGITS = 6
_PURPOSE_OF_KEY = b"marketplace one-time codes"


def code_of(secret: str, *, nonce: str, purpose: str, user_id: int, destination: str) -> str:
    """The six digits that belong to this nonce, bound to purpose, person and destination."""
    key = hmac.digest(secret.encode(), _PURPOSE_OF_KEY, sha256)
    bound = "\0".join((purpose, str(user_id), destination, nonce))
    number = int.from_bytes(hmac.digest(key, bound.encode(), sha256))
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def is_code(
    secrets: Iterable[str], given: str, *, nonce: str, purpose: str, user_id: int, destination: str
) -> bool:
    """Whether these digits are the code, under one of the keys in use; in constant time."""
    # Every key is tried, so that the time tells nothing either.
    matches = [
        hmac.compare_digest(
            code_of(
                secret, nonce=nonce, purpose=purpose, user_id=user_id, destination=destination
            ).encode(),
            given.encode(),
        )
        for secret in secrets
    ]
    return any(matches)


def masked(destination: str) -> str:
    """An address or number as it may be shown to whoever holds the account: `m…a@example.com`."""
    name, at, domain = destination.partition("@")
    if at:
        return f"{name[:1]}…{name[-1:] if len(name) > 2 else ''}@{domain}"  # noqa: PLR2004
    return f"{destination[:2]}…{destination[-2:]}"
