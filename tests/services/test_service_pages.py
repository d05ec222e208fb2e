"""Lists of services page by page: every row once, in every ordering, whatever is inserted."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from actors import Actor, assert_problem
from flask import Flask
from services.support import (
    CATALOGUE,
    LISTS,
    NOON,
    OWN,
    add_services,
    listed,
    next_link,
    pages,
    read_through,
    with_query,
)

from marketplace.core.paging import Position, encode_cursor

ORDERINGS = ("price", "-price", "duration_minutes", "created_at", "-created_at")


def with_ties(count: int, seed: int) -> list[dict[str, Any]]:
    """Services of which many share their price, duration or moment."""
    chance = random.Random(seed)  # noqa: S311 - a seeded sample
    return [
        {
            "kopecks": chance.choice([0, 99, 100, 150_000, 9_999_999_999]),
            "duration_minutes": chance.choice([5, 60, 61, 1_440]),
            "created_at": NOON + timedelta(microseconds=chance.randrange(4)),
        }
        for _ in range(count)
    ]


def in_order(rows: list[dict[str, Any]], ordering: str) -> list[int]:
    """The ids of rows 1, 2, … in this ordering, ties by id in the same direction."""
    name = {"price": "kopecks"}.get(ordering.removeprefix("-"), ordering.removeprefix("-"))
    numbered = [(row[name], number) for number, row in enumerate(rows, 1)]
    return [number for _, number in sorted(numbered, reverse=ordering.startswith("-"))]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_list_read_through_is_every_row_once_in_order(
    app: Flask, specialist: Actor, anonymous: Actor, path: str, ordering: str
) -> None:
    rows = with_ties(23, seed=1)
    add_services(app, specialist, rows)
    expected = in_order(rows, ordering)

    for limit in (1, 4, 22, 23, 100):
        assert read_through(anonymous, path, ordering=ordering, limit=limit) == expected


def test_the_newest_come_first_by_default(app: Flask, specialist: Actor, anonymous: Actor) -> None:
    rows = with_ties(12, seed=2)
    add_services(app, specialist, rows)

    for path in LISTS:
        assert read_through(anonymous, path, limit=5) == in_order(rows, "-created_at")
    assert read_through(specialist, OWN, limit=5) == in_order(rows, "-created_at")


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_rows_inserted_meanwhile_never_repeat_or_hide_another(
    app: Flask, specialist: Actor, anonymous: Actor, ordering: str
) -> None:
    rows = with_ties(15, seed=3)
    add_services(app, specialist, rows)
    more = iter(with_ties(40, seed=4))

    seen: list[int] = []
    for page in pages(anonymous, CATALOGUE, ordering=ordering, limit=4):
        seen += [row["id"] for row in page]
        add_services(app, specialist, [next(more), next(more)])

    assert len(seen) == len(set(seen))
    assert [number for number in seen if number <= 15] == in_order(rows, ordering)


def test_rows_removed_or_hidden_meanwhile_do_not_disturb_the_others(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    rows = with_ties(12, seed=5)
    add_services(app, specialist, rows)
    expected = in_order(rows, "price")

    seen: list[int] = []
    for page in pages(anonymous, CATALOGUE, ordering="price", limit=3):
        seen += [row["id"] for row in page]
        last = seen[-1]
        if len(seen) <= 6:
            specialist.delete(f"{OWN}{last}/")

    assert seen == expected


def test_a_list_is_walked_along_with_its_filters(
    app: Flask, specialist: Actor, rival: Actor, anonymous: Actor
) -> None:
    add_services(app, specialist, [{"name": f"Стрижка & «ёж» {n % 2}"} for n in range(9)])
    add_services(app, rival, [{"name": "Стрижка & «ёж» 1"}] * 3)
    query = {"name": "& «ЁЖ» 1", "specialist": specialist.user_id, "limit": 2, "count": "true"}

    first = anonymous.get(with_query(CATALOGUE, query))
    link = next_link(first)

    assert first.headers["X-Total-Count"] == "4"
    assert link is not None
    assert link.isascii()
    assert anonymous.get(link).headers["X-Total-Count"] == "4"
    assert len(read_through(anonymous, CATALOGUE, **query)) == 4


@pytest.mark.parametrize("path", LISTS)
def test_a_name_that_becomes_common_is_still_found_in_every_row(
    app: Flask, specialist: Actor, anonymous: Actor, path: str
) -> None:
    add_services(app, specialist, [{"name": f"Стрижка {n}"} for n in range(5)])
    before = anonymous.get(with_query(path, {"name": "стрижка", "count": "1"}))
    add_services(app, specialist, [{"name": f"Стрижка {n}"} for n in range(800)])

    for part in ("стрижка", "СТРИЖКА "):
        after = anonymous.get(with_query(path, {"name": part, "count": "1"}))
        assert after.headers["X-Total-Count"] == "805"
        assert len(set(read_through(anonymous, path, name=part, limit=100))) == 805
    assert before.headers["X-Total-Count"] == "5"


@pytest.mark.parametrize("path", LISTS)
def test_only_a_list_that_goes_on_has_a_link(
    app: Flask, specialist: Actor, anonymous: Actor, path: str
) -> None:
    assert "Link" not in anonymous.get(path).headers
    add_services(app, specialist, [{}] * 4)

    for limit, goes_on in ((3, True), (4, False), (5, False)):
        response = anonymous.get(f"{path}?limit={limit}")
        assert (next_link(response) is not None) is goes_on
        assert len(response.get_json()) == min(limit, 4)


def test_apps_in_the_field_get_100_at_once_and_the_catalogue_gives_20(
    app: Flask, specialist: Actor, client: Actor, anonymous: Actor
) -> None:
    add_services(app, specialist, [{}] * 101)

    for caller in (specialist, client, anonymous):
        assert len(listed(caller, OWN)) == 100
        assert len(listed(caller, CATALOGUE)) == 20
        assert next_link(caller.get(OWN)) is not None
        assert len(listed(caller, CATALOGUE, limit=100)) == 100


@pytest.mark.parametrize("path", LISTS)
def test_the_total_is_told_only_when_asked_for(
    app: Flask, specialist: Actor, anonymous: Actor, path: str
) -> None:
    add_services(app, specialist, [{"kopecks": 100 * n} for n in range(7)])

    for count in ("true", "1"):
        response = anonymous.get(f"{path}?count={count}&limit=2&max_price=4.00")
        assert response.headers["X-Total-Count"] == "5"
    for silent in ("", "?count=false", "?count=0"):
        assert "X-Total-Count" not in anonymous.get(f"{path}{silent}").headers


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_out_of_bounds_is_refused_never_clamped(anonymous: Actor, path: str) -> None:
    for limit in [
        "0",
        "101",
        "-1",
        "1e2",
        "",
        "+5",
        " 5",
        "5.0",
        "NaN",
        "true",
        "９",
        "0x5",
        "9" * 30,
    ]:
        answer = anonymous.get(with_query(path, {"limit": limit}))
        assert_problem(answer, 422, "invalid_fields", "limit")


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_is_not_of_this_list_is_refused(
    app: Flask, specialist: Actor, anonymous: Actor, path: str
) -> None:
    add_services(app, specialist, [{}] * 3)
    link = next_link(anonymous.get(f"{path}?ordering=price&limit=1"))
    assert link is not None
    cursor = link.rpartition("cursor=")[2]
    nobodys = ["", "x", cursor[:-3], cursor + "AAAA", cursor[::-1], "%00", "курсор", "=" * 3]
    too_big = [
        encode_cursor("price", Position(10**30, 1)),
        encode_cursor("price", Position(1, 2**31)),
        encode_cursor("price", Position(-(10**18), 1)),
        encode_cursor("price", Position(10**308, 10**308)),
    ]

    for wrong in [*nobodys, *too_big, "A" * 501, "A" * 5_000]:
        answer = anonymous.get(with_query(path, {"ordering": "price", "cursor": wrong}))
        assert_problem(answer, 422, "invalid_fields", "cursor")
    for other in ("-price", "created_at", "-created_at", "duration_minutes"):
        answer = anonymous.get(with_query(path, {"ordering": other, "cursor": cursor}))
        assert_problem(answer, 422, "invalid_fields", "cursor")
    assert_problem(anonymous.get(f"{path}?cursor={cursor}"), 422, "invalid_fields", "cursor")


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_cursor_beyond_every_row_is_answered_without_failing(
    app: Flask, specialist: Actor, anonymous: Actor, ordering: str
) -> None:
    add_services(app, specialist, [{}] * 2)

    for key in [0, 1, 2**31, 2**63 - 1, 253_402_300_799_999_999]:
        cursor = encode_cursor(ordering, Position(key, 2**31 - 1))
        answer = anonymous.get(with_query(CATALOGUE, {"ordering": ordering, "cursor": cursor}))
        assert answer.status_code in (200, 422), answer.text
