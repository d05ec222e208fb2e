"""Reads of the catalogue: services with their specialists' cards, the tree of categories."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from marketplace.core.paging import Position
from marketplace.core.permissions import Viewer
from marketplace.profile.models import Profile
from marketplace.services.listing import COLUMNS, Filters, Page, services_page
from marketplace.services.models import Category, Service
from marketplace.services.queries import one_for, seen_by

_CATALOGUE = (
    sa.select(
        *COLUMNS,
        Profile.full_name,
        Profile.avatar,
        Profile.city,
        Profile.version,
    )
    .select_from(Service)
    .join(Profile, Profile.user_id == Service.specialist_id)
    .outerjoin(Category, Category.id == Service.category_id)
)
_ONE = one_for(_CATALOGUE)


def catalogue_page(
    filters: Filters, *, ordering: str, after: Position | None, limit: int, count: bool
) -> Page:
    """A page of all listed services."""
    return services_page(
        _CATALOGUE, filters, ordering=ordering, after=after, limit=limit, count=count
    )


def catalogue_service(viewer: Viewer | None, service_id: int) -> tuple[Any, ...]:
    """A listed service, or any of the viewer's own. Raises 404."""
    return seen_by(viewer, _ONE, service_id)
