"""Contract, section 1, as apps in the field speak it: services and their filters."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from journeys.wire import CLIENT, RIVAL, SPECIALIST, Server, assert_problem

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
HAIRCUT = '{"name": "Стрижка «Ёж»", "price": 1500, "duration_minutes": 60}'
MASSAGE = (
    '{"name": "Массаж 100%", "description": "Спина\\nи шея", "price": "2500.50",'
    ' "duration_minutes": 90, "category": null, "visible": true}'
)
HIDDEN = '{"name": "Скрытая", "price": "0", "duration_minutes": 5, "visible": false}'


@pytest.fixture
def token(server: Server) -> str:
    return server.register(SPECIALIST)["access"]


def test_a_service_is_offered(server: Server, token: str, end: str) -> None:
    answer = server.call("POST", f"/api/auth/services{end}", HAIRCUT, token=token)

    made = answer.json
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Location"] == "/api/auth/services/1/"
    assert answer.headers["ETag"].startswith('"')
    assert answer.text == (
        '{"id":1,"name":"Стрижка «Ёж»","description":"","price":"1500.00","currency":"RUB",'
        '"duration_minutes":60,"specialist":1,"category":null,"visible":true,'
        f'"created_at":"{made["created_at"]}","updated_at":"{made["updated_at"]}"}}'
    )
    assert MOMENT.fullmatch(made["created_at"])
    assert made["created_at"] == made["updated_at"]
    read = server.call("GET", f"/api/auth/services/1{end}")
    assert (read.status, read.body) == (200, answer.body)
    assert read.headers["ETag"] == answer.headers["ETag"]


def test_only_specialists_offer_services(server: Server, end: str) -> None:
    client = server.register(CLIENT)["access"]

    refused = server.call("POST", f"/api/auth/services{end}", HAIRCUT, token=client)
    anonymous = server.call("POST", f"/api/auth/services{end}", HAIRCUT)

    assert_problem(refused, 403, "wrong_role")
    assert_problem(anonymous, 401, "token_required")
    assert anonymous.headers["WWW-Authenticate"] == 'Bearer realm="marketplace"'


def test_a_service_is_changed_and_replaced_by_its_owner(
    server: Server, token: str, end: str
) -> None:
    path = f"/api/auth/services/1{end}"
    server.call("POST", "/api/auth/services/", MASSAGE, token=token)

    patched = server.call("PATCH", path, '{"price": 10.5}', token=token)
    replaced = server.call("PUT", path, HAIRCUT, token=token)

    assert (patched.status, patched.json["price"]) == (200, "10.50")
    assert patched.json["name"] == "Массаж 100%"
    assert (replaced.status, replaced.json["description"]) == (200, "")
    stale = server.call("PUT", path, MASSAGE, token=token, If_Match=patched.headers["ETag"])
    assert_problem(stale, 412, "precondition_failed")
    present = replaced.headers["ETag"]
    assert server.call("PUT", path, MASSAGE, token=token, If_Match=present).status == 200
    assert server.call("GET", path, If_None_Match=present).status == 200


def test_a_service_is_removed_by_its_owner(server: Server, token: str, end: str) -> None:
    path = f"/api/auth/services/1{end}"
    server.call("POST", "/api/auth/services/", HAIRCUT, token=token)

    removed = server.call("DELETE", path, token=token)

    assert (removed.status, removed.body) == (204, b"")
    assert removed.headers["Content-Type"] is None
    assert_problem(server.call("GET", path), 404, "not_found")
    assert_problem(server.call("DELETE", path, token=token), 404, "not_found")


def test_somebody_elses_service_is_not_there(server: Server, token: str, end: str) -> None:
    path = f"/api/auth/services/1{end}"
    rival = server.register(RIVAL)["access"]
    server.call("POST", "/api/auth/services/", HAIRCUT, token=token)
    before = server.stored()["services"]

    for method, body in (("PATCH", '{"price": 1}'), ("PUT", HAIRCUT), ("DELETE", None)):
        assert_problem(server.call(method, path, body, token=rival), 404, "not_found")
    assert server.stored()["services"] == before


def test_a_specialist_sees_the_own_services_and_others_the_visible_ones(
    server: Server, token: str, end: str
) -> None:
    path = f"/api/auth/services{end}"
    rival = server.register(RIVAL)["access"]
    client = server.register(CLIENT)["access"]
    server.call("POST", path, HAIRCUT, token=token)
    server.call("POST", path, HIDDEN, token=token)
    server.call("POST", path, MASSAGE, token=rival)

    def names(caller: str) -> list[str]:
        return [row["name"] for row in server.call("GET", path, token=caller).json]

    assert names(token) == ["Скрытая", "Стрижка «Ёж»"]
    assert names(rival) == ["Массаж 100%"]
    assert names(client) == names("") == ["Массаж 100%", "Стрижка «Ёж»"]
    assert_problem(server.call("GET", f"/api/auth/services/2{end}"), 404, "not_found")


def test_the_filters_of_the_apps(server: Server, token: str, end: str) -> None:
    path = f"/api/auth/services{end}"
    for body in (HAIRCUT, MASSAGE):
        server.call("POST", path, body, token=token)

    for query, found in (
        ("", [2, 1]),
        (f"name={quote('СТРИЖКА «ё')}", [1]),
        ("name=%D0%BC%D0%B0%D1%81+100%25", []),
        ("name=%25", [2]),
        ("name=_", []),
        ("min_price=1500.01", [2]),
        ("max_price=1500", [1]),
        ("min_price=1500&max_price=2500.50", [2, 1]),
        ("duration_minutes=90", [2]),
        ("specialist=1", [2, 1]),
        ("specialist=2", []),
        ("ordering=price", [1, 2]),
        ("ordering=-price", [2, 1]),
        ("ordering=duration_minutes", [1, 2]),
        ("ordering=created_at", [1, 2]),
        ("ordering=-created_at", [2, 1]),
    ):
        answer = server.call("GET", f"{path}?{query}")
        assert (answer.status, [row["id"] for row in answer.json]) == (200, found), query
    for query in ("limit=0", "limit=101", "nme=x", "min_price=-1", "ordering=name", "cursor=x"):
        assert_problem(server.call("GET", f"{path}?{query}"), 422, "invalid_fields")
    assert_problem(server.call("GET", f"{path}?limit=1&limit=2"), 400, "duplicate_parameter")


def test_a_list_is_followed_by_its_links(server: Server, token: str, end: str) -> None:
    path = f"/api/auth/services{end}"
    for _ in range(3):
        server.call("POST", path, HAIRCUT, token=token)

    first = server.call("GET", f"{path}?limit=2&count=true&name=%D1%91%D0%B6")
    link = first.headers["Link"]
    found = re.fullmatch(r'<(/api/auth/services/?\?[!-~]+)>; rel="next"', link)

    assert first.headers["X-Total-Count"] == "3"
    assert found, link
    last = server.call("GET", found[1])
    assert [row["id"] for row in first.json + last.json] == [3, 2, 1]
    assert last.headers["Link"] is None
    assert first.headers["ETag"] != last.headers["ETag"]
    unchanged = server.call("GET", found[1], If_None_Match=last.headers["ETag"])
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_an_empty_list_is_a_bare_array(server: Server, end: str) -> None:
    answer = server.call("GET", f"/api/auth/services{end}")

    assert (answer.status, answer.body) == (200, b"[]")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Link"] is None


def test_a_body_in_chunks_is_a_body(server: Server, token: str) -> None:
    body = HAIRCUT.encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    head = (
        "POST /api/auth/services HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    answer = server.send(head.encode() + chunks + b"0\r\n\r\n")

    assert answer is not None
    assert (answer.status, answer.json["name"]) == (201, "Стрижка «Ёж»")
