"""Money: whole kopecks in storage, `Decimal` roubles in Python, a two-place string on the wire."""

from __future__ import annotations

from decimal import Decimal

CURRENCY = "RUB"
_PLACES = 2
MAX_KOPECKS = 9_999_999_999
MAX_AMOUNT = Decimal(MAX_KOPECKS) / 100


def to_kopecks(amount: Decimal) -> int:
    """Roubles to kopecks. Raises `ValueError` for more than two places or an amount out of
    bounds.
    """
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= amount <= MAX_AMOUNT:
        raise ValueError("amount out of bounds")
    # By its places: arithmetic on more than 28 digits would round before it could be compared.
    if exponent < -_PLACES:
        raise ValueError("fraction of a kopeck")
    return int(amount * 100)


def to_amount(kopecks: int) -> Decimal:
    """Kopecks to roubles with two places."""
    return Decimal(kopecks).scaleb(-2).quantize(Decimal("0.01"))


def wire_amount(kopecks: int) -> str:
    """Kopecks as the contract's decimal string: `150000` is `"1500.00"`."""
    roubles, rest = divmod(kopecks, 100)
    return f"{roubles}.{rest:02d}"
