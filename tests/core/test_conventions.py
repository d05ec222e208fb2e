"""What holds for every answer: identity, language, safe headers, methods, the last slash."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from actors import NEW_SERVICE, Actor, People, assert_problem
from flask import Flask
from werkzeug.test import TestResponse

MADE_ID = re.compile("[0-9a-f]{32}")
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
PATHS = [
    "/api/services/",
    "/api/auth/services/",
    "/api/categories/",
    "/api/auth/profile/me/",
    "/api/auth/me/",
    "/api/docs/",
    "/health/",
    "/ready/",
]


def answers(people: People) -> dict[int, TestResponse]:
    """One answer of every status an app meets."""
    anonymous, client, specialist = people.anonymous(), people.client(), people.specialist()
    services = "/api/auth/services/"
    made = specialist.post(services, NEW_SERVICE)
    path, tag = made.headers["Location"], made.headers["ETag"]
    texts = {"data": "text", "content_type": "text/plain"}
    return {
        200: anonymous.get(services),
        201: made,
        304: anonymous.get(path, headers={"If-None-Match": tag}),
        400: specialist.call("POST", services, data="{", content_type="application/json"),
        401: anonymous.post(services, NEW_SERVICE),
        403: client.post(services, NEW_SERVICE),
        404: anonymous.get("/api/nowhere/"),
        405: anonymous.call("PUT", services),
        412: specialist.patch(path, {"price": 1}, headers={"If-Match": '"stale"'}),
        413: specialist.post(services, {"name": "x" * 70_000}),
        415: specialist.call("POST", services, **texts),
        422: specialist.post(services, {}),
        204: specialist.delete(path),
    }


def test_every_answer_carries_the_same_safe_headers(people: People) -> None:
    for status, answer in answers(people).items():
        headers = answer.headers
        assert answer.status_code == status
        assert MADE_ID.fullmatch(headers["X-Request-ID"])
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers
        assert "Access-Control-" not in str(headers)


def test_every_error_is_a_problem_that_no_cache_keeps(people: People) -> None:
    for status, answer in answers(people).items():
        if status >= 400:
            problem = assert_problem(answer, status, answer.get_json()["code"], *errors_of(answer))
            assert problem["type"] == f"urn:marketplace:problem:{problem['code']}"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Content-Type"] == "application/problem+json"


def errors_of(answer: TestResponse) -> list[str]:
    return list(answer.get_json().get("errors", {}))


def test_every_json_answer_says_how_it_may_be_kept(people: People) -> None:
    anonymous, client = people.anonymous(), people.client()

    assert anonymous.get("/api/auth/services/").headers["Cache-Control"] == "no-cache"
    for path, age in (("services", 10), ("specialists", 10), ("categories", 60), ("cities", 60)):
        kept = anonymous.get(f"/api/{path}/").headers
        expected = f"public, max-age={age}, stale-while-revalidate={age * 4}"
        assert (kept["Cache-Control"], kept["Vary"]) == (expected, "Authorization")
        assert client.get(f"/api/{path}/").headers["Cache-Control"] == "private, no-cache"
    for path in ("/api/auth/profile/me/", "/api/auth/me/", "/api/auth/services/"):
        kept = client.get(path).headers
        assert kept["Cache-Control"] == "private, no-cache"
        assert "Authorization" in kept["Vary"]
    for path in ("/api/auth/sessions/", "/health/", "/ready/"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("given", ["a", "A-1_b.c:d".replace("_", "-"), "x" * 100, "0" * 32])
def test_a_request_id_is_echoed(anonymous: Actor, given: str) -> None:
    for path in ("/api/services/", "/api/nowhere/", "/health/"):
        answer = anonymous.get(path, headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", " ", "x" * 101, "a b", "a;b", "<script>", "a,b", 'a"b', "Ã©", "a/b", "{}", "%0a"]
)
def test_a_bad_request_id_is_replaced(anonymous: Actor, given: str) -> None:
    answer = anonymous.get("/api/services/", headers={"X-Request-ID": given})

    assert MADE_ID.fullmatch(answer.headers["X-Request-ID"])


def test_every_request_without_an_id_gets_its_own(anonymous: Actor) -> None:
    made = {anonymous.get("/health/").headers["X-Request-ID"] for _ in range(5)}

    assert len(made) == 5


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "ru"),
        ("", "ru"),
        ("ru", "ru"),
        ("en", "en"),
        ("EN", "en"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en;q=0.3, ru;q=0.7", "ru"),
        ("de", "ru"),
        ("de, en;q=0.5", "en"),
        ("*", "ru"),
        ("en;q=0", "ru"),
        (";;,,=q", "ru"),
        ("x" * 2_000, "ru"),
    ],
)
def test_the_language_of_a_problem_is_the_one_asked_for(
    anonymous: Actor, accepted: str | None, language: str
) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}

    answer = anonymous.get("/api/services/?limit=0&nme=1", headers=headers)

    problem = assert_problem(answer, 422, "invalid_fields", "limit", "nme")
    texts = [problem["title"], problem["detail"], *problem["errors"]["limit"]]
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    for text in texts:
        assert bool(CYRILLIC.search(text)) is (language == "ru")


def test_a_problem_is_the_same_in_both_languages_but_for_its_texts(people: People) -> None:
    russian = answers(people)
    english = answers(InEnglish(people.app))

    for status, answer in russian.items():
        if status >= 400:
            one, other = answer.get_json(), english[status].get_json()
            assert (one["code"], one["type"]) == (other["code"], other["type"])
            assert one["detail"] != other["detail"]
            assert errors_of(answer) == errors_of(english[status])


class InEnglish(People):
    """The same people once more, who all ask for English."""

    def anonymous(self) -> Actor:
        return Actor(self.app.test_client(), headers={"Accept-Language": "en"})

    def person(self, username: str, role: str, **kwargs: object) -> Actor:
        actor = super().person(f"{username}.en", role)
        actor.headers["Accept-Language"] = "en"
        return actor


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/nowhere/", "/api/services/1/x/", "//api/services/", "/api/%00/", "/апи/"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_unknown_path_is_not_found_by_any_method(
    anonymous: Actor, method: str, path: str
) -> None:
    assert_problem(anonymous.call(method, path, json={}), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "PROPFIND", "FOO"])
@pytest.mark.parametrize("path", ["/api/services/", "/api/services", "/api/auth/login", "/health/"])
def test_another_method_is_told_which_are_allowed(anonymous: Actor, method: str, path: str) -> None:
    answer = anonymous.call(method, path)

    assert_problem(answer, 405, "method_not_allowed")
    assert "OPTIONS" in answer.headers["Allow"].split(", ")
    assert method not in answer.headers["Allow"]


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_a_body(client: Actor, path: str) -> None:
    with client.get(path) as got, client.call("HEAD", path) as head:
        assert head.status_code == got.status_code == 200
        assert head.data == b""
        for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
            assert head.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("path", PATHS)
def test_options_tells_the_methods_to_anybody(anonymous: Actor, path: str) -> None:
    for each in (path, path.rstrip("/")):
        answer = anonymous.call("OPTIONS", each, headers={"Authorization": "Bearer broken"})
        assert answer.status_code == 204
        assert "Content-Type" not in answer.headers
        assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["Allow"].split(", "))
        assert answer.data == b""


@pytest.mark.parametrize("path", PATHS)
def test_a_path_answers_the_same_without_its_last_slash(client: Actor, path: str) -> None:
    with client.get(path) as one, client.get(path.rstrip("/")) as other:
        assert (one.status_code, one.data) == (other.status_code, other.data)
        assert one.headers.get("ETag") == other.headers.get("ETag")


def test_a_body_is_not_lost_without_the_last_slash(specialist: Actor, anonymous: Actor) -> None:
    made = specialist.post("/api/auth/services", NEW_SERVICE)
    path = made.headers["Location"].rstrip("/")

    changed = specialist.patch(path, {"price": 2})
    unknown = anonymous.post("/api/auth/login", {"username": "x", "password": "x"})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert changed.get_json()["price"] == "2.00"
    assert_problem(unknown, 401, "wrong_credentials")
    assert specialist.delete(path).status_code == 204


APP_ORIGIN = "https://app.example.org"
STRANGERS = [
    "https://evil.example",
    "https://app.example.org.evil.example",
    "https://xapp.example.org",
    "https://appxexample.org",
    "https://app.example.org:8443",
    "http://app.example.org",
    "https://example.org",
    "null",
    "*",
]


def test_no_origin_is_let_in_by_default(anonymous: Actor) -> None:
    for headers in ({"Origin": APP_ORIGIN}, preflight(APP_ORIGIN)):
        for method in ("GET", "OPTIONS"):
            answer = anonymous.call(method, "/api/services/", headers=headers)
            assert not allowed(answer)


def test_only_the_exact_origin_is_let_in(make_app: Callable[..., Flask]) -> None:
    caller = Actor(make_app(cors_origins=(APP_ORIGIN, "https://other.example")).test_client())

    for path in ("/api/services/", "/api/nowhere/", "/api/auth/me/"):
        answer = caller.get(path, headers={"Origin": APP_ORIGIN})
        assert allowed(answer) == {"origin": APP_ORIGIN}
        assert "Origin" in ", ".join(answer.headers.getlist("Vary"))
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    for stranger in STRANGERS:
        for method in ("GET", "OPTIONS"):
            answer = caller.call(method, "/api/services/", headers=preflight(stranger))
            assert not allowed(answer), stranger


def test_a_preflight_of_the_app_may_send_its_token_and_conditions(
    make_app: Callable[..., Flask],
) -> None:
    caller = Actor(make_app(cors_origins=(APP_ORIGIN,)).test_client())

    answer = caller.call("OPTIONS", "/api/auth/services/1/", headers=preflight(APP_ORIGIN))

    asked = answer.headers["Access-Control-Allow-Headers"].lower()
    assert answer.status_code == 204
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert {"authorization", "if-match"} <= set(asked.split(", "))


def preflight(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, content-type, if-match",
    }


def allowed(answer: TestResponse) -> dict[str, str]:
    """What the answer lets a browser's script do: the origin, and whether with credentials."""
    names = {"Access-Control-Allow-Origin": "origin", "Access-Control-Allow-Credentials": "cookies"}
    return {short: answer.headers[name] for name, short in names.items() if name in answer.headers}
