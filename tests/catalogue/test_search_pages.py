"""A search that is read by pages goes on as it began, whatever is written between two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from actors import Actor
from catalogue.world import MOSCOW, place
from flask import Flask
from services.support import CATALOGUE, add_services, next_link, with_query
from test_query_counts import cost

from marketplace.catalogue.orderings import DISTANCE, NEXT_SLOT, OF_SERVICES
from marketplace.core.paging import Position, decode_cursor, encode_cursor

ORDERINGS = [each for each in OF_SERVICES if each != NEXT_SLOT]
NEAR = f"{MOSCOW[0]},{MOSCOW[1]}"
RIGHT, WRONG = [{"name": "Массаж"}], [{"name": "Массак"}]
# A question, eight services it finds, and the name of one that makes it mean something else.
BETTER = {
    "corrected": ("массаж", RIGHT * 2 + WRONG * 6, "Массаж"),
    "on the other layout": ("vfccf;", RIGHT * 8, "Vfccf"),
    "on the other layout, corrected": ("vfcf;", RIGHT * 8, "Масаж"),
}


def page_of(caller: Actor, **query: Any) -> Any:
    return caller.get(with_query(CATALOGUE, query))


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("meant", BETTER)
def test_a_search_read_by_pages_loses_nothing_when_a_better_match_comes(
    app: Flask, specialist: Actor, anonymous: Actor, meant: str, ordering: str
) -> None:
    question, there, better = BETTER[meant]
    query: dict[str, Any] = {"q": question, "limit": 4, "ordering": ordering}
    if ordering == DISTANCE:
        specialist.patch("/api/auth/profile/me/", {"place": place()})
        query |= {"near": NEAR, "radius_km": 50}
    add_services(app, specialist, there)
    page = page_of(anonymous, **query)
    shown = [row["id"] for row in page.get_json()]

    add_services(app, specialist, [{"name": better}])
    while link := next_link(page):
        page = anonymous.get(link)
        shown += [row["id"] for row in page.get_json()]

    assert len(shown) == len(set(shown))
    assert set(shown) >= set(range(1, 9))


def test_a_later_page_does_not_ask_again_how_the_question_is_meant(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    add_services(app, specialist, RIGHT * 2 + WRONG * 6)
    path = with_query(CATALOGUE, {"q": "массаж", "limit": 4})
    later = next_link(anonymous.get(path))

    assert later is not None
    assert cost(app, anonymous, later) < cost(app, anonymous, path)


def test_a_cursor_that_does_not_say_how_the_question_is_meant_is_understood(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    add_services(app, specialist, RIGHT * 2 + WRONG * 6)
    query = {"q": "массаж", "limit": 4, "ordering": "price"}
    link = next_link(page_of(anonymous, **query))
    assert link is not None
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]
    position = decode_cursor(cursor, "price", ways=["typed-corrected"])
    assert position is not None

    old = encode_cursor("price", replace(position, way=""))

    assert old != cursor
    assert page_of(anonymous, **query, cursor=old).get_json() == anonymous.get(link).get_json()


@pytest.mark.parametrize(
    ("question", "way"),
    [("массаж", "other"), ("массаж", "-corrected"), ("массаж", "slip7"), (None, "typed")],
)
def test_a_cursor_of_an_unknown_way_is_refused(
    anonymous: Actor, question: str | None, way: str
) -> None:
    cursor = encode_cursor("price", Position(1, 1, way))
    asked = {} if question is None else {"q": question}

    answer = page_of(anonymous, ordering="price", cursor=cursor, **asked)

    assert answer.status_code == 422, answer.text
    assert list(answer.get_json()["errors"]) == ["cursor"]


@pytest.mark.parametrize(
    ("question", "way"),
    [
        ("!!!", "typed"),
        ("!!!", "typed-corrected"),
        # On the other layout these are brackets.
        ("хъ", "slip0"),
        ("хъ", "slip0-corrected"),
    ],
)
def test_a_way_that_leaves_no_word_to_look_for_finds_nothing(
    anonymous: Actor, question: str, way: str
) -> None:
    cursor = encode_cursor("price", Position(1, 1, way))

    answer = page_of(anonymous, q=question, ordering="price", cursor=cursor)

    assert (answer.status_code, answer.get_json()) == (200, [])
