"""Who may be free in a window, found by time: where they are few, a list begins with them.

Rows of free time are found by their first start, but reach beyond it by as long as they are. So an
index has them in classes of length (`FreeSpan.length_class`), behind the clock's offset, which
makes a wall time a moment; of every class and offset, those that may reach into the window lie
together.
"""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from marketplace.core.database import read
from marketplace.core.hot import HotQuery
from marketplace.schedule.free_time import Window

# Rows; beyond, a list had better walk and ask each specialist it meets.
FEW = 200
# The class and what its rows are shorter than, in seconds.
_CLASSES = ((0, 7_200), (1, 18_000), (2, 32_400), (3, 46_800), (4, 86_400))
_OFFSETS = (
    "WITH RECURSIVE offsets(shift) AS (SELECT min(utc_offset) FROM free_spans UNION ALL"
    " SELECT (SELECT min(utc_offset) FROM free_spans WHERE utc_offset > shift) FROM offsets"
    " WHERE shift IS NOT NULL)"
)


def maybe_free(window: Window) -> list[int] | None:
    """Specialists among whom all are who meet a window's condition; None for too many to look at
    each of them.
    """
    kind, number = window.shape
    if not number:
        return []
    ends = window.parameters
    rows = _query(kind, read().dialect.name).rows(
        {
            "free_first": min(ends[f"free_since_{at}"] for at in range(number)),
            "free_last": max(ends[f"free_until_{at}"] for at in range(number)),
            "free_now": ends["free_now"],
        }
    )
    return None if len(rows) >= FEW else sorted({row[0] for row in rows})


@cache
def _query(kind: str, dialect: str) -> HotQuery:
    classes = " UNION ALL ".join(
        f"SELECT {number} AS class, {longest} AS longest" for number, longest in _CLASSES
    )
    since, until, now = (f"CAST(:free_{name} AS bigint)" for name in ("first", "last", "now"))
    if kind == "wall":
        since, until = f"{since} - shift", f"{until} - shift"
    rows = (
        "free_spans WHERE utc_offset = shift AND length_class = class"
        f" AND first_start > {since} - longest AND first_start < {until}"
        f" AND last_start >= {since} AND last_start >= {now} LIMIT {FEW}"
    )
    # Either database would rather read all rows than look into each class of each offset.
    if dialect == "postgresql":
        rows = f"LATERAL (SELECT specialist_id FROM {rows}) AS near LIMIT {FEW}"  # noqa: S608 - our own names
    found = (
        f"{_OFFSETS} SELECT specialist_id FROM offsets"  # noqa: S608 - our own names
        f" CROSS JOIN ({classes}) AS classes CROSS JOIN {rows}"
    )
    return HotQuery(sa.text(found).columns(sa.column("specialist_id", sa.Integer)))
