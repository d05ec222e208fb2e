"""JSON as the contract speaks it: UTF-8 without escapes out, strictly one reading in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import orjson
from flask.json.provider import DefaultJSONProvider


class DuplicateName(ValueError):
    """A JSON object names one member twice, which parsers read differently."""


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise DuplicateName
    # Names are told back in errors, and a lone surrogate could not be.
    for name in result:
        name.encode()  # raises a `ValueError`
    return result


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("an exponent no number has") from None


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_constant=_constant
)


def decode(body: bytes) -> Any:
    """One JSON document. Raises `ValueError` (malformed, not UTF-8, NaN, a number of thousands of
    digits, an exponent beyond any number), `DuplicateName`, or `RecursionError` for nesting the
    parser gives up on.
    """
    return _decoder.decode(body.decode("utf-8"))


def encode(value: Any) -> str:
    """Compact JSON of plain values."""
    return orjson.dumps(value).decode()


class JSONProvider(DefaultJSONProvider):
    """Flask's provider with the contract's output form."""

    ensure_ascii = False
    sort_keys = False
    compact = True
