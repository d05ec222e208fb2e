"""Composes names of services, descriptions and biographies from the word tables."""

from __future__ import annotations

import re
from random import Random

from marketplace.system.demo import phrases
from marketplace.system.demo.branches import BRANCHES
from marketplace.system.demo.places import CITIES
from marketplace.system.demo.shapes import Branch, City, Offer, Trade, Weighted

NAME_MAX = 100
# Shares of services; together with the ranks in the tables they give words of every frequency,
# from one service in ten to one in ten thousand.
_RARITY, _METHOD, _AUDIENCE, _SITE, _DISTRICT, _TEMPO = 0.004, 0.3, 0.12, 0.27, 0.06, 0.03
_REMARK, _PARAGRAPHS, _NO_DESCRIPTION = 0.4, 0.15, 0.03
_SHORT_MINUTES = 90
_STEM = 5
_FORMS = re.compile(r"\[(.+?)\|(.+?)\]")

_TRADES = [trade for branch in BRANCHES for trade in branch.trades]
_OFFERS = {trade.slug: Weighted.ranked(trade.offers, 1.1) for trade in _TRADES}
_METHODS = {trade.slug: Weighted.ranked(trade.methods, 2.0) for trade in _TRADES}
_AUDIENCES = {branch.slug: Weighted.ranked(branch.audiences, 1.5) for branch in BRANCHES}
_SITES = {branch.slug: Weighted.ranked(branch.sites, 1.2) for branch in BRANCHES}
_DISTRICTS = {city.name: Weighted.ranked(city.districts, 1.5) for city in CITIES}


def offer(random: Random, trade: Trade) -> Offer:
    """What a service of the trade is at heart; now and then one of the rarities."""
    if random.random() < _RARITY:
        return random.choice(trade.rarities)
    return _OFFERS[trade.slug].pick(random)


def service_name(random: Random, branch: Branch, trade: Trade, city: City, core: Offer) -> str:
    """The offer's name with what specialists add to it: how, for whom, where, how fast."""
    name = core.name
    if random.random() < _METHOD and not core.plain and core not in trade.rarities:
        name = _extended(name, _METHODS[trade.slug].pick(random))
    if random.random() < _AUDIENCE and core.anyone and " для " not in name:
        name = _extended(name, _AUDIENCES[branch.slug].pick(random))
    site = _SITES[branch.slug].pick(random) if random.random() < _SITE else ""
    if site:
        name = _extended(name, site)
    if random.random() < _DISTRICT and site != "онлайн":
        name = _extended(name, _DISTRICTS[city.name].pick(random))
    if random.random() < _TEMPO and core.minutes[0] <= _SHORT_MINUTES:
        name = _extended(name, branch.tempo, separator=", ")
    return name


def _extended(name: str, addition: str, separator: str = " ") -> str:
    """The name with the addition, unless that would repeat a word's stem or be too long."""
    present = name.lower()
    repeats = any(
        word[:_STEM].lower() in present for word in addition.split() if len(word) >= _STEM
    )
    if addition.startswith(("с ", "со ")) and (" с " in present or " со " in present):
        separator = ", "
    longer = f"{name}{separator}{addition}"
    return name if repeats or len(longer) > NAME_MAX else longer


def description(random: Random, branch: Branch, trade: Trade, city: City) -> str:
    """Two to five sentences, at times in two paragraphs; a few services have none."""
    if random.random() < _NO_DESCRIPTION:
        return ""
    work = " ".join(random.sample(trade.details, random.randint(1, 2)))
    terms = random.sample(branch.terms, random.randint(1, 2))
    if random.random() < _REMARK:
        terms.append(random.choice(phrases.REMARKS).format(where=city.where))
    separator = "\n\n" if random.random() < _PARAGRAPHS else " "
    return work + separator + " ".join(terms)


def specialist_bio(random: Random, trade: Trade, city: City, years: int, *, woman: bool) -> str:
    """Two to four sentences about a specialist."""
    if years:
        sentences = [random.choice(phrases.OPENINGS)]
        middle = [random.choice(phrases.SCHOOLING), random.choice(phrases.MANNERS)]
        sentences += random.sample(middle, random.randint(1, 2))
    else:
        sentences = [random.choice(phrases.BEGINNINGS), random.choice(phrases.MANNERS)]
    if random.random() < 0.5:  # noqa: PLR2004
        sentences.append(random.choice(phrases.INVITATIONS))
    bio = " ".join(sentences).format(
        profession=trade.profession,
        working_as=trade.working_as,
        years=years_text(years),
        where=city.where,
    )
    return _gendered(bio, woman=woman)


def client_bio(random: Random, city: City, *, woman: bool) -> str:
    """Two sentences about a client."""
    first, second = random.choice(phrases.CLIENT_OPENINGS), random.choice(phrases.CLIENT_WISHES)
    return _gendered(f"{first} {second}".format(where=city.where), woman=woman)


def years_text(years: int) -> str:
    """`1 год`, `3 года`, `11 лет`."""
    tens, ones = divmod(years % 100, 10)
    if tens == 1 or ones in (0, 5, 6, 7, 8, 9):
        return f"{years} лет"
    return f"{years} год" if ones == 1 else f"{years} года"


def _gendered(sentence: str, *, woman: bool) -> str:
    return _FORMS.sub(lambda forms: forms[2 if woman else 1], sentence)
