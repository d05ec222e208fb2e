"""Cursors: opaque, made for one ordering, never trusted."""

import base64
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Code, DomainError
from marketplace.core.fields import MAX_ID
from marketplace.core.paging import MAX_KEY, Position, decode_cursor, encode_cursor

POSITIONS = st.builds(Position, st.integers(0, MAX_KEY), st.integers(0, MAX_ID))
ORDERINGS = st.sampled_from(["price", "-price", "created_at", "-created_at", "sessions"])


def made_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(ORDERINGS, POSITIONS)
def test_a_cursor_leads_back_to_its_position(ordering: str, position: Position) -> None:
    cursor = encode_cursor(ordering, position)

    assert decode_cursor(cursor, ordering) == position
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,500}", cursor)


@given(ORDERINGS, POSITIONS)
def test_a_cursor_keeps_the_way_its_list_was_made(ordering: str, position: Position) -> None:
    cursor = encode_cursor(ordering, replace(position, way="as typed"))

    found = decode_cursor(cursor, ordering, ways=("corrected", "as typed"))

    assert found == replace(position, way="as typed")
    for unknown in ((), ("corrected",)):
        with pytest.raises(DomainError) as raised:
            decode_cursor(cursor, ordering, ways=unknown)
        assert list(raised.value.errors) == ["cursor"]


@pytest.mark.parametrize("way", ["", "other", None, 1, ["as typed"], {}])
def test_a_way_that_is_none_of_the_lists_is_refused(way: object) -> None:
    with pytest.raises(DomainError):
        decode_cursor(made_of(["price", 1, 1, way]), "price", ways=("as typed",))


def test_no_cursor_is_no_position() -> None:
    assert decode_cursor(None, "price") is None


@given(POSITIONS)
def test_a_cursor_of_another_ordering_is_refused(position: Position) -> None:
    assert_refused(encode_cursor("price", position), "-price")


@given(st.text(max_size=500))
def test_any_text_is_refused_or_understood_and_never_fails(text: str) -> None:
    try:
        decode_cursor(text, "price")
    except DomainError as error:
        assert (error.code, list(error.errors)) == (Code.INVALID_FIELDS, ["cursor"])


@pytest.mark.parametrize(
    "parts",
    [
        None,
        1,
        {},
        [],
        ["price"],
        ["price", 1],
        ["price", 1, 1, 1],
        ["price", 1, 1, ""],
        ["price", 1, 1, 1, 1],
        ["price", "1", 1],
        ["price", 1.0, 1],
        ["price", 1, 1.5],
        ["price", True, 1],
        ["price", 1, True],
        ["price", None, None],
        ["price", [1], 1],
        ["price", 1, -1],
        ["price", 1, MAX_ID + 1],
        ["price", MAX_KEY + 1, 1],
        ["price", -1, 1],
        ["price", 10**300, 1],
        ["price", float("nan"), 1],
        [["price"], 1, 1],
    ],
)
def test_a_cursor_of_another_shape_or_size_is_refused(parts: object) -> None:
    assert_refused(made_of(parts), "price")


@pytest.mark.parametrize("cursor", ["", "=", "a", "%%%", "курсор", "W10=garbage", "\x00", "AAAA"])
def test_a_cursor_that_is_no_base64_of_json_is_refused(cursor: str) -> None:
    assert_refused(cursor, "price")


def assert_refused(cursor: str, ordering: str) -> None:
    with pytest.raises(DomainError) as refused:
        decode_cursor(cursor, ordering)
    assert refused.value.code is Code.INVALID_FIELDS
    assert list(refused.value.errors) == ["cursor"]
