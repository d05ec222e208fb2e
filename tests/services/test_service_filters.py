"""The filters of lists: literal, bounded, together, and never silently ignored."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from flask import Flask
from services.support import CATALOGUE, LISTS, OWN, add_services, listed, with_query

from marketplace.core import text
from marketplace.core.money import wire_amount

OUT_OF_BOUNDS = [
    ("name", ""),
    ("name", "  "),
    ("name", "я" * 101),
    ("name", "я" * 5_000),
    ("name", "а\x00б"),
    ("name", "а\nб"),
    ("min_price", ""),
    ("min_price", "-1"),
    ("min_price", "-0.01"),
    ("min_price", "0.001"),
    ("min_price", "1,5"),
    ("min_price", "1e3"),
    ("min_price", "NaN"),
    ("min_price", "１５"),
    ("min_price", "100000000"),
    ("max_price", "Infinity"),
    ("max_price", "99999999.991"),
    ("max_price", "9" * 5_000),
    ("max_price", "true"),
    ("duration_minutes", "4"),
    ("duration_minutes", "1441"),
    ("duration_minutes", "60.0"),
    ("duration_minutes", "６０"),
    ("duration_minutes", ""),
    ("duration_minutes", "9" * 5_000),
    ("specialist", "0"),
    ("specialist", "-1"),
    ("specialist", "2147483648"),
    ("specialist", "me"),
    ("specialist", "1.0"),
    ("ordering", ""),
    ("ordering", "name"),
    ("ordering", "-duration_minutes"),
    ("ordering", "PRICE"),
    ("ordering", "price,id"),
    ("ordering", "price; DROP TABLE services"),
    ("ordering", "version"),
    ("count", "yes"),
    ("count", ""),
    ("count", "2"),
]
LETTERS = "аАбёЁ%_\\\"'* -xXßİ№\u0301й"


def names(caller: Actor, path: str, **query: Any) -> list[str]:
    return [row["name"] for row in listed(caller, path, **query)]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("part", ["масс", "МАСС", "МаСс", "ассаж с", "массаж спины", "  спин "])
def test_a_part_of_the_name_finds_it_in_any_case(
    specialist: Actor, anonymous: Actor, path: str, part: str
) -> None:
    specialist.new_service(name="Массаж спины")
    specialist.new_service(name="Стрижка")

    assert names(anonymous, path, name=part) == ["Массаж спины"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Ёлка", "ё"),
        ("ЁЛКА", "ёлка"),
        ("Straße", "STRASSE"),
        ("İstanbul", "i\u0307stan"),
        ("Йога", "и\u0306ога"),
        ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
        ("Маникюр+дизайн", "+диз"),
        ("50 % скидка", "0 % с"),
        ("日本語", "本語"),
    ],
)
def test_letters_of_any_script_are_found_in_any_case(
    specialist: Actor, anonymous: Actor, name: str, part: str
) -> None:
    specialist.new_service(name=name)
    specialist.new_service(name="Другое")

    for path in LISTS:
        assert names(anonymous, path, name=part) == [name]


def test_letters_that_only_resemble_are_different(specialist: Actor, anonymous: Actor) -> None:
    specialist.new_service(name="Елка")

    assert names(anonymous, CATALOGUE, name="ёлка") == []
    assert names(anonymous, CATALOGUE, name="Eлка") == []


@pytest.mark.parametrize("special", ["%", "_", "\\", '"', "'", "*", "?", "-", "(", ")", ":", "^"])
def test_special_characters_are_plain_ones(
    app: Flask, specialist: Actor, anonymous: Actor, special: str
) -> None:
    with_it = [f"аб{special}вг", f"{special}абвг", f"абвг{special}", f"{special * 3} аб"]
    add_services(app, specialist, [{"name": name} for name in [*with_it, "абвг", "аб вг", "абXвг"]])

    for path in LISTS:
        assert sorted(names(anonymous, path, name=special)) == sorted(with_it)
        assert names(anonymous, path, name=f"аб{special}вг") == [with_it[0]]
        assert names(anonymous, path, name=special * 3) == [with_it[3]]
        assert names(anonymous, path, name=f"{special * 3} аб") == [with_it[3]]


@pytest.mark.parametrize(
    "part", ["' OR 1=1 --", '" OR name:*', "NEAR(а б)", "а AND б", "%' ESCAPE"]
)
def test_a_query_language_is_only_text(specialist: Actor, anonymous: Actor, part: str) -> None:
    specialist.new_service(name="а б")
    specialist.new_service(name=f"до {part} после")

    assert names(anonymous, CATALOGUE, name=part) == [f"до {part} после"]


@pytest.mark.parametrize("path", LISTS)
def test_one_letter_and_two_are_looked_for_too(
    specialist: Actor, anonymous: Actor, path: str
) -> None:
    specialist.new_service(name="Щётка")
    specialist.new_service(name="Уборка")

    assert names(anonymous, path, name="щ") == ["Щётка"]
    assert names(anonymous, path, name="ЩЁ") == ["Щётка"]
    assert sorted(names(anonymous, path, name="ка")) == ["Уборка", "Щётка"]


def test_a_renamed_service_is_found_by_its_new_name_only(
    specialist: Actor, anonymous: Actor
) -> None:
    service = specialist.new_service(name="Старое имя")
    specialist.patch(f"{OWN}{service['id']}/", {"name": "Новое слово"})

    assert names(anonymous, CATALOGUE, name="старое") == []
    assert names(anonymous, CATALOGUE, name="новое") == ["Новое слово"]
    specialist.delete(f"{OWN}{service['id']}/")
    assert names(anonymous, CATALOGUE, name="новое") == []


@pytest.mark.parametrize("path", LISTS)
def test_a_filter_obeys_the_bounds_of_its_field(anonymous: Actor, path: str) -> None:
    for parameter, value in OUT_OF_BOUNDS:
        answer = anonymous.get(with_query(path, {parameter: value}))
        assert_problem(answer, 422, "invalid_fields", parameter)


@pytest.mark.parametrize("path", LISTS)
def test_an_unknown_parameter_is_refused(anonymous: Actor, path: str) -> None:
    for unknown in ("nme", "Name", "price", "offset", "page", "access_token", "", "имя"):
        answer = anonymous.get(with_query(path, {"name": "масса", unknown: "1"}))
        assert_problem(answer, 422, "invalid_fields", unknown)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["name=аб&name=вг", "limit=5&limit=5", "nme=1&nme=2"])
def test_a_parameter_given_twice_is_refused(anonymous: Actor, path: str, query: str) -> None:
    answer = anonymous.get(f"{path}?{query}")

    assert_problem(answer, 400, "duplicate_parameter", query.partition("=")[0])


def test_every_wrong_parameter_is_named_at_once(anonymous: Actor) -> None:
    answer = anonymous.get(f"{CATALOGUE}?limit=0&min_price=x&nme=1")

    assert_problem(answer, 422, "invalid_fields", "limit", "min_price", "nme")


def test_bounds_of_the_price_are_included(specialist: Actor, anonymous: Actor) -> None:
    specialist.new_service(price="100.00")

    for query, found in (
        ({"min_price": "100.00"}, 1),
        ({"min_price": "100.01"}, 0),
        ({"max_price": "100"}, 1),
        ({"max_price": "99.99"}, 0),
        ({"min_price": "100", "max_price": "100.0"}, 1),
        ({"min_price": "0"}, 1),
        ({"max_price": "99999999.99"}, 1),
    ):
        assert len(names(anonymous, CATALOGUE, **query)) == found, query


def test_an_unknown_specialist_has_no_services(specialist: Actor, anonymous: Actor) -> None:
    specialist.new_service()

    assert names(anonymous, CATALOGUE, specialist=2**31 - 1) == []
    assert len(names(anonymous, CATALOGUE, specialist=specialist.user_id)) == 1


def test_filters_together_find_what_a_plain_search_of_the_rows_finds(
    app: Flask, people: People, anonymous: Actor
) -> None:
    chance = random.Random(7)  # noqa: S311 - a seeded sample
    owners = [people.specialist(f"master{n}") for n in range(3)]
    rows = [_any_row(chance, chance.choice(owners)) for _ in range(400)]
    for owner in owners:
        own = [row for row in rows if row["owner"] is owner]
        add_services(app, owner, [_stored(row) for row in own])
    by_number = {row["number"]: row for row in rows}

    hits = 0
    for _ in range(120):
        query = _any_query(chance, owners)
        expected = {row["number"] for row in rows if _fits(row, query)}
        for caller, path in ((anonymous, CATALOGUE), (anonymous, OWN), (owners[0], OWN)):
            answer = caller.get(with_query(path, {**query, "limit": 100, "count": "true"}))
            found = [int(row["description"]) for row in answer.get_json()]
            wanted = expected
            if caller is owners[0]:
                wanted = {n for n in _fitting(rows, query) if by_number[n]["owner"] is owners[0]}
            assert answer.headers["X-Total-Count"] == str(len(wanted)), query
            if len(wanted) <= 100:
                assert sorted(found) == sorted(wanted), query
            hits += bool(wanted) and len(query) > 1
    assert hits > 50


def _any_row(chance: random.Random, owner: Actor) -> dict[str, Any]:
    name = "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 12))).strip()
    return {
        "number": chance.getrandbits(31),
        "owner": owner,
        "name": text.normalise(name) or "а",
        "kopecks": chance.choice([0, 1, 100, 150_050, 9_999_999_999]),
        "duration_minutes": chance.choice([5, 60, 61, 1_440]),
        "visible": chance.random() < 0.8,
    }


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in ("number", "owner")}
    return kept | {"description": str(row["number"])}


def _any_query(chance: random.Random, owners: list[Actor]) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if chance.random() < 0.7:
        length = chance.choice([1, 1, 2, 2, 3, 4])
        query["name"] = "".join(chance.choice(LETTERS) for _ in range(length)).strip() or "а"
    if chance.random() < 0.3:
        query["min_price"] = wire_amount(chance.choice([0, 1, 2, 100, 150_050]))
    if chance.random() < 0.3:
        query["max_price"] = wire_amount(chance.choice([0, 99, 100, 150_049, 9_999_999_999]))
    if Decimal(query.get("min_price", 0)) > Decimal(query.get("max_price", 10**8)):
        del query["max_price"]
    if chance.random() < 0.3:
        query["duration_minutes"] = chance.choice([5, 60, 62])
    if chance.random() < 0.3:
        query["specialist"] = chance.choice(owners).user_id
    return query


def _fitting(rows: list[dict[str, Any]], query: dict[str, Any]) -> set[int]:
    return {row["number"] for row in rows if _fits(row | {"visible": True}, query)}


def _fits(row: dict[str, Any], query: dict[str, Any]) -> bool:
    part = text.normalise(query.get("name", "")).strip()
    return bool(
        row["visible"]
        and text.caseless(part) in text.caseless(row["name"])
        and row["kopecks"] >= _kopecks(query.get("min_price", "0.00"))
        and row["kopecks"] <= _kopecks(query.get("max_price", "99999999.99"))
        and row["duration_minutes"] == query.get("duration_minutes", row["duration_minutes"])
        and row["owner"].user_id == query.get("specialist", row["owner"].user_id)
    )


def _kopecks(amount: str) -> int:
    return int(amount.replace(".", ""))
