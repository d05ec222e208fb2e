"""What others do when the words of services and categories change or go, in that transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from marketplace.core.parts import Parts

OnIds = Callable[[Sequence[int]], None]

# Called with who hears the ids of services that are new or whose text or category is another.
on_services: Parts[OnIds] = Parts()
# Called with who hears the ids of services that are about to be deleted, unless something refers to
# them: then all that was done is undone, and they are archived.
on_deleted: Parts[OnIds] = Parts()
# Called with who hears the ids of categories that were renamed or moved.
on_categories: Parts[OnIds] = Parts()


def services_changed(service_ids: Sequence[int]) -> None:
    """Tell of these services, in the transaction that changes them."""
    for part in on_services:
        part(service_ids)


def services_deleted(service_ids: Sequence[int]) -> None:
    """Tell of these services, in the savepoint that deletes them, before it does."""
    for part in on_deleted:
        part(service_ids)


def categories_changed(category_ids: Sequence[int]) -> None:
    """Tell of these categories, in the transaction that changes them."""
    for part in on_categories:
        part(category_ids)
