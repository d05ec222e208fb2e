"""The normal forms of text."""

import sqlite3
import unicodedata

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import fields, text
from marketplace.core.errors import Message

ANY = st.text(st.characters(codec=None), max_size=40)
ENCODABLE = st.text(max_size=40)


@given(ANY)
def test_normalising_twice_is_normalising_once(value: str) -> None:
    once = text.normalise(value)

    assert text.normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\r" not in once


@given(ANY)
def test_clean_text_holds_no_control_character_and_can_be_stored(value: str) -> None:
    if text.is_clean(value):
        value.encode("utf-8")
        assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in value)


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "\udfff"])
@pytest.mark.parametrize("multiline", [False, True])
def test_control_characters_and_broken_ones_are_never_clean(char: str, *, multiline: bool) -> None:
    assert not text.is_clean(f"до{char}после", multiline=multiline)


@pytest.mark.parametrize("char", ["\n", "\t"])
def test_line_breaks_belong_to_long_texts_only(char: str) -> None:
    assert text.is_clean(f"до{char}после", multiline=True)
    assert not text.is_clean(f"до{char}после")


@pytest.mark.parametrize("value", ["Ёлка № 1", "naïve café", "👩🏽‍🔬", "עברית", "a\u00a0b", "日本"])
def test_any_script_is_clean(value: str) -> None:
    assert text.is_clean(value)


@given(ENCODABLE)
def test_a_folded_name_folds_to_itself(value: str) -> None:
    folded = text.fold(value)

    assert text.fold(folded) == folded
    assert unicodedata.is_normalized("NFKC", folded)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ВАСЯ", "вася"),
        ("Straße", "STRASSE"),
        ("ｍａｓｔｅｒ", "master"),
        ("é", "e\u0301"),
        ("ﬁ", "FI"),
    ],
)
def test_names_that_look_the_same_fold_to_the_same(left: str, right: str) -> None:
    assert text.fold(left) == text.fold(right)


def test_letters_that_differ_stay_different() -> None:
    assert text.fold("вася") != text.fold("bася")
    assert text.caseless("ё") != text.caseless("е")


@given(st.text("ab%_\\\"'* ёЁ", max_size=8), st.text("ab%_\\\"'* ёЁ", max_size=4))
def test_a_like_pattern_finds_its_part_literally(value: str, part: str) -> None:
    database = sqlite3.connect(":memory:")

    (found,) = database.execute(
        "SELECT ? LIKE ? ESCAPE '\\'",
        (text.caseless(value), text.like_pattern(text.caseless(part))),
    ).fetchone()
    database.close()

    assert bool(found) == (text.caseless(part) in text.caseless(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("master_1", {"LATIN"}),
        ("мастер", {"CYRILLIC"}),
        ("mаster", {"LATIN", "CYRILLIC"}),
        ("1+", set()),
    ],
)
def test_scripts_tell_lookalike_letters_apart(value: str, expected: set[str]) -> None:
    assert text.scripts(value) == expected


@pytest.mark.parametrize("char", ["\u2028", "\u2029"])
def test_separators_of_lines_belong_to_long_texts_only(char: str) -> None:
    assert text.is_clean(f"до{char}после", multiline=True)
    assert not text.is_clean(f"до{char}после")


@pytest.mark.parametrize(
    "value", ["", " ", "\u200b", "\ufeff \u00ad", "\u0301", "\u3164", "\u2800"]
)
def test_a_text_that_cannot_be_seen_is_blank(value: str) -> None:
    assert text.is_blank(value)


@pytest.mark.parametrize("value", ["a", ".", "\u200bй", "e\u0301", "👩🏽‍🔬", "日", "\u200f1"])
def test_one_visible_character_is_enough(value: str) -> None:
    assert not text.is_blank(value)


@pytest.mark.parametrize("value", ["\u200b", "\u2060\u200d", " \u0301 ", "\u3164\u3164"])
def test_a_field_takes_an_invisible_text_for_an_empty_one(value: str) -> None:
    with pytest.raises(ma.ValidationError) as error:
        fields.Text(min_length=1, max_length=10).deserialize(value)

    assert error.value.messages == [Message("required")]
    assert fields.Text(max_length=10).deserialize(value) == ""
    assert fields.Text(max_length=10, verbatim=True).deserialize(value) == value


def test_a_field_of_one_line_refuses_separators_of_lines() -> None:
    with pytest.raises(ma.ValidationError) as error:
        fields.Text(max_length=10).deserialize("a\u2028b")

    assert error.value.messages == [Message("control_characters")]
    for kind in ("multiline", "verbatim"):
        assert fields.Text(max_length=10, **{kind: True}).deserialize("a\u2028b") == "a\u2028b"
