"""The catalogue's part of forgetting a person: no word of theirs stays in the index of search."""

from __future__ import annotations

from datetime import datetime

from marketplace.auth.models import User
from marketplace.catalogue import search_upkeep


def forget(user: User, _now: datetime) -> None:
    """After the profile and the services have forgotten the person."""
    search_upkeep.specialist_changed(user.id)
