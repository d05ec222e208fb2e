"""What lists of services are read from: columns, keys of orderings, conditions of other parts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from marketplace.services.filters import PRICE
from marketplace.services.models import Category, Service

# In the order of `views.ServiceRow`.
COLUMNS: tuple[Any, ...] = (
    Service.id,
    Service.name,
    Service.description,
    PRICE.label("kopecks"),
    Service.duration_minutes,
    Service.specialist_id,
    Category.slug.label("category"),
    Service.visible,
    Service.created_at,
    Service.updated_at,
    Service.version,
)


@dataclass(frozen=True, eq=False)
class Key:
    """What a list is ordered by: its expression, and where in a row its value stands. `column` is
    the service's column whose index gives the order.
    """

    expression: Any
    position: int
    column: str = ""
    is_moment: bool = False


KEYS: Mapping[str, Key] = {
    "created_at": Key(Service.created_at, 8, "created_at", is_moment=True),
    "price": Key(PRICE, 3, "price"),
    "duration_minutes": Key(Service.duration_minutes, 4, "duration_minutes"),
}


@dataclass(frozen=True, eq=False)
class Source:
    """`select` takes `COLUMNS` first, from `Service`; `begins` names what else SQLite should begin
    with, as it does with a filter of few.
    """

    select: sa.Select[Any]
    keys: Mapping[str, Key]
    begins_elsewhere: bool = False


@dataclass(frozen=True)
class Also:
    """A condition that another part of the house adds: the same for the same `key`, whatever the
    parameters.
    """

    key: Hashable
    condition: sa.ColumnElement[bool] = field(compare=False)
    parameters: Mapping[str, Any] = field(compare=False)
    # Whose services all are that meet it; None for more than had better be looked up.
    specialists: Callable[[], Sequence[int] | None] | None = field(compare=False, default=None)
