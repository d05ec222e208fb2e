"""What other features do when an account is made, blocked, exported or erased.

They come later in the house, so they hand their parts forward in the factory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from marketplace.auth.models import User

OnUser = Callable[[User, datetime], None]
OnName = Callable[[User, str, datetime], None]
OnExport = Callable[[int], dict[str, Any]]

_on_erase: list[OnUser] = []
_on_export: list[OnExport] = []
_on_name: list[OnName] = []


def on_erase(part: OnUser) -> None:
    """Register a feature's part of erasing a person, in the transaction that does it."""
    if part not in _on_erase:
        _on_erase.append(part)


def on_export(part: OnExport) -> None:
    """Register what a feature tells of a person: names of its own, each with JSON."""
    if part not in _on_export:
        _on_export.append(part)


def on_name(part: OnName) -> None:
    """Register who keeps the name a person came with, in the transaction that makes the account."""
    if part not in _on_name:
        _on_name.append(part)


def run_name_parts(user: User, full_name: str, now: datetime) -> None:
    """Hand on the name that a new person's provider told, in the caller's transaction."""
    for part in _on_name:
        part(user, full_name, now)


def run_erase_parts(user: User, now: datetime) -> None:
    """Let every feature forget the person, in the caller's transaction."""
    for part in _on_erase:
        part(user, now)


def exported(user_id: int) -> dict[str, Any]:
    """What every feature keeps about a person."""
    told: dict[str, Any] = {}
    for part in _on_export:
        told |= part(user_id)
    return told
