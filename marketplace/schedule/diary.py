"""The lock of a person's diary: who holds it alone changes hours or claims of that time."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from marketplace.core.database import session
from marketplace.core.hot import HotQuery
from marketplace.schedule.models import Schedule
from marketplace.services.models import Service

_OF_SERVICE = HotQuery(
    sa.select(Schedule.user_id)
    .where(
        sa.or_(
            Schedule.user_id == sa.bindparam("user_id"),
            # A service never changes hands, so it may be read before the lock is had.
            Schedule.user_id
            == sa.select(Service.specialist_id)
            .where(Service.id == sa.bindparam("service_id"))
            .scalar_subquery(),
        )
    )
    .order_by(Schedule.user_id)
    .with_for_update(key_share=True)
)


def lock_diaries(user_ids: Iterable[int]) -> None:
    """Lock these diaries until the transaction ends, in one order, so that nobody waits in a ring.

    SQLite has one writer anyway. What a rule depends on is to be read after this.
    """
    query = sa.select(Schedule.user_id).where(Schedule.user_id.in_(sorted(user_ids)))
    session().execute(query.order_by(Schedule.user_id).with_for_update(key_share=True)).all()


def lock_for_service(user_id: int, service_id: int) -> None:
    """As `lock_diaries`, of a person and of the specialist whose service it is, if there is one."""
    _OF_SERVICE.rows({"user_id": user_id, "service_id": service_id})
