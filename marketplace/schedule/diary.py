"""The lock of a person's diary: who holds it alone changes hours or claims of that time."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from marketplace.core.database import session
from marketplace.schedule.models import Schedule


def lock_diaries(user_ids: Iterable[int]) -> None:
    """Lock these diaries until the transaction ends, in one order, so that nobody waits in a ring.

    SQLite has one writer anyway. What a rule depends on is to be read after this.
    """
    query = sa.select(Schedule.user_id).where(Schedule.user_id.in_(sorted(user_ids)))
    session().execute(query.order_by(Schedule.user_id).with_for_update(key_share=True)).all()
