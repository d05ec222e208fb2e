"""The shapes of the word tables, and the weighted pick they are drawn with."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """A service's plain name. `price` is the range in roubles for the first of `minutes`;
    `anyone` says that an audience («для двоих») may be added to the name, `plain` that a method
    («с аромамаслами») may not.
    """

    name: str
    price: tuple[int, int]
    minutes: tuple[int, ...]
    anyone: bool = True
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """A second-level category. `offers` and `methods` stand from the most common to the rarest;
    `rarities` are met about once in ten thousand services, and never with a method.
    """

    slug: str
    name: str
    popularity: int
    profession: str
    working_as: str
    offers: tuple[Offer, ...]
    rarities: tuple[Offer, ...]
    methods: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A first-level category. `women` is their share among its specialists; `sites` and
    `audiences` stand from the most common to the rarest.
    """

    slug: str
    name: str
    women: float
    sites: tuple[str, ...]
    audiences: tuple[str, ...]
    tempo: str
    terms: tuple[str, ...]
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class City:
    """`where` answers «где?»; `districts` too, from the most common to the rarest."""

    name: str
    timezone: str
    where: str
    population: int
    districts: tuple[str, ...]


class Weighted(Generic[T]):
    """Things drawn as often as their weights say."""

    def __init__(self, things: Sequence[T], weights: Iterable[float]) -> None:
        self._things = things
        self._cumulative = list(accumulate(weights))

    @classmethod
    def ranked(cls, things: Sequence[T], steepness: float) -> Weighted[T]:
        """The first is the most common; the n-th has 1 / n ** steepness of its weight."""
        return cls(things, [rank**-steepness for rank in range(1, len(things) + 1)])

    def pick(self, random: Random) -> T:
        return self._things[bisect(self._cumulative, random.random() * self._cumulative[-1])]
