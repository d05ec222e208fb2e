"""Normal forms of text: what is stored, what is compared, what is searched."""

from __future__ import annotations

import unicodedata

_LINE_CONTROLS = frozenset("\r\n\t")
_INVISIBLE = frozenset(("Cc", "Cf", "Mn", "Me", "Zl", "Zp", "Zs"))
# Letters and a symbol by category, drawn as nothing: Hangul fillers, the empty Braille cell.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def normalise(value: str) -> str:
    """NFC with every kind of line break as a line feed."""
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))


def is_clean(value: str, *, multiline: bool = False) -> bool:
    """Whether the text holds no control characters and no separators of lines (line breaks and
    tabs of long texts aside), no lone surrogates.
    """
    if value.isprintable():
        return True
    allowed = _LINE_CONTROLS if multiline else frozenset()
    refused = ("Cc", "Cs") if multiline else ("Cc", "Cs", "Zl", "Zp")
    return all(char in allowed or unicodedata.category(char) not in refused for char in value)


def is_blank(value: str) -> bool:
    """Whether nothing of the text can be seen: it is empty or all spaces, marks without a letter
    to stand on, and characters without a form.
    """
    return all(char in _BLANK_LETTERS or unicodedata.category(char) in _INVISIBLE for char in value)


def fold(value: str) -> str:
    """The form in which names are the same regardless of case: NFKC, case-folded, NFKC again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def caseless(value: str) -> str:
    """The form in which a part of a text is looked for in any case: case-folded NFC."""
    return unicodedata.normalize("NFC", value.casefold())


def sort_form(value: str) -> str:
    """The form in which names are put in order and looked for in any case: ё stands as е."""
    return caseless(value).replace("ё", "е")


def like_pattern(part: str) -> str:
    """A LIKE pattern, escaped by a backslash, finding `part` literally anywhere."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def scripts(value: str) -> set[str]:
    """The scripts of the letters in `value`, by the first word of each letter's Unicode name."""
    return {unicodedata.name(char, "UNKNOWN").split(" ", 1)[0] for char in value if char.isalpha()}
