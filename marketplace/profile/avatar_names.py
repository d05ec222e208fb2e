"""The names of an avatar's two files, and what is told from a stored address. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

PREFIX = "avatars"
LARGE, SMALL = 512, 128
_KEY_BYTES = 16
_ENDING = f"-{LARGE}.webp"
_NAME = re.compile(rf"{PREFIX}/([0-9a-f]{{2}})/(\1[0-9a-f]{{30}})-(?:{LARGE}|{SMALL})\.webp")
# Of every large file's name.
LENGTH = len(f"{PREFIX}/00/") + 2 * _KEY_BYTES + len(_ENDING)


def new_name() -> str:
    """The name of a new large file, which nobody can guess."""
    key = secrets.token_hex(_KEY_BYTES)
    return f"{PREFIX}/{key[:2]}/{key}{_ENDING}"


def small_of(address: str | None) -> str | None:
    """The small picture's address, or name, beside the large one's. An avatar from elsewhere has
    one size only.
    """
    if address is None or not is_ours(address):
        return address
    return f"{address.removesuffix(_ENDING)}-{SMALL}.webp"


def is_ours(address: str) -> bool:
    """Whether an address is that of a large file of ours, wherever it is fetched."""
    return address.endswith(_ENDING) and is_name(address[-LENGTH:])


def names_of(address: str | None) -> list[str]:
    """The names of both files of a stored address."""
    if address is None or not is_ours(address):
        return []
    large = address[-LENGTH:]
    return [large, str(small_of(large))]


def is_name(name: str) -> bool:
    """Whether it is the name of a file of an avatar."""
    return _NAME.fullmatch(name) is not None


def large_names(names: Iterable[str]) -> set[str]:
    """The names of the large files that these belong to; others, such as drafts, are left out."""
    matches = (_NAME.fullmatch(name) for name in names)
    return {f"{PREFIX}/{match[1]}/{match[2]}{_ENDING}" for match in matches if match}
