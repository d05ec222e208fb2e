"""The own profile: always there, changed field by field within the contract's bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from auth.support import in_parallel
from werkzeug.test import TestResponse

MINE = "/api/auth/profile/me/"
EMPTY = {
    "full_name": "",
    "avatar": None,
    "avatar_small": None,
    "bio": "",
    "city": "",
    "experience_years": 0,
    "timezone": "Europe/Moscow",
    "links": [],
    "place": None,
}
PLACE = {"latitude": 55.7648, "longitude": 37.6055, "address": "Тверская улица, 7"}
FIVE_LINKS = [f"https://example.com/{number}" for number in range(5)]

GOOD: list[tuple[str, Any, Any]] = [
    ("full_name", "Анна Соколова", "Анна Соколова"),
    ("full_name", "  Анна  ", "Анна"),
    ("full_name", "", ""),
    ("full_name", "я" * 255, "я" * 255),
    ("full_name", "и\u0306", "й"),
    ("full_name", "O'Brien <b>&amp;", "O'Brien <b>&amp;"),
    ("bio", "Раз\r\nдва\n\tтри", "Раз\nдва\n\tтри"),
    ("bio", "я" * 5_000, "я" * 5_000),
    ("city", "Санкт-Петербург", "Санкт-Петербург"),
    ("city", "я" * 100, "я" * 100),
    ("experience_years", 0, 0),
    ("experience_years", 80, 80),
    ("timezone", "Asia/Vladivostok", "Asia/Vladivostok"),
    ("timezone", "UTC", "UTC"),
    ("timezone", " Europe/Kaliningrad ", "Europe/Kaliningrad"),
    ("links", [], []),
    ("place", PLACE, PLACE),
    (
        "place",
        {"latitude": 90, "longitude": -180},
        {"latitude": 90, "longitude": -180, "address": ""},
    ),
    (
        "place",
        {"latitude": 1.00000049, "longitude": -0.0, "address": " дом "},
        {"latitude": 1.0, "longitude": 0.0, "address": "дом"},
    ),
    ("place", None, None),
    ("links", FIVE_LINKS, FIVE_LINKS),
    ("links", ["https://пример.рф/путь?а=б#в"], ["https://пример.рф/путь?а=б#в"]),
    ("links", ["https://example.com:8443/" + "a" * 475], ["https://example.com:8443/" + "a" * 475]),
]

BAD: dict[str, list[Any]] = {
    "full_name": ["я" * 256, "a\x00b", "a\nb", "\ud800", None, 1, True, ["a"], {}],
    "bio": ["я" * 5_001, "a\x00b", "a\x1bb", "\udfff", None, 1, []],
    "city": ["я" * 101, "a\nb", "a\x7fb", None, 0, {}],
    "place": [[], "55,37", 1, True],
    "place.latitude": [
        {"latitude": bad, "longitude": 0} for bad in (90.1, -91, "55.7", True, None, [], 10**400)
    ],
    "place.longitude": [{"latitude": 0, "longitude": bad} for bad in (180.01, -181, "37", None)]
    + [{"latitude": 0}],
    "place.address": [
        {"latitude": 0, "longitude": 0, "address": bad} for bad in ("я" * 256, "a\nb", None, 1)
    ],
    "experience_years": [-1, 81, 1.5, "8", "", True, None, [], 10**30],
    "timezone": [
        "Moscow",
        "europe/moscow",
        "Europe/Moscow/x",
        "../etc/passwd",
        "MSK+3",
        "localtime",
        "Factory",
        "Europe/\x00Moscow",
        "/usr/share/zoneinfo/UTC",
        "x" * 65,
        "",
        None,
        3,
    ],
    "links": [
        None,
        "https://example.com/",
        {"0": "https://example.com/"},
        [*FIVE_LINKS, "https://example.com/6"],
    ],
}
BAD_LINKS: list[Any] = [
    "http://example.com/",
    "ftp://example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "//example.com/",
    "example.com",
    "https://",
    "https:///path",
    "https://localhost/",
    "https://user:password@example.com/",
    "https://example.com@evil.example/",
    "https://example.com:99999/",
    "https://example.com:port/",
    "https://[::1/",
    "https://exa mple.com/",
    "https://example.com/a b",
    "https://example.com/\nx",
    "https://example.com/\u2028x",
    "https://example.com/a\x00b",
    "https://example.com/" + "a" * 500,
    "",
    None,
    1,
    ["https://example.com/"],
    {},
]


def patch_escaped(caller: Actor, body: Any) -> TestResponse:
    """A PATCH whose JSON escapes what UTF-8 cannot hold."""
    return caller.call("PATCH", MINE, data=json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("role", ["client", "specialist"])
def test_everybody_has_a_profile_from_the_start(people: People, role: str) -> None:
    person = people.person("novichok", role)

    response = person.get(MINE)

    assert response.status_code == 200
    assert response.get_json() == {"id": person.user_id, **EMPTY}


def test_a_profile_is_its_owners_only(client: Actor, specialist: Actor) -> None:
    specialist.patch(MINE, {"full_name": "Анна"})

    assert client.get(MINE).get_json()["full_name"] == ""
    assert specialist.get(MINE).get_json()["id"] == specialist.user_id


def test_a_patch_changes_one_field_and_no_other(specialist: Actor) -> None:
    expected = specialist.get(MINE).get_json()

    for field, sent, kept in GOOD:
        response = specialist.patch(MINE, {field: sent})
        expected |= {field: kept}
        assert (response.status_code, response.get_json()) == (200, expected), (field, sent)
        assert specialist.get(MINE).get_json() == expected


def test_a_patch_may_change_all_at_once(specialist: Actor) -> None:
    whole = {
        "full_name": "Анна Соколова",
        "bio": "Массажист",
        "city": "Казань",
        "experience_years": 8,
        "timezone": "Asia/Omsk",
        "links": FIVE_LINKS[:2],
        "place": PLACE,
    }

    specialist.patch(MINE, whole)

    expected = {"id": specialist.user_id, "avatar": None, "avatar_small": None, **whole}
    assert specialist.get(MINE).get_json() == expected


@pytest.mark.parametrize("field", list(BAD))
def test_what_is_out_of_bounds_is_refused_by_name(specialist: Actor, field: str) -> None:
    before = specialist.get(MINE).get_json()
    other = "bio" if field == "city" else "city"

    for value in BAD[field]:
        answer = patch_escaped(specialist, {field: value, other: "x"})
        assert_problem(answer, 422, "invalid_fields", field)

    assert specialist.get(MINE).get_json() == before


def test_each_wrong_link_is_named_by_its_place(specialist: Actor) -> None:
    for link in BAD_LINKS:
        answer = patch_escaped(specialist, {"links": ["https://example.com/", link]})
        assert answer.status_code == 422, link
        assert_problem(answer, 422, "invalid_fields", "links.1")

    assert specialist.get(MINE).get_json()["links"] == []


@pytest.mark.parametrize(
    "field",
    ["id", "user_id", "role", "rating", "avatar", "username", "email", "version", "created_at", ""],
)
def test_nothing_can_be_smuggled_in(specialist: Actor, field: str) -> None:
    before = specialist.get(MINE).get_json()

    for body in ({field: 1}, {field: None}, {"city": "Омск", field: "x"}):
        assert_problem(specialist.patch(MINE, body), 422, "invalid_fields", field)

    assert specialist.get(MINE).get_json() == before
    assert specialist.get("/api/auth/me/").get_json()["role"] == "specialist"


def test_a_patch_of_nothing_is_refused(client: Actor) -> None:
    assert_problem(client.patch(MINE, {}), 422, "invalid_fields", "body")
    assert_problem(client.patch(MINE, [{"city": "Омск"}]), 422, "invalid_fields", "body")


@pytest.mark.parametrize("path", [MINE, MINE.rstrip("/")])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_told_which_are_allowed(
    client: Actor, anonymous: Actor, method: str, path: str
) -> None:
    for caller in (client, anonymous):
        answer = caller.call(method, path, json={"city": "Омск"})
        assert_problem(answer, 405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PATCH"}


def test_an_anonymous_caller_has_no_profile(anonymous: Actor) -> None:
    for answer in (anonymous.get(MINE), anonymous.patch(MINE, {"city": 1})):
        assert_problem(answer, 401, "token_required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unchanged_profile_is_not_sent_again(client: Actor) -> None:
    tag = client.get(MINE).headers["ETag"]

    unchanged = client.get(MINE, headers={"If-None-Match": tag})
    same = client.patch(MINE, {"city": ""})
    client.patch(MINE, {"city": "Омск"})
    changed = client.get(MINE, headers={"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert same.headers["ETag"] == tag
    assert changed.get_json()["city"] == "Омск"
    assert changed.headers["ETag"] != tag


def test_a_stale_tag_changes_nothing_and_the_present_one_does(client: Actor) -> None:
    stale = client.get(MINE).headers["ETag"]
    present = client.patch(MINE, {"city": "Омск"}).headers["ETag"]

    refused = client.patch(MINE, {"city": "Томск"}, headers={"If-Match": stale})
    passed = client.patch(MINE, {"city": "Уфа"}, headers={"If-Match": present})
    star = client.patch(MINE, {"bio": "x"}, headers={"If-Match": "*"})

    assert_problem(refused, 412, "precondition_failed")
    assert (passed.status_code, star.status_code) == (200, 200)
    assert client.get(MINE).get_json()["city"] == "Уфа"


def test_of_parallel_changes_of_one_version_exactly_one_wins(client: Actor) -> None:
    headers = {"If-Match": client.get(MINE).headers["ETag"]}

    def change(number: int) -> int:
        device = Actor(client.client.application.test_client(), access=client.access)
        return device.patch(MINE, {"city": f"Город {number}"}, headers=headers).status_code

    assert sorted(in_parallel(3, change)) == [200, 412, 412]
