"""Reads of services and categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from marketplace.core.database import read
from marketplace.core.errors import not_found
from marketplace.core.hot import HotQuery
from marketplace.core.paging import Page, Position
from marketplace.core.permissions import Viewer
from marketplace.services.list_sources import COLUMNS, KEYS, Source
from marketplace.services.listing import services_page
from marketplace.services.models import Category, Service


def one_for(source: sa.Select[*tuple[Any, ...]]) -> HotQuery:
    """One service of `source` by id: a listed one, or the asker's own in whatever state."""
    return HotQuery(
        source.where(
            Service.id == sa.bindparam("service_id"),
            sa.or_(Service.listed == sa.true(), Service.specialist_id == sa.bindparam("owner_id")),
        )
    )


def seen_by(viewer: Viewer | None, query: HotQuery, service_id: int) -> tuple[Any, ...]:
    """The row of a `one_for` query that the viewer may see. Raises 404."""
    owner_id = NOBODY if viewer is None else viewer.user_id
    row = query.first({"service_id": service_id, "owner_id": owner_id})
    if row is None:
        raise not_found()
    return row


NOBODY = 0
_SERVICES = (
    sa.select(*COLUMNS).select_from(Service).outerjoin(Category, Category.id == Service.category_id)
)
_ONE = one_for(_SERVICES)
_SOURCE = Source(_SERVICES, KEYS)


def list_services(
    viewer: Viewer | None,
    given: Mapping[str, Any],
    *,
    ordering: str,
    after: Position | None,
    limit: int,
    count: bool,
) -> Page[tuple[Any, ...]]:
    """A specialist's own services, hidden ones too (the archive aside); for everybody else all
    listed ones (contract section 1).
    """
    own = viewer is not None and viewer.role == "specialist"
    return services_page(
        _SOURCE,
        given,
        owner_id=viewer.user_id if own and viewer is not None else None,
        ordering=ordering,
        after=after,
        limit=limit,
        count=count,
    )


def one_service(viewer: Viewer | None, service_id: int) -> tuple[Any, ...]:
    """A listed service, or any of the viewer's own. Raises 404."""
    return seen_by(viewer, _ONE, service_id)


def category_rows() -> list[Any]:
    """All categories, parents first, in the order of display."""
    query = sa.select(
        Category.id, Category.parent_id, Category.slug, Category.name, Category.version
    ).order_by(Category.level, Category.position, Category.id)
    return list(read().execute(query).all())
