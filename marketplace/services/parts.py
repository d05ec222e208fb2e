"""What others do when the words of services and categories change, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

OnIds = Callable[[Sequence[int]], None]

_on_services: list[OnIds] = []
_on_categories: list[OnIds] = []


def on_services(part: OnIds) -> None:
    """`part` hears the ids of services that are new or whose text or category is another."""
    if part not in _on_services:
        _on_services.append(part)


def on_categories(part: OnIds) -> None:
    """`part` hears the ids of categories that were renamed or moved."""
    if part not in _on_categories:
        _on_categories.append(part)


def services_changed(service_ids: Sequence[int]) -> None:
    """Tell of these services, in the transaction that changes them."""
    for part in _on_services:
        part(service_ids)


def categories_changed(category_ids: Sequence[int]) -> None:
    """Tell of these categories, in the transaction that changes them."""
    for part in _on_categories:
        part(category_ids)
