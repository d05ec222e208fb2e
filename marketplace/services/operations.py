"""What a specialist does with the own services."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.auth import sessions
from marketplace.auth.models import SPECIALIST, User
from marketplace.core import text
from marketplace.core.database import session, transactional
from marketplace.core.errors import Code, invalid, not_found
from marketplace.core.hot import HotInsert, HotQuery
from marketplace.core.permissions import unauthorized
from marketplace.profile.models import Profile
from marketplace.services import parts
from marketplace.services.models import Category, Service

log = logging.getLogger(__name__)

_WORDS = frozenset(("name", "description", "category"))
_INSERT = HotInsert(Service)
# The account first, as an erasure does.
_LOCKED_OWNER = HotQuery(
    sa.select(User.id)
    .join(Profile, Profile.user_id == User.id)
    .where(User.id == sa.bindparam("owner_id"))
    .with_for_update(read=True)
)
RequireMatch = Callable[[Service], None]


@transactional
def create_service(owner_id: int, values: Mapping[str, Any], now: datetime) -> int:
    """Add a service; its id. `values` as `ServiceIn` loads them. Raises 401, 422 naming
    `category`.
    """
    # A block being written at this moment hides the services it sees; it must see this one.
    owner = sessions.lock_signed_in(owner_id, shared=True)
    if owner.role != SPECIALIST:
        raise unauthorized(Code.TOKEN_REVOKED)
    row = {"specialist_id": owner_id, "created_at": now, "updated_at": now, **_columns_of(values)}
    row["name_folded"] = text.caseless(row["name"])
    service_id = _INSERT.one(row)
    parts.services_changed([service_id])
    return service_id


@transactional
def change_service(
    owner_id: int,
    service_id: int,
    changes: Mapping[str, Any],
    *,
    require_match: RequireMatch,
    now: datetime,
) -> Service:
    """Write the given fields. Raises 404 for another's, 422; `require_match` may raise 412."""
    if not _WORDS.isdisjoint(changes):
        # The index of words reads the specialist's name under a lock. Who moves to another city
        # locks the profile first and then the services.
        _LOCKED_OWNER.rows({"owner_id": owner_id})
    service = _own_service(owner_id, service_id)
    require_match(service)
    _assign(service, changes)
    if session().is_modified(service):
        service.updated_at = now
        if not _WORDS.isdisjoint(changes):
            parts.services_changed([service.id])
    return service


@transactional
def delete_service(
    owner_id: int, service_id: int, *, require_match: RequireMatch, now: datetime
) -> None:
    """Erase a service; one that other rows refer to (bookings) is archived instead.

    The foreign keys that restrict know of bookings, this code does not (design, "one way").
    """
    service = _own_service(owner_id, service_id)
    require_match(service)
    try:
        with session().begin_nested():
            parts.services_deleted([service_id])
            session().execute(sa.delete(Service).where(Service.id == service_id))
    except IntegrityError:
        service.archived_at = now
        service.updated_at = now
    else:
        session().expunge(service)


def mark_owner_blocked(user: User, now: datetime) -> None:
    """The services' part of a changed standing: a person who is blocked, or no specialist any
    more, has no listed services. In the transaction that changes it.
    """
    blocked = user.blocked_at is not None or user.role != SPECIALIST
    session().execute(
        sa.update(Service)
        .where(Service.specialist_id == user.id, Service.owner_blocked != blocked)
        .values(owner_blocked=blocked, updated_at=now, version=Service.version + 1)
    )


def _own_service(owner_id: int, service_id: int) -> Service:
    service = session().scalar(
        sa.select(Service)
        .where(
            Service.id == service_id,
            Service.specialist_id == owner_id,
            Service.archived_at.is_(None),
        )
        .with_for_update()
    )
    if service is None:
        raise not_found()
    return service


def _assign(service: Service, values: Mapping[str, Any]) -> None:
    # Looked up before anything is set: the query would flush it, and a flushed change no longer
    # shows as one.
    for name, value in _columns_of(values).items():
        setattr(service, name, value)
    service.name_folded = text.caseless(service.name)


def _columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    if "category" in columns:
        columns["category_id"] = _category_id(columns.pop("category"))
    return columns


def _category_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    found = session().scalar(sa.select(Category.id).where(Category.slug == slug))
    if found is None:
        raise invalid("category", "category_unknown")
    return found
