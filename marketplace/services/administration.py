"""What admins do to services and categories, and their lists of them. Each act is audited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth.administration import NotPossible
from marketplace.auth.models import User
from marketplace.core import audit, text
from marketplace.core.database import session, transactional
from marketplace.services import parts
from marketplace.services.models import Category, Service

MAX_CATEGORIES = 500

_SERVICES = (
    sa.select(
        Service.id,
        Service.name,
        Service.specialist_id,
        User.username.label("specialist"),
        Category.slug.label("category"),
        Service.price,
        Service.duration_minutes,
        Service.visible,
        Service.suspended_at,
        Service.archived_at,
        Service.owner_blocked,
        Service.created_at,
    )
    .join(User, User.id == Service.specialist_id)
    .outerjoin(Category, Category.id == Service.category_id)
)


def service_rows(
    *,
    specialist_id: int | None,
    hidden: bool,
    search: str | None,
    after: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Services by id, the archive too. `hidden`: only those that just their owners see; `search`:
    a part of the name, in any case.
    """
    query = _SERVICES
    if specialist_id is not None:
        query = query.where(Service.specialist_id == specialist_id)
    if hidden:
        query = query.where(Service.listed == sa.false())
    if search is not None:
        pattern = text.like_pattern(text.caseless(search))
        query = query.where(Service.name_folded.like(pattern, escape="\\"))
    if after is not None:
        query = query.where(Service.id > after)
    rows = session().execute(query.order_by(Service.id).limit(limit)).mappings()
    return [_with_reasons(row) for row in rows]


def service_details(service_id: int) -> dict[str, Any]:
    """All that is kept about a service. Raises `NotPossible` when there is none."""
    query = _SERVICES.add_columns(Service.updated_at, Service.description)
    row = session().execute(query.where(Service.id == service_id)).mappings().first()
    if row is None:
        raise NotPossible(f"There is no service {service_id}.")
    return _with_reasons(row)


def _with_reasons(row: Mapping[Any, Any]) -> dict[str, Any]:
    reasons = {
        "owner": not row["visible"],
        "admins": row["suspended_at"] is not None,
        "archive": row["archived_at"] is not None,
        "block": row["owner_blocked"],
    }
    return {**row, "hidden_by": [name for name, holds in reasons.items() if holds]}


def count_services(user_id: int) -> dict[str, int]:
    """How many services a person has, hidden and archived ones too."""
    query = sa.select(sa.func.count()).where(Service.specialist_id == user_id)
    return {"services": session().scalars(query).one()}


@transactional
def suspend_service(
    service_id: int, *, suspended: bool, reason: str | None = None, actor: str, now: datetime
) -> None:
    """The admins' switch. Raises `NotPossible` when there is no such service or it stands so."""
    service = session().scalar(sa.select(Service).where(Service.id == service_id).with_for_update())
    if service is None:
        raise NotPossible(f"There is no service {service_id}.")
    if suspended == (service.suspended_at is not None):
        state = "hidden by the admins already" if suspended else "not hidden by the admins"
        raise NotPossible(f"Service {service_id} is {state}.")
    service.suspended_at = now if suspended else None
    service.updated_at = now
    action = "service.hide" if suspended else "service.show"
    details = {} if reason is None else {"reason": reason}
    audit.record(action, "service", service_id, actor=actor, now=now, **details)


def category_rows() -> list[dict[str, Any]]:
    """The tree, each category followed by its sub-categories. `services` counts its own, the
    archive aside; `total` its sub-categories' too.
    """
    counts = (
        sa.select(Service.category_id, sa.func.count().label("services"))
        .where(Service.archived_at.is_(None))
        .group_by(Service.category_id)
        .subquery()
    )
    parent = sa.orm.aliased(Category)
    query = (
        sa.select(
            Category.id,
            Category.slug,
            Category.name,
            parent.slug.label("parent"),
            Category.position,
            sa.func.coalesce(counts.c.services, 0).label("services"),
        )
        .outerjoin(parent, parent.id == Category.parent_id)
        .outerjoin(counts, counts.c.category_id == Category.id)
        .order_by(Category.position, Category.id)
    )
    rows = session().execute(query).mappings().all()
    tree = []
    for top in rows:
        if top["parent"] is None:
            below = [row for row in rows if row["parent"] == top["slug"]]
            tree.append({**top, "total": sum(row["services"] for row in (top, *below))})
            tree += [{**row, "total": row["services"]} for row in below]
    return tree


@transactional
def add_category(
    name: str,
    slug: str,
    *,
    parent_slug: str | None,
    position: int | None,
    actor: str,
    now: datetime,
) -> None:
    """Add a category at a place (from 1) among its siblings, by default the last.

    Raises `NotPossible` for a slug or a name in use, a third level, or more than `MAX_CATEGORIES`.
    """
    tree = _locked_tree()
    if len(tree) >= MAX_CATEGORIES:
        raise NotPossible(f"There are {MAX_CATEGORIES} categories already, and no more are kept.")
    if slug in tree:
        raise NotPossible(f'The slug {slug} belongs to the category "{tree[slug].name}".')
    category = Category(slug=slug)
    _put_under(category, None if parent_slug is None else _parent(tree, parent_slug))
    siblings = _siblings(tree, category)
    _rename(category, name, siblings)
    _place(category, siblings, position)
    session().add(category)
    session().flush()  # the audit needs the id
    details = {"slug": slug, "name": name, "parent": parent_slug}
    audit.record("category.add", "category", category.id, actor=actor, now=now, **details)


@transactional
def rename_category(slug: str, name: str, *, actor: str, now: datetime) -> None:
    """Give a category another name; the slug, which apps know, stays.

    Raises `NotPossible` when there is none, when it has that name or a sibling has.
    """
    tree = _locked_tree()
    category = _known(tree, slug)
    before = category.name
    if name == before:
        raise NotPossible(f'Category {slug} has the name "{name}" already.')
    _rename(category, name, _siblings(tree, category))
    parts.categories_changed([category.id])
    details = {"slug": slug, "before": before, "after": name}
    audit.record("category.rename", "category", category.id, actor=actor, now=now, **details)


@transactional
def move_category(
    slug: str, *, parent_slug: str | None, position: int | None, actor: str, now: datetime
) -> None:
    """Put a category under another one, or to the top, at a place among its siblings.

    Raises `NotPossible` when one of the two is not there, for a cycle or a third level, for a
    sibling of the same name, and when nothing would change.
    """
    tree = _locked_tree()
    category = _known(tree, slug)
    before = _standing(category)
    if parent_slug == slug:
        raise NotPossible(f"Category {slug} cannot be moved under itself.")
    parent = None if parent_slug is None else _parent(tree, parent_slug)
    if parent is not None and any(each.parent_id == category.id for each in tree.values()):
        raise NotPossible(f"Category {slug} has sub-categories, so it must stay at the top.")
    stays = category.parent_id == (None if parent is None else parent.id)
    if not (stays and position is None):
        _put_under(category, parent)
        siblings = _siblings(tree, category)
        _rename(category, category.name, siblings)
        _place(category, siblings, position)
    if _standing(category) == before:
        raise NotPossible(f"Category {slug} is there already.")
    parts.categories_changed([category.id])
    details = {"slug": slug, "parent": parent_slug, "position": category.position}
    audit.record("category.move", "category", category.id, actor=actor, now=now, **details)


def _locked_tree() -> dict[str, Category]:
    query = sa.select(Category).order_by(Category.id).with_for_update(key_share=True)
    return {category.slug: category for category in session().scalars(query)}


def _known(tree: Mapping[str, Category], slug: str) -> Category:
    if slug not in tree:
        raise NotPossible(f"There is no category {slug}.")
    return tree[slug]


def _parent(tree: Mapping[str, Category], slug: str) -> Category:
    parent = _known(tree, slug)
    if parent.level != 1:
        raise NotPossible(f"Category {slug} is a sub-category, and the tree has two levels only.")
    return parent


def _put_under(category: Category, parent: Category | None) -> None:
    category.parent_id = None if parent is None else parent.id
    category.parent_level = None if parent is None else parent.level
    category.level = 1 if parent is None else 2


def _siblings(tree: Mapping[str, Category], category: Category) -> list[Category]:
    others = [
        each
        for each in tree.values()
        if each is not category and each.parent_id == category.parent_id
    ]
    return sorted(others, key=lambda each: (each.position, each.id))


def _rename(category: Category, name: str, siblings: list[Category]) -> None:
    folded = text.caseless(name)
    for each in siblings:
        if each.name_folded == folded:
            raise NotPossible(f'Category {each.slug} beside it has the name "{each.name}".')
    category.name, category.name_folded = name, folded


def _place(category: Category, siblings: list[Category], position: int | None) -> None:
    siblings.insert(len(siblings) if position is None else position - 1, category)
    for number, each in enumerate(siblings, 1):
        each.position = number


def _standing(category: Category) -> tuple[int | None, int]:
    return category.parent_id, category.position
