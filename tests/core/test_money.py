"""Money is exact: no amount is ever rounded on its way in or out."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import money
from marketplace.core.json import decode

KOPECKS = st.integers(0, money.MAX_KOPECKS)


@given(KOPECKS)
def test_every_amount_survives_the_way_to_roubles_and_back(kopecks: int) -> None:
    assert money.to_kopecks(money.to_amount(kopecks)) == kopecks


@given(KOPECKS)
def test_the_wire_shows_two_places_and_the_exact_amount(kopecks: int) -> None:
    shown = money.wire_amount(kopecks)

    assert re.fullmatch(r"(0|[1-9][0-9]*)\.[0-9]{2}", shown)
    assert Decimal(shown) * 100 == kopecks


@given(KOPECKS, st.integers(1, 60), st.integers(1, 9))
def test_a_digit_after_the_kopecks_is_refused_however_far_it_stands(
    kopecks: int, zeros: int, digit: int
) -> None:
    amount = decode(f"{money.wire_amount(kopecks)}{'0' * zeros}{digit}".encode())

    with pytest.raises(ValueError):
        money.to_kopecks(amount)


@pytest.mark.parametrize(
    "amount",
    ["-0.01", "-1", "100000000", "100000000.00", "99999999.991", "1E+9", "1E+999999999999", "1e-3"]
    + ["1.000", "NaN", "sNaN", "-NaN", "Infinity", "-Infinity"],
)
def test_what_is_no_price_is_refused(amount: str) -> None:
    with pytest.raises(ValueError):
        money.to_kopecks(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "kopecks"),
    [("0", 0), ("-0", 0), ("0.1", 10), ("1E+3", 100_000), ("99999999.99", 9_999_999_999)],
)
def test_the_bounds_themselves_are_prices(amount: str, kopecks: int) -> None:
    assert money.to_kopecks(Decimal(amount)) == kopecks
