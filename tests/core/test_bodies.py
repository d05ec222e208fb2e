"""Bodies are read strictly: one type, one size, one reading."""

from __future__ import annotations

import json
from typing import Any

import pytest
from actors import NEW_SERVICE, Actor, assert_problem
from services.support import OWN, listed

LIMIT = 64 * 1024
GOOD = json.dumps(NEW_SERVICE).encode()
NEEDS_A_BODY = [
    ("POST", "/api/auth/register/"),
    ("POST", "/api/auth/login/"),
    ("POST", "/api/auth/refresh/"),
    ("POST", "/api/auth/services/"),
    ("PATCH", "/api/auth/profile/me/"),
    ("PATCH", "/api/auth/me/"),
    ("POST", "/api/auth/password/change/"),
]
MALFORMED = [
    b"",
    b" ",
    b"{",
    b"}",
    b'{"name": "x"',
    b'{"name": x}',
    b"{'name': 'x'}",
    b'{"name": "x",}',
    b'{"name": "a\nb"}',
    b'{"name": NaN}',
    b'{"price": Infinity}',
    b'{"price": -Infinity}',
    b'{"price": 01}',
    b'{"price": 1' + b"0" * 5_000 + b"}",
    b'{"price": 1e99999999999999999999}',
    b'{"name": "\xff"}',
    b'{"\\ud800": "x"}',
    b'{"name": "\xed\xa0\x80"}',
    b'{"name": "\xc0\x80"}',
    b'{"name": "\\ud8"}',
    b"\xef\xbb\xbf{}",
    '{"name": "x"}'.encode("utf-16"),
    b"\x00",
    b"[" * 60_000,
    b'{"a":' * 12_000,
    b"name=x&price=1",
    b"<xml/>",
]
DUPLICATE = [
    b'{"name": "a", "name": "b"}',
    b'{"name": "a", "na\\u006de": "a"}',
    b'{"x": {"y": 1, "y": 2}}',
]


def send(caller: Actor, method: str, path: str, body: bytes, **kwargs: Any) -> Any:
    kwargs.setdefault("content_type", "application/json")
    return caller.call(method, path, data=body, **kwargs)


@pytest.mark.parametrize(("method", "path"), NEEDS_A_BODY)
def test_what_is_not_one_json_document_is_refused(
    specialist: Actor, method: str, path: str
) -> None:
    for body in MALFORMED:
        assert_problem(send(specialist, method, path, body), 400, "malformed_json")
    for body in DUPLICATE:
        assert_problem(send(specialist, method, path, body), 400, "duplicate_parameter")
    for body in (b"[]", b"1", b'"x"', b"null", b"true"):
        assert_problem(send(specialist, method, path, body), 422, "invalid_fields", "body")


@pytest.mark.parametrize(
    "wrong",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/vnd.api+json",
        "application/problem+json",
        "application/jsonp",
        "text/json",
        "json",
        "*/*",
        "",
        ";",
    ],
)
def test_a_body_of_another_type_is_refused(specialist: Actor, wrong: str) -> None:
    answer = send(specialist, "POST", OWN, GOOD, content_type=wrong)

    assert_problem(answer, 415, "unsupported_media_type")
    assert listed(specialist, OWN) == []


@pytest.mark.parametrize(
    "right",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;x=y",
    ],
)
def test_json_may_be_named_in_any_case_and_with_parameters(specialist: Actor, right: str) -> None:
    assert send(specialist, "POST", OWN, GOOD, content_type=right).status_code == 201


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_not(specialist: Actor) -> None:
    full = GOOD + b" " * (LIMIT - len(GOOD))

    taken = send(specialist, "POST", OWN, full)
    refused = send(specialist, "POST", OWN, full + b" ")

    assert taken.status_code == 201
    assert_problem(refused, 413, "payload_too_large")
    assert len(listed(specialist, OWN)) == 1


def test_a_body_too_large_is_refused_whatever_its_type_and_whoever_sends_it(
    anonymous: Actor,
) -> None:
    for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        answer = send(anonymous, "POST", OWN, b"x" * 100_000, content_type=content_type)
        assert_problem(answer, 413, "payload_too_large")


def test_a_body_that_nobody_needs_does_no_harm(specialist: Actor) -> None:
    got = send(specialist, "GET", OWN, b"{", content_type="text/plain")
    left = send(specialist, "POST", "/api/auth/logout/", b"")

    assert (got.status_code, left.status_code) == (200, 204)


@pytest.mark.parametrize("field", ["access", "access_token", "token", "Authorization"])
def test_a_token_in_the_body_or_the_query_is_ignored_and_the_answer_says_so(
    specialist: Actor, anonymous: Actor, field: str
) -> None:
    in_body = anonymous.post(OWN, NEW_SERVICE | {field: specialist.access})
    in_query = anonymous.get(f"/api/auth/me/?{field}={specialist.access}")
    in_cookie = anonymous.get("/api/auth/me/", headers={"Cookie": f"{field}={specialist.access}"})

    for answer in (in_body, in_query, in_cookie):
        problem = assert_problem(answer, 401, "token_required")
        assert "Authorization: Bearer" in problem["detail"]
        assert "не учитывается" in problem["detail"]


def test_long_numbers_in_a_body_are_only_out_of_bounds(specialist: Actor) -> None:
    for digits in ("1" * 4_000, "1e999999999999999999", "-1e999999999999999999"):
        body = f'{{"experience_years": {digits}}}'.encode()
        answer = send(specialist, "PATCH", "/api/auth/profile/me/", body)
        assert_problem(answer, 422, "invalid_fields", "experience_years")
