"""The catalogue's questions whose growth is measured: each a path and what may be asked of it.

A case has candidates, and each scale takes the one that finds nearest to a wanted number of
services, so that both scales are asked for about as many: a rarer price among more services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product

from benchmarks.targets import substrings

Query = Mapping[str, str]
SERVICES, FACETS, SPECIALISTS = "/api/services/", "/api/services/facets/", "/api/specialists/"
WANTED = 400
# Of all combinations of values so many, evenly chosen.
_TRIED = 40

_CITIES = ("москва", "санкт-петербург", "екатеринбург", "новосибирск", "иркутск", "калининград")
_BRANCHES = ("beauty", "massage", "cleaning", "tutoring", "repair")
_LEAVES = ("beauty-hair", "massage-sport", "tutoring-music", "repair-handyman", "cleaning-home")
_BANDS = tuple(
    {"min_price": str(low), "max_price": str(low + width)}
    for low, width in product((1_000, 2_000, 3_000, 5_000, 9_000, 15_000, 25_000), (0, 500, 5_000))
)
_CENTRES = ("55.7558,37.6176", "59.9386,30.3141", "56.8389,60.6057", "52.2869,104.3050")
_RADII = ("0.3", "0.5", "1", "2", "5", "20")


@dataclass(frozen=True)
class Case:
    """`candidates` are asked of `path`; a request of few bytes counts their matches."""

    name: str
    candidates: Sequence[Query]
    path: str = SERVICES
    ordering: str | None = None
    wanted: int = field(default=WANTED, kw_only=True)

    @property
    def queries(self) -> Iterator[Query]:
        """The candidates with their ordering."""
        ordered = {} if self.ordering is None else {"ordering": self.ordering}
        return ({**each, **ordered} for each in self.candidates)


def _each(name: str, values: Sequence[str]) -> tuple[Query, ...]:
    return tuple({name: value} for value in values)


def _both(*filters: Sequence[Query]) -> tuple[Query, ...]:
    found = [
        {name: value for each in chosen for name, value in each.items()}
        for chosen in product(*filters)
    ]
    # An odd stride, not to meet the same value of the last filter each time.
    return tuple(found[:: -(-len(found) // _TRIED) | 1])


def _day(ahead: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()


def _cases() -> Iterator[Case]:  # noqa: PLR0915 - a list
    city, price = _each("city", _CITIES), _BANDS
    category = (*_each("category", _LEAVES), *_each("category", _BRANCHES))
    duration = _each("duration_minutes", ("15", "20", "40", "75", "210", "240", "360", "480"))
    longer = (
        *_both(_each("min_duration", ("180", "210")), _each("max_duration", ("240", "300"))),
        {"min_duration": "300"},
        {"max_duration": "15"},
        {"max_duration": "20"},
    )
    name = _each("name", substrings())
    near = _both(_each("near", _CENTRES), _each("radius_km", _RADII))
    soon = _each("available_on", (_day(3), _day(9)))
    late = _each("available_on", tuple(_day(ahead) for ahead in (50, 58, 70, 88, 89, 90)))
    night = tuple(
        {"available_on": _day(3), "available_from": since, "available_to": until}
        for since, until in (("00:00", "06:30"), ("05:00", "07:30"), ("19:30", "20:00"),
                             ("20:30", "21:30"), ("21:00", "23:59"))
    )  # fmt: skip
    zoned = _both(night, _each("tz", ("Europe/Moscow", "Asia/Tokyo")))
    yield Case("all", ({},))
    yield Case("name", name)
    yield Case("price", price)
    yield Case("duration", duration)
    yield Case("min and max duration", longer)
    yield Case("specialist", _each("specialist", ("100", "300")))
    yield Case("city", city)
    yield Case("category", _each("category", _LEAVES))
    yield Case("category with sub-categories", _each("category", _BRANCHES))
    yield Case("min_rating", ({"min_rating": "4"},))
    yield Case("near", near)
    yield Case("available_on, many free", soon)
    yield Case("available_on, few free", late)
    yield Case("available_on, times", night)
    yield Case("available_on, times, tz", zoned)
    yield Case("city, category", _both(city, category))
    yield Case("city, price", _both(city, price))
    yield Case("city, duration", _both(city, duration))
    yield Case("city, name", _both(city, name))
    yield Case("city, available_on", _both(city, soon))
    yield Case("city, available_on few", _both(city, (*late, *night)))
    yield Case("city, min_duration", _both(city, longer))
    yield Case("category, price", _both(category, price))
    yield Case("category, duration", _both(category, duration))
    yield Case("category, name", _both(category, name))
    yield Case("category, available_on times", _both(category, night))
    yield Case("price, duration", _both(price, duration))
    yield Case("near, category", _both(near, category))
    yield Case("near, price", _both(near, price[::3]))
    yield Case("near, available_on", _both(near, soon))
    yield Case("city, category, price", _both(city, category, price[::3]))
    yield Case("city, category, available_on", _both(city, category, soon))
    yield Case("category, available_on, price", _both(category, soon, price[::2]))
    for ordering in ("created_at", "price", "-price", "duration_minutes", "-rating"):
        yield Case("all", ({},), ordering=ordering)
        yield Case("city, category", _both(city, category), ordering=ordering)
    yield Case("city", city, ordering="price")
    yield Case("category", _each("category", _LEAVES), ordering="price")
    yield Case("city, price", _both(city, price), ordering="-price")
    yield Case("city, available_on", _both(city, soon), ordering="price")
    yield Case("city, category, available_on", _both(city, category, soon), ordering="price")
    yield Case("near", near, ordering="distance")
    yield Case("near, category", _both(near, category), ordering="distance")
    yield Case("near, available_on", _both(near, soon), ordering="distance")
    yield Case("all", ({},), ordering="next_slot")
    yield Case("city, category", _both(city, category), ordering="next_slot")
    yield Case("city, available_on", _both(city, soon), ordering="next_slot")
    yield Case("directory, city", city, SPECIALISTS, "next_slot")
    for ordering in ("-created_at", "name"):
        yield Case("directory", ({},), SPECIALISTS, ordering)
        yield Case("directory, city", city, SPECIALISTS, ordering)
        yield Case("directory, city, category", _both(city, category), SPECIALISTS, ordering)
    yield Case("directory, category", category, SPECIALISTS, "name")
    yield Case(
        "directory, q", _each("q", ("мария", "иванов", "анна с", "щук")), SPECIALISTS, "name"
    )
    yield Case("directory, min_experience", _each("min_experience", ("30", "40")), SPECIALISTS)
    yield Case("directory, near", near, SPECIALISTS, "distance")
    for part in ({}, {"city": "москва"}, {"category": "beauty"}, {"max_price": "3000"}, soon[0],
                 night[1], near[5], {"city": "омск", "category": "beauty"}):  # fmt: skip
        named = ", ".join(part) or "all"
        yield Case(f"facets: {named}", (part,), FACETS)
    yield Case("facets: city, category", _both(city, category), FACETS)
    yield Case("cities", ({},), "/api/cities/")
    yield Case("categories", ({},), "/api/categories/")


CASES = tuple(_cases())
# Lists long enough for a page 500 of 20.
DEEP = tuple(
    Case("all", ({},), ordering=each)
    for each in ("-created_at", "created_at", "price", "-price", "duration_minutes", "-rating")
)
