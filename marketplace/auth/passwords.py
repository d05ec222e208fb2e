"""Password hashes: Argon2id, as many at once in the whole service as there are cores."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from marketplace.auth import foreign_hashes

# OWASP's password storage cheat sheet: m = 19 MiB, t = 2, p = 1.
_hasher = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)
# What a missing account's password is checked against, so that it costs the same.
_DUMMY_HASH = _hasher.hash("the password of nobody at all")


def share_cores(processes: int) -> None:
    """Divide the cores among the processes of this machine; each keeps one slot at least."""
    global _slots  # noqa: PLW0603 - set once at start
    _slots = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // processes))


def hash_password(password: str) -> str:
    """An Argon2id hash in PHC form. Takes tens of milliseconds of one core."""
    with _slots:
        return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is the hash's; no hash costs as much as a wrong password, and no
    other system's hash costs less.
    """
    with _slots:
        if password_hash is not None and foreign_hashes.is_foreign(password_hash):
            with suppress(VerificationError):
                _hasher.verify(_DUMMY_HASH, password)
            return foreign_hashes.verify(password_hash, password)
        try:
            matches = _hasher.verify(password_hash or _DUMMY_HASH, password)
        except (VerificationError, InvalidHashError):
            return False
    return matches and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made otherwise than today's are."""
    return foreign_hashes.is_foreign(password_hash) or _hasher.check_needs_rehash(password_hash)
