"""The services' part of what is told of a person, and of what is forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import User
from marketplace.core.database import UTCDateTime, session, table_of
from marketplace.core.export import stream
from marketplace.services.models import Category, Service

_NAMELESS = "-"


def exported(user_id: int) -> dict[str, Any]:
    """The services with their categories, the archive too."""
    columns = table_of(Service).c
    hidden = {"specialist_id", "category_id", "city_folded", "name_folded", "version"}
    shown = [column for column in columns if column.name not in hidden]
    query = (
        sa.select(*shown, Category.slug.label("category"))
        .outerjoin(Category, Category.id == columns.category_id)
        .where(columns.specialist_id == user_id)
        .order_by(columns.id)
    )
    return {"services": stream(query)}


def forget(user: User, now: datetime) -> None:
    """Archive the services without the person's words. Bookings keep the name they have frozen."""
    session().execute(
        sa.update(table_of(Service))
        .where(Service.specialist_id == user.id)
        .values(
            name=_NAMELESS,
            name_folded=_NAMELESS,
            description="",
            archived_at=sa.func.coalesce(Service.archived_at, sa.literal(now, UTCDateTime())),
            updated_at=now,
            version=Service.version + 1,
        )
    )
