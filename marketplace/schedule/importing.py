"""The schedule's part of moving many accounts in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import session, table_of
from marketplace.schedule.models import Schedule


def store(rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The schedules of many new accounts, with the settings every new one has."""
    made = [{"user_id": row["user_id"], "updated_at": now} for row in rows]
    session().execute(sa.insert(table_of(Schedule)), made)
