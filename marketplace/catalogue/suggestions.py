"""What a person who types may mean: names of services, categories, specialists."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from marketplace.catalogue import search, search_text
from marketplace.catalogue.search_shape import SearchShape
from marketplace.core.database import read
from marketplace.core.hot import HotQuery
from marketplace.profile.models import Profile
from marketplace.services.models import Category, Service

MAX_SUGGESTIONS = 10
# Of ten, so many at most are of a kind while others have something to say.
MAX_CATEGORIES, MAX_SPECIALISTS = 2, 3


def suggest(q: str) -> dict[str, list[str]]:
    """Distinct texts all words of `q` stand in, the last of them perhaps just begun: those that
    begin with it first, then the more frequent among the newest services found.
    """
    asked = search_text.split(q)[: search.MAX_WORDS]
    plan = search.strict_plan(q)
    if plan.is_empty:
        return {"names": [], "categories": [], "specialists": []}
    counted: dict[str, dict[str, int]] = {"name": {}, "specialist": {}, "category": {}}
    for kind, said, count in _counts(plan.shape).rows(plan.parameters):
        counted[kind][said] = counted[kind].get(said, 0) + count
    categories = read().scalars(sa.select(Category.name).order_by(Category.level, Category.id))
    frequent = counted["category"]
    found = {
        "categories": _best({name: frequent.get(name, 0) for name in categories}, asked),
        "specialists": _best(counted["specialist"], asked),
        "names": _best(counted["name"], asked),
    }
    categories_shown = found["categories"][:MAX_CATEGORIES]
    specialists_shown = found["specialists"][:MAX_SPECIALISTS]
    left = MAX_SUGGESTIONS - len(categories_shown) - len(specialists_shown)
    return {
        "names": found["names"][:left],
        "categories": categories_shown,
        "specialists": specialists_shown,
    }


def _best(counted: dict[str, int], asked: list[str]) -> list[str]:
    """Of texts with their counts, those that hold the words, best first, each once in any case."""
    held: dict[str, tuple[bool, int, str]] = {}
    for said, count in counted.items():
        words = _words(said)
        if _holds(words, asked):
            later = not words[0].startswith(asked[0])
            key = " ".join(words)
            known = held.get(key, (later, 0, said))
            held[key] = (later, known[1] - count, min(known[2], said))
    return [said for _, _, said in sorted(held.values())][:MAX_SUGGESTIONS]


_words = lru_cache(maxsize=2048)(search_text.split)


def _holds(words: list[str], asked: list[str]) -> bool:
    stems = {search_text.stem(word) for word in words}
    whole = all(word in words or search_text.stem(word) in stems for word in asked[:-1])
    last = asked[-1]
    return whole and (
        search_text.stem(last) in stems or any(word.startswith(last) for word in words)
    )


@lru_cache(maxsize=64)
def _counts(shape: SearchShape) -> HotQuery:
    """(kind, text, how often) over the candidates that hold the words in such a text."""
    newest = shape.newest([Service.listed == sa.true()])
    found = (
        sa.select(
            newest.c.id,
            Service.name.label("name"),
            Profile.full_name.label("specialist"),
            Category.name.label("category"),
            *(
                shape.stands_in(newest.c[part]).label(f"in_{part}")
                for part in ("name", "specialist")
            ),
            *(
                _whole(shape.begins(newest.c[part])).label(f"begins_{part}")
                for part in ("name", "specialist")
            ),
        )
        .select_from(newest)
        .join(Service, Service.id == newest.c.id)
        .join(Profile, Profile.user_id == Service.specialist_id)
        .outerjoin(Category, Category.id == Service.category_id)
        .cte("suggested")
    )
    kinds: list[Any] = [
        sa.select(
            sa.literal_column(f"'{kind}'").label("kind"),
            found.c[kind],
            sa.func.count().label("count"),
        )
        .where(found.c[f"in_{kind}"])
        .group_by(found.c[kind])
        .order_by(
            sa.func.max(found.c[f"begins_{kind}"]).desc(),
            sa.func.count().desc(),
            sa.func.min(found.c.id),
        )
        .limit(sa.literal_column(str(2 * MAX_SUGGESTIONS)))
        .subquery()
        for kind in ("name", "specialist")
    ]
    kinds.append(
        sa.select(
            sa.literal_column("'category'").label("kind"),
            found.c.category,
            sa.func.count().label("count"),
        )
        .where(found.c.category.is_not(None))
        .group_by(found.c.category)
        .subquery()
    )
    return HotQuery(sa.union_all(*(sa.select(kind) for kind in kinds)), plan_once=False)


def _whole(condition: Any) -> Any:
    return sa.case((condition, sa.literal_column("1")), else_=sa.literal_column("0"))
