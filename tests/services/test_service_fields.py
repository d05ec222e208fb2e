"""What a service may hold: every bound of the contract, on POST, PUT and PATCH alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from actors import NEW_SERVICE, Actor, assert_problem
from flask import Flask
from services.support import OWN, add_category, listed
from werkzeug.test import TestResponse

GOOD_PRICES = [
    ('"1500.00"', "1500.00"),
    ('"1500"', "1500.00"),
    ('"0.5"', "0.50"),
    ("1500", "1500.00"),
    ("1500.5", "1500.50"),
    ("0", "0.00"),
    ('"0"', "0.00"),
    ("1e3", "1000.00"),
    ("99999999.99", "99999999.99"),
    ('"99999999.99"', "99999999.99"),
    ("0.1", "0.10"),
]
BAD_PRICES = [
    "-1",
    '"-1"',
    "-0.01",
    "100000000",
    '"100000000.00"',
    "99999999.991",
    '"10.001"',
    "10.001",
    "10.000",
    "0.0000000000000000000000000000000000001",
    "1.00000000000000000000000000000000000001",
    "1e999",
    "1e999999999999999999",
    "1e-999999999999999999",
    "1" * 4_000,
    "true",
    "false",
    "null",
    '""',
    '" 15"',
    '"+15"',
    '"1,5"',
    '"1 500"',
    '"1_500"',
    '"1e3"',
    '".5"',
    '"5."',
    '"NaN"',
    '"Infinity"',
    '"１５００"',
    '"١٥"',
    '"0x10"',
    '"15 руб"',
    "[15]",
    '{"amount": 15}',
]
GOOD_DURATIONS = [("5", 5), ("1440", 1440), ("60.0", 60), ("6e1", 60)]
BAD_DURATIONS = ["4", "1441", "0", "-60", "60.5", '"60"', "true", "null", "[]", "{}", '""']
BAD_DURATIONS += ["1e999999999999999999", "1e-999999999999999999", "1" * 4_000]
GOOD_NAMES = [
    ("a", "a"),
    ("я" * 100, "я" * 100),
    ("  Массаж \t", "Массаж"),
    (" " * 600 + "Массаж", "Массаж"),
    ("и\u0306од", "йод"),
    ("e\u0301" * 100, "é" * 100),
    ("Ёлка «№ 1» — 50 % \\ _ ' \" <b>", "Ёлка «№ 1» — 50 % \\ _ ' \" <b>"),
    ("👩🏽\u200d🔬", "👩🏽\u200d🔬"),
    ("𝔘" * 100, "𝔘" * 100),
]
BAD_NAMES: list[Any] = ["", "   ", "\u00a0", "я" * 101, "e\u0301" * 101, "x" * 30_000]
BAD_NAMES += ["a\x00b", "a\nb", "a\tb", "a\x7fb", "a\x85b", "\x1b[31m", "a\ud800b", "\udfff"]
BAD_NAMES += [None, 1, 1.5, True, [], ["a"], {}]


def send_raw(caller: Actor, method: str, path: str, field: str, value: str) -> TestResponse:
    """A service whose one field is exactly these characters of JSON."""
    others = NEW_SERVICE if method != "PATCH" else {}
    members = [f'"{name}": {json.dumps(each)}' for name, each in others.items() if name != field]
    body = "{" + ", ".join([*members, f'"{field}": {value}']) + "}"
    return caller.call(method, path, data=body.encode(), content_type="application/json")


@pytest.mark.parametrize(("sent", "shown"), GOOD_PRICES)
def test_a_price_is_a_number_or_a_string_and_shown_with_two_places(
    specialist: Actor, sent: str, shown: str
) -> None:
    response = send_raw(specialist, "POST", OWN, "price", sent)

    assert response.status_code == 201, response.text
    assert response.get_json()["price"] == shown
    assert listed(specialist, OWN, min_price=shown, max_price=shown) == [response.get_json()]


@pytest.mark.parametrize(("sent", "kept"), GOOD_DURATIONS)
def test_a_duration_is_whole_minutes(specialist: Actor, sent: str, kept: int) -> None:
    response = send_raw(specialist, "POST", OWN, "duration_minutes", sent)

    assert response.status_code == 201, response.text
    assert response.get_json()["duration_minutes"] == kept


@pytest.mark.parametrize(("sent", "kept"), GOOD_NAMES)
def test_a_name_is_trimmed_and_composed_and_otherwise_kept(
    specialist: Actor, sent: str, kept: str
) -> None:
    made = specialist.new_service(name=sent)

    assert made["name"] == kept
    assert listed(specialist, OWN, name=kept) == [made]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_is_no_service_is_refused_by_the_name_of_its_field(
    specialist: Actor, method: str
) -> None:
    before = specialist.new_service()
    path = OWN if method == "POST" else f"{OWN}{before['id']}/"
    cases = [("price", price) for price in BAD_PRICES]
    cases += [("duration_minutes", duration) for duration in BAD_DURATIONS]
    cases += [("name", json.dumps(name)) for name in BAD_NAMES]
    cases += [("description", json.dumps(text)) for text in ("я" * 5_001, "a\x00", "\ud800", None)]
    cases += [("visible", value) for value in ('"true"', "1", "0", "null", "[]")]
    cases += [("category", value) for value in ('"nowhere"', '""', "1", "true", "[]", '"a\\u0000"')]

    for field, value in cases:
        assert_problem(
            send_raw(specialist, method, path, field, value), 422, "invalid_fields", field
        )

    assert listed(specialist, OWN) == [before]


def test_a_description_keeps_its_line_breaks(specialist: Actor) -> None:
    made = specialist.new_service(description=" Раз\r\nдва\rтри\n\tчетыре ")

    assert made["description"] == "Раз\nдва\nтри\n\tчетыре"


def test_a_description_may_be_empty_or_5000_characters(specialist: Actor) -> None:
    assert specialist.new_service(description="")["description"] == ""
    assert specialist.new_service(description="я" * 5_000)["description"] == "я" * 5_000


def test_every_wrong_field_is_named_at_once(specialist: Actor) -> None:
    body = {"name": "", "price": "x", "duration_minutes": 1, "category": 1, "rating": 5}

    problem = assert_problem(specialist.post(OWN, body), 422, "invalid_fields", *body)

    assert problem["errors"] == {
        "name": ["Обязательное поле."],
        "price": ["Ожидается сумма от 0.00 до 99999999.99, не больше двух знаков после точки."],
        "duration_minutes": ["Допустимо от 5 до 1440."],
        "category": ["Ожидается строка."],
        "rating": ["Неизвестное поле."],
    }


def test_missing_fields_are_named(specialist: Actor) -> None:
    answer = specialist.post(OWN, {})

    assert_problem(answer, 422, "invalid_fields", "name", "price", "duration_minutes")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 999),
        ("specialist", 2),
        ("specialist_id", 2),
        ("owner", 2),
        ("rating", "5.0"),
        ("reviews_count", 9),
        ("listed", True),
        ("owner_blocked", False),
        ("suspended_at", None),
        ("archived_at", None),
        ("created_at", "2020-01-01T00:00:00Z"),
        ("updated_at", "2020-01-01T00:00:00Z"),
        ("version", 9),
        ("name_folded", "x"),
        ("category_id", 1),
        ("currency", "USD"),
        ("Name", "x"),
        ("", "x"),
        ("__class__", "x"),
    ],
)
def test_nothing_can_be_smuggled_in(specialist: Actor, field: str, value: object) -> None:
    before = specialist.new_service()
    path = f"{OWN}{before['id']}/"

    for answer in (
        specialist.post(OWN, NEW_SERVICE | {field: value}),
        specialist.put(path, NEW_SERVICE | {field: value}),
        specialist.patch(path, {field: value}),
    ):
        assert_problem(answer, 422, "invalid_fields", field)
    assert listed(specialist, OWN) == [before]


@pytest.mark.parametrize("body", [[], [NEW_SERVICE], "text", 1, True, None])
def test_a_body_must_be_an_object(specialist: Actor, body: object) -> None:
    before = specialist.new_service()

    for method, path in (("POST", OWN), ("PATCH", f"{OWN}{before['id']}/")):
        answer = specialist.call(
            method, path, data=json.dumps(body), content_type="application/json"
        )
        assert_problem(answer, 422, "invalid_fields", "body")
    assert listed(specialist, OWN) == [before]


def test_a_patch_of_nothing_is_refused(specialist: Actor) -> None:
    before = specialist.new_service()

    answer = specialist.patch(f"{OWN}{before['id']}/", {})

    assert_problem(answer, 422, "invalid_fields", "body")


def test_a_category_is_named_by_its_slug_and_may_be_taken_away(
    app: Flask, specialist: Actor
) -> None:
    add_category(app, "beauty", "Красота")
    add_category(app, "hair", "Волосы", "beauty")

    made = specialist.new_service(category="hair")
    taken = specialist.patch(f"{OWN}{made['id']}/", {"category": None}).get_json()

    assert (made["category"], taken["category"]) == ("hair", None)
    assert specialist.new_service(category="beauty")["category"] == "beauty"


def test_no_parameter_is_taken_where_none_is_declared(specialist: Actor) -> None:
    service_id = specialist.new_service()["id"]

    for answer in (
        specialist.get(f"{OWN}{service_id}/?x=1"),
        specialist.patch(f"{OWN}{service_id}/?price=1", {"price": 1}),
        specialist.delete(f"{OWN}{service_id}/?price=1"),
    ):
        assert answer.status_code == 422
        assert_problem(answer, 422, "invalid_fields", *answer.get_json()["errors"])
    assert specialist.get(f"{OWN}{service_id}/").status_code == 200


@pytest.mark.parametrize("wrong", ["0", "-1", "2147483648", "9" * 30, "1.0", "abc", "%31%00"])
def test_an_id_out_of_bounds_is_not_there(specialist: Actor, wrong: str) -> None:
    for method in ("GET", "DELETE"):
        assert_problem(specialist.call(method, f"{OWN}{wrong}/"), 404, "not_found")


def test_an_id_is_written_in_ascii_digits(specialist: Actor) -> None:
    service_id = specialist.new_service()["id"]
    fullwidth = str(service_id).translate({ord("0") + n: chr(ord("０") + n) for n in range(10)})

    assert_problem(specialist.get(f"{OWN}{fullwidth}/"), 404, "not_found")
