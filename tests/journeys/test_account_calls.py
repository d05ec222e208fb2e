"""Contract, section 1, as apps in the field speak it: accounts and profiles."""

from __future__ import annotations

import re

from journeys.wire import CLIENT, SPECIALIST, Server, assert_problem

TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
PASSWORD = "тихий-вечер-7"


def test_registering_answers_the_account_and_its_tokens(server: Server, end: str) -> None:
    answer = server.call("POST", f"/api/auth/register{end}", SPECIALIST)

    body = answer.json
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body.startswith('{"message":"Регистрация прошла успешно","user":{'.encode())
    assert set(body) == {"message", "user", "access", "refresh"}
    assert body["user"] == {
        "id": 1,
        "username": "анна.мастер",
        "email": "anna@example.com",
        "email_verified": False,
        "phone": "+79161234567",
        "phone_verified": False,
        "role": "specialist",
        "language": "ru",
    }
    assert TOKEN.fullmatch(body["access"])
    assert TOKEN.fullmatch(body["refresh"])
    assert answer.headers["Cache-Control"] == "no-store"
    shown = server.call("GET", f"/api/auth/me{end}", token=body["access"]).json
    assert shown == {**body["user"], "pending_email": None, "pending_phone": None}


def test_e_mail_or_phone_may_be_missing_but_not_both(server: Server, end: str) -> None:
    path = f"/api/auth/register{end}"
    only_phone = (
        '{"username": "vera", "password": "тихий-вечер-7", "phone": "+79169999999",'
        ' "role": "client"}'
    )
    neither = '{"username": "galya", "password": "тихий-вечер-7", "role": "client"}'

    assert server.call("POST", path, CLIENT).json["user"]["phone"] is None
    assert server.call("POST", path, only_phone).json["user"]["email"] is None
    assert_problem(server.call("POST", path, neither), 422, "invalid_fields")


def test_what_is_taken_is_told_by_its_code(server: Server, end: str) -> None:
    path = f"/api/auth/register{end}"
    server.register(SPECIALIST)
    same_name = CLIENT.replace("boris", "АННА.Мастер")
    same_mail = CLIENT.replace("b@example.com", "Anna@Example.com")
    same_phone = CLIENT.replace('"email": "b@example.com"', '"phone": "+79161234567"')

    assert_problem(server.call("POST", path, same_name), 409, "username_taken", "username")
    assert_problem(server.call("POST", path, same_mail), 409, "email_taken", "email")
    assert_problem(server.call("POST", path, same_phone), 409, "phone_taken", "phone")
    assert len(server.stored()["users"]) == 1


def test_signing_in_by_name_mail_or_phone(server: Server, end: str) -> None:
    path = f"/api/auth/login{end}"
    server.register(SPECIALIST)

    for login in ("анна.мастер", "АННА.МАСТЕР", "anna@example.com", "+79161234567"):
        answer = server.call("POST", path, f'{{"username": "{login}", "password": "{PASSWORD}"}}')
        assert answer.status == 200, login
        assert set(answer.json) == {"access", "refresh"}
        assert server.call("GET", "/api/auth/me/", token=answer.json["access"]).status == 200
    wrong = server.call("POST", path, '{"username": "анна.мастер", "password": "не тот"}')
    assert_problem(wrong, 401, "wrong_credentials")
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_is_spent_once(server: Server, end: str) -> None:
    path = f"/api/auth/refresh{end}"
    first = server.register(CLIENT)["refresh"]

    second = server.call("POST", path, f'{{"refresh": "{first}"}}')
    third = server.call("POST", path, f'{{"refresh": "{second.json["refresh"]}"}}')
    replayed = server.call("POST", path, f'{{"refresh": "{first}"}}')

    assert (second.status, third.status) == (200, 200)
    assert set(second.json) == {"access", "refresh"}
    assert len({first, second.json["refresh"], third.json["refresh"]}) == 3
    assert_problem(replayed, 401, "refresh_token_reused")
    after = server.call("GET", "/api/auth/me/", token=third.json["access"])
    assert_problem(after, 401, "token_revoked")


def test_the_own_profile_is_read_and_changed(server: Server, end: str) -> None:
    path = f"/api/auth/profile/me{end}"
    token = server.register(SPECIALIST)["access"]

    fresh = server.call("GET", path, token=token)
    change = (
        '{"full_name": "Анна Соколова", "bio": "Массаж.\\nВ центре.", "city": "Казань",'
        ' "experience_years": 8, "timezone": "Europe/Samara", "links": ["https://example.com/а"]}'
    )
    changed = server.call("PATCH", path, change, token=token)

    assert fresh.text == (
        '{"id":1,"full_name":"","avatar":null,"avatar_small":null,"bio":"",'
        '"city":"","experience_years":0,"timezone":"Europe/Moscow","links":[],"place":null}'
    )
    assert changed.status == 200
    assert changed.text == (
        '{"id":1,"full_name":"Анна Соколова","avatar":null,"avatar_small":null,'
        '"bio":"Массаж.\\nВ центре.","city":"Казань","experience_years":8,'
        '"timezone":"Europe/Samara","links":["https://example.com/а"],"place":null}'
    )
    again = server.call("GET", path, token=token)
    assert (again.body, again.headers["ETag"]) == (changed.body, changed.headers["ETag"])
    unchanged = server.call("GET", path, token=token, If_None_Match=again.headers["ETag"])
    assert (unchanged.status, unchanged.body) == (304, b"")
    stale = server.call("PATCH", path, change, token=token, If_Match=fresh.headers["ETag"])
    assert_problem(stale, 412, "precondition_failed")


def test_posting_to_the_own_profile_is_not_allowed(server: Server, end: str) -> None:
    token = server.register(CLIENT)["access"]

    answer = server.call("POST", f"/api/auth/profile/me{end}", '{"city": "Омск"}', token=token)

    assert_problem(answer, 405, "method_not_allowed")
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


def test_a_specialists_profile_is_public_and_a_clients_is_not(server: Server, end: str) -> None:
    specialist = server.register(SPECIALIST)
    server.register(CLIENT)

    seen = server.call("GET", f"/api/auth/profile/1{end}")
    own = server.call("GET", f"/api/auth/profile/me{end}", token=specialist["access"])

    assert (seen.status, seen.body) == (200, own.body)
    assert seen.headers["ETag"] == own.headers["ETag"]
    for other in (2, 3, 2_147_483_647, 2_147_483_648, 0):
        nobody = server.call("GET", f"/api/auth/profile/{other}{end}")
        assert_problem(nobody, 404, "not_found")


def test_errors_are_russian_or_english_and_name_the_fields(server: Server, end: str) -> None:
    path = f"/api/auth/login{end}"

    russian = server.call("POST", path, '{"username": "x", "role": 1}')
    english = server.call("POST", path, '{"username": "x", "role": 1}', Accept_Language="en")

    assert (
        russian.body
        == (
            '{"type":"urn:marketplace:problem:invalid_fields","title":"Проверьте данные",'
            '"status":422,"detail":"Некоторые поля заполнены неверно, смотрите errors.",'
            '"code":"invalid_fields","errors":{"password":["Обязательное поле."],'
            '"role":["Неизвестное поле."]},'
            '"error_codes":{"password":["required"],"role":["unknown"]}}'
        ).encode()
    )
    assert english.json["errors"] == {
        "password": ["This field is required."],
        "role": ["Unknown field."],
    }
    assert (russian.headers["Content-Language"], english.headers["Content-Language"]) == (
        "ru",
        "en",
    )


def test_a_request_id_is_found_again_in_the_log(server: Server) -> None:
    server.call("GET", "/api/services/", X_Request_ID="find-me-1")
    answer = server.call("GET", "/api/services/", X_Request_ID="bad id\x7f")

    log = server.log.read_text()
    assert "id=find-me-1" in log
    assert f"id={answer.headers['X-Request-ID']}" in log
    assert "bad id" not in log
