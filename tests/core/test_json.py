"""JSON in one reading, UTF-8 out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.json import DuplicateName, decode, encode

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_reads_the_same(value: object) -> None:
    assert decode(encode(value).encode()) == value


def test_cyrillic_is_written_as_it_is() -> None:
    assert encode({"имя": "Ёж «№ 1»"}) == '{"имя":"Ёж «№ 1»"}'


def test_fractions_keep_every_digit() -> None:
    assert decode(b"[0.10, 1e2]") == [Decimal("0.10"), Decimal("1E+2")]
    assert str(decode(b"0.1000000000000000000000000000000000001")).endswith("1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1" + b"0" * 5_000 + b"]",
        b"[1e99999999999999999999]",
        b"[1e-99999999999999999999]",
        b'"\xff\xfe"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b'"a\nb"',
        b"01",
        b"+1",
        b"nul",
        b'{"\\ud800": 1}',
        b'[{"a\\udfff": 1}]',
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode(body)


@pytest.mark.parametrize(
    "body", [b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'[{"b": {"a": 1, "a": 2}}]']
)
def test_a_name_given_twice_is_refused_at_any_depth(body: bytes) -> None:
    with pytest.raises(DuplicateName):
        decode(body)


def test_endless_nesting_is_given_up_on() -> None:
    with pytest.raises(RecursionError):
        decode(b"[" * 100_000)
