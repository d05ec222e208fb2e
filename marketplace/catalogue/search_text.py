"""The words of a text as search compares them. Pure.

Every text that is searched, and every question, goes through `words`: NFKC, no case, ё as е, no
marks, letters and digits only, each word to its stem. Both databases hold what comes out and
compare it byte by byte, so neither has a language configuration of its own to differ in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from threading import local
from typing import Any

import snowballstemmer

from marketplace.core import text

MAX_WORD = 40
MIN_CORRECTED = 4
MIN_TWICE_CORRECTED = 7
_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`" + '{}:"<>~'
_CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбюё" + "хъжэбюё"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC[:33], _LATIN[:33])
_FLEETING = re.compile("(?<=.)([бвгджзклмнпрстфхцчшщ])[ое]([кнц])$")
_DROPPED = frozenset(("Mn", "Me", "Cf"))
_KEPT = frozenset("LN")
# Words that say nothing; left out of a question that has others.
_EMPTY = frozenset(
    (  # noqa: SIM905 - read as a text
        "а без в во для до за и из или к ко на над не о об от по под при про с со у the a an and of"
        " for in on or to with"
    ).split()
)
# A stemmer keeps the word it works on in itself.
_own = local()


def split(value: str) -> list[str]:
    """The words as they are written, folded."""
    folded = text.fold(value).replace("ё", "е")
    return [word[:MAX_WORD] for word in "".join(map(_letter, folded)).split()]


def stem(word: str) -> str:
    """The part of a folded word that its forms share, as a question asks for it."""
    return _stems(word)[-1]


def words(value: str) -> list[str]:
    """The stems of a text, in their order. A stem with a vowel that some forms lose (окон, окна)
    is there with and without it: the first is what a beginning is compared with.
    """
    return [each for word in split(value) for each in _stems(word)]


def padded(stems: Iterable[str]) -> str:
    """Stems as one text in which ` word ` is found exactly where the word is."""
    joined = " ".join(stems)
    return f" {joined} " if joined else ""


def meaning(value: str) -> list[str]:
    """The distinct words of a question but those that say nothing, unless it has no others."""
    found = list(dict.fromkeys(split(value)))
    return [word for word in found if word not in _EMPTY] or found


def slips(value: str) -> list[str]:
    """The question as it would stand had the other keyboard layout been on."""
    folded = text.fold(value)
    found = [folded.translate(_TO_CYRILLIC), folded.translate(_TO_LATIN)]
    return [each for each in found if each != folded]


def grams(word: str) -> list[str]:
    """The runs of three characters of a word with its edges marked; the first tells its start."""
    marked = f"  {word} "
    return list(dict.fromkeys(marked[at : at + 3] for at in range(len(marked) - 2)))


def allowed_errors(word: str) -> int:
    """How many slips of the finger a word of this length may hold."""
    if len(word) < MIN_CORRECTED:
        return 0
    return 1 if len(word) < MIN_TWICE_CORRECTED else 2


def distance(one: str, other: str) -> int:
    """How many letters are missing, added, wrong, or swapped with the next."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        here = [row]
        for column, against in enumerate(other, 1):
            cost = min(
                above[column] + 1, here[column - 1] + 1, above[column - 1] + (letter != against)
            )
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        before, above = above, here
    return above[-1]


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    category = unicodedata.category(char)
    if category in _DROPPED:
        return ""
    return char if category[0] in _KEPT else " "


@lru_cache(maxsize=50_000)
def _stems(word: str) -> tuple[str, ...]:
    whole = _stem(word)
    short = _FLEETING.sub(r"\1\2", whole)
    return (whole,) if short == whole else (whole, short)


def _stem(word: str) -> str:
    if word.isascii():
        stemmed = word if any(map(str.isdigit, word)) else _stemmer("english").stemWord(word)
    else:
        stemmed = _stemmer("russian").stemWord(word)
    return str(stemmed) or word


def _stemmer(language: str) -> Any:
    found = getattr(_own, language, None)
    if found is None:
        found = snowballstemmer.stemmer(language)
        setattr(_own, language, found)
    return found
