"""Marshmallow fields with the contract's bounds, one meaning each, messages in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import marshmallow as ma

from marketplace.core import money, text
from marketplace.core.errors import Message

MAX_ID = 2**31 - 1
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def refuse(key: str, **values: Any) -> ma.ValidationError:
    """A validation error carrying a message of the catalogue."""
    return ma.ValidationError([Message(key, values)])


class CatalogueField(ma.fields.Field[Any]):
    """Replaces marshmallow's English texts by messages of the catalogue."""

    _keys: Mapping[str, str] = {"required": "required", "null": "null"}

    def make_error(self, key: str, **kwargs: Any) -> ma.ValidationError:
        return refuse(self._keys.get(key, self._wrong_type), **kwargs)

    _wrong_type = "string"


class Text(CatalogueField, ma.fields.String):
    """A string: NFC, trimmed, without control characters, `min_length` to `max_length` characters.

    `multiline` keeps line breaks and tabs; `verbatim` keeps every character as sent (passwords).
    """

    def __init__(
        self,
        *,
        max_length: int,
        min_length: int = 0,
        multiline: bool = False,
        verbatim: bool = False,
        **kwargs: Any,
    ) -> None:
        metadata = {"maxLength": max_length, **kwargs.pop("metadata", {})}
        if min_length:
            metadata["minLength"] = min_length
        super().__init__(metadata=metadata, **kwargs)
        self._bounds = (min_length, max_length)
        self._multiline = multiline
        self._verbatim = verbatim

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse("string")
        low, high = self._bounds
        given = value if self._verbatim else value.strip()
        # Composing shortens a text to a quarter at most, and is slow work on a very long one.
        if len(given) > 4 * high + 64:
            raise refuse("too_long", max=high)
        if not text.is_clean(value, multiline=True):
            raise refuse("control_characters")
        clean = given if self._verbatim else self._tidy(given)
        if len(clean) < low:
            raise refuse("too_short", min=low) if clean else refuse("required")
        if len(clean) > high:
            raise refuse("too_long", max=high)
        return clean

    def _tidy(self, value: str) -> str:
        tidy = text.normalise(value)
        if not text.is_clean(tidy, multiline=self._multiline):
            raise refuse("control_characters")
        # What nobody can see is no name: as good as nothing sent.
        return "" if text.is_blank(tidy) else tidy


class Choice(CatalogueField, ma.fields.String):
    """One of the named values."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        self._choices = tuple(choices)
        metadata = {"enum": list(self._choices), **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self._choices:
            raise refuse("choice", choices=", ".join(self._choices))
        return value


class Integer(CatalogueField, ma.fields.Integer):
    """A whole JSON number from `low` to `high`; strings and booleans are not numbers."""

    def __init__(self, *, low: int, high: int, **kwargs: Any) -> None:
        metadata = {"minimum": low, "maximum": high, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self._low, self._high = low, high

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        number = self._number(value)
        if number is None:
            raise refuse("integer")
        if not self._low <= number <= self._high:
            raise refuse("range", min=self._low, max=self._high)
        return int(number)

    def _number(self, value: Any) -> int | Decimal | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return value
        if isinstance(value, Decimal):
            # Compared before conversion: int(1E+999999) would take for ever.
            out_of_bounds = not -(10**18) < value < 10**18
            return value if out_of_bounds or value == value.to_integral_value() else None
        return None


class QueryInteger(Integer):
    """A whole number in a query string, ASCII digits only."""

    def _number(self, value: Any) -> int | None:
        return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


class Coordinate(CatalogueField, ma.fields.Float):
    """Degrees as a JSON number from `low` to `high`, kept to six places (a tenth of a metre)."""

    _wrong_type = "number"

    def __init__(self, *, low: int, high: int, **kwargs: Any) -> None:
        metadata = {"minimum": low, "maximum": high, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self._low, self._high = low, high

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise refuse("number")
        if not self._low <= value <= self._high:
            raise refuse("range", min=self._low, max=self._high)
        # Adding zero makes no difference but of minus zero.
        return round(float(value), 6) + 0.0


class Money(CatalogueField):
    """Roubles as a JSON number or string, at most two places, never rounded; `Decimal` inside."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "string", "pattern": _AMOUNT_DOC, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _serialize(self, value: Decimal | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else money.wire_amount(money.to_kopecks(value))

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, str) and not _AMOUNT.fullmatch(value):
            raise refuse("money")
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise refuse("money")
        try:
            return money.to_amount(money.to_kopecks(Decimal(value)))
        except (ValueError, InvalidOperation):
            raise refuse("money") from None


_AMOUNT_DOC = r"^[0-9]{1,8}(\.[0-9]{1,2})?$"


class Boolean(CatalogueField, ma.fields.Boolean):
    """true or false, nothing that merely resembles them."""

    _wrong_type = "boolean"

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise refuse("boolean")
        return value


class QueryBoolean(CatalogueField, ma.fields.Boolean):
    """true, false, 1 or 0 in a query string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if value not in _BOOLEANS:
            raise refuse("boolean")
        return _BOOLEANS[value]


class HttpsUrl(Text):
    """An https link to a named host."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        metadata = {"format": "uri", "pattern": r"^https://", **kwargs.pop("metadata", {})}
        super().__init__(min_length=1, max_length=max_length, metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        link = super()._deserialize(value, attr, data, **kwargs)
        try:
            parts = urlsplit(link)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise refuse("https_url") from None
        named = "." in host.strip(".") and not parts.username and not parts.password
        if parts.scheme != "https" or not named or any(char.isspace() for char in link):
            raise refuse("https_url")
        return link


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # The machine's own setting and the name of an unset one lie among IANA's.
    return frozenset(available_timezones() - {"localtime", "Factory"})


class TimeZone(Text):
    """An IANA time zone name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=64, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in _zone_names():
            raise refuse("timezone")
        return name


class Items(CatalogueField, ma.fields.List[Any]):
    """A list of at most `max_items`."""

    _wrong_type = "list"

    def __init__(self, inner: ma.fields.Field[Any], *, max_items: int, **kwargs: Any) -> None:
        metadata = {"maxItems": max_items, **kwargs.pop("metadata", {})}
        super().__init__(inner, metadata=metadata, **kwargs)
        self._max_items = max_items

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refuse("list")
        if len(value) > self._max_items:
            raise refuse("too_many_items", max=self._max_items)
        return super()._deserialize(value, attr, data, **kwargs)


class Nested(CatalogueField, ma.fields.Nested):
    """An object of a schema inside a body."""

    _wrong_type = "object"
