"""Which passwords are refused (contract section 1; OWASP ASVS 5.0, 6.2). Pure."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from marketplace.core import text
from marketplace.core.errors import Message

MIN_LENGTH = 8
MAX_LENGTH = 128
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_SHORTEST_CONTEXT_WORD = 4


def _common_passwords() -> frozenset[str]:
    # Only this list is wanted; importing the package would keep all its tables, some 20 MB.
    package = find_spec("zxcvbn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("zxcvbn")
    lists = runpy.run_path(str(Path(package.origin).with_name("frequency_lists.py")))
    return frozenset(lists["FREQUENCY_LISTS"]["passwords"])


_COMMON = _common_passwords()


def password_faults(password: str, *, personal: list[str], brand: str) -> list[Message]:
    """Why a password is refused; empty when it is accepted.

    `personal` holds the person's user name, e-mail and phone, as far as they exist.
    Length is the field's own rule and not judged here.
    """
    faults = []
    folded = text.fold(password)
    # ASCII digits or any other: "all digits" is about guessing, not about encodings.
    if password.isdigit():
        faults.append(Message("password_digits"))
    bare = _EDGES.sub("", folded)
    if folded in _COMMON or bare == text.fold(brand):
        faults.append(Message("password_common"))
    words = set(_context_words(personal))
    bare_words = {_EDGES.sub("", word) for word in words}
    if folded in words or (len(bare) >= _SHORTEST_CONTEXT_WORD and bare in words | bare_words):
        faults.append(Message("password_personal"))
    return faults


def _context_words(personal: list[str]) -> Iterator[str]:
    for value in personal:
        folded = text.fold(value)
        yield folded
        if "@" in folded:
            yield folded.split("@", 1)[0]
        yield folded.lstrip("+")
