"""What other features do when an account is made, blocked, exported or erased.

They come later in the house, so they hand their parts forward in the factory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from marketplace.auth.models import User
from marketplace.core.parts import Parts

OnUser = Callable[[User, datetime], None]
OnName = Callable[[User, str, datetime], None]
OnExport = Callable[[int], dict[str, Any]]

# Called with a feature's part of erasing a person, in the transaction that does it.
on_erase: Parts[OnUser] = Parts()
# Called with what a feature tells of a person: names of its own, each with JSON.
on_export: Parts[OnExport] = Parts()
# Called with who keeps the name a person came with, in the transaction that makes the account.
on_name: Parts[OnName] = Parts()


def run_name_parts(user: User, full_name: str, now: datetime) -> None:
    """Hand on the name that a new person's provider told, in the caller's transaction."""
    for part in on_name:
        part(user, full_name, now)


def run_erase_parts(user: User, now: datetime) -> None:
    """Let every feature forget the person, in the caller's transaction."""
    for part in on_erase:
        part(user, now)


def exported(user_id: int) -> dict[str, Any]:
    """What every feature keeps about a person."""
    told: dict[str, Any] = {}
    for part in on_export:
        told |= part(user_id)
    return told
