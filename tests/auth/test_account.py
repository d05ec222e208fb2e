"""One's own account, and the change of its password."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from actors import PASSWORD, Actor, People, assert_problem
from auth.support import (
    in_parallel,
    log_in,
    logged_in,
    refresh,
    refreshed,
    registered,
    row_of,
    works,
)
from flask import Flask

NEW_PASSWORD = "лунный-берег-58"


def change_password(caller: Actor, old: object = PASSWORD, new: object = NEW_PASSWORD):
    body = {"old_password": old, "new_password": new}
    return caller.post("/api/auth/password/change/", body)


def test_the_account_is_shown_to_its_owner_in_full(anonymous: Actor) -> None:
    maria = registered(anonymous, role="specialist")

    response = maria.get("/api/auth/me/")

    assert response.status_code == 200
    assert response.get_json() == {
        "id": maria.user_id,
        "username": "maria.sokolova",
        "email": "maria.sokolova@example.com",
        "email_verified": False,
        "phone": "+79161234567",
        "phone_verified": False,
        "role": "specialist",
        "language": "ru",
        "pending_email": None,
        "pending_phone": None,
    }
    assert "private" in response.headers["Cache-Control"]


def test_an_unchanged_account_is_not_sent_again(client: Actor) -> None:
    tag = client.get("/api/auth/me/").headers["ETag"]

    for sent in (tag, f"W/{tag}", "*", f'"other", {tag}'):
        response = client.get("/api/auth/me/", headers={"If-None-Match": sent})
        assert response.status_code == 304
        assert response.data == b""
        assert response.headers["ETag"] == tag
    other = client.get("/api/auth/me/", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_a_changed_account_is_sent_again(client: Actor) -> None:
    tag = client.get("/api/auth/me/").headers["ETag"]

    client.patch("/api/auth/me/", {"language": "en"})
    response = client.get("/api/auth/me/", headers={"If-None-Match": tag})

    assert response.status_code == 200
    assert response.get_json()["language"] == "en"


def test_two_accounts_never_share_a_tag(people: People) -> None:
    anna, olga = people.client("anna"), people.client("olga")

    tags = {person.get("/api/auth/me/").headers["ETag"] for person in (anna, olga)}

    assert len(tags) == 2


def test_the_language_is_changed_and_kept(client: Actor) -> None:
    response = client.patch("/api/auth/me/", {"language": "en"})

    assert response.status_code == 200
    assert response.get_json() == client.get("/api/auth/me/").get_json()
    assert response.get_json()["language"] == "en"
    assert response.headers["ETag"] == client.get("/api/auth/me/").headers["ETag"]


def test_a_change_that_changes_nothing_keeps_the_tag(client: Actor) -> None:
    tag = client.get("/api/auth/me/").headers["ETag"]

    assert client.patch("/api/auth/me/", {"language": "ru"}).headers["ETag"] == tag


def test_a_change_of_a_stale_copy_is_refused(client: Actor) -> None:
    stale = client.get("/api/auth/me/").headers["ETag"]
    fresh = client.patch("/api/auth/me/", {"language": "en"}).headers["ETag"]

    refused = client.patch("/api/auth/me/", {"language": "ru"}, headers={"If-Match": stale})
    weak = client.patch("/api/auth/me/", {"language": "ru"}, headers={"If-Match": f"W/{fresh}"})
    accepted = client.patch("/api/auth/me/", {"language": "ru"}, headers={"If-Match": fresh})
    any_copy = client.patch("/api/auth/me/", {"language": "en"}, headers={"If-Match": "*"})

    assert_problem(refused, 412, "precondition_failed")
    assert_problem(weak, 412, "precondition_failed")
    assert accepted.get_json()["language"] == "ru"
    assert any_copy.get_json()["language"] == "en"


def test_of_parallel_changes_of_one_copy_exactly_one_is_accepted(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    app = make_app(threads=8)
    tag = client.get("/api/auth/me/").headers["ETag"]

    def act(_number: int) -> int:
        here = Actor(app.test_client(), access=client.access)
        response = here.patch("/api/auth/me/", {"language": "en"}, headers={"If-Match": tag})
        return response.status_code

    assert Counter(in_parallel(8, act)) == {200: 1, 412: 7}


REFUSED_CHANGES = [
    ({}, "body"),
    ({"language": "de"}, "language"),
    ({"language": None}, "language"),
    ({"language": 5}, "language"),
    ({"language": "RU"}, "language"),
    ({"language": "en", "id": 5}, "id"),
    ({"language": "en", "role": "specialist"}, "role"),
    ({"language": "en", "username": "other"}, "username"),
    ({"language": "en", "email_verified": True}, "email_verified"),
    ({"language": "en", "is_admin": True}, "is_admin"),
]


def test_no_other_field_can_be_changed(app: Flask, client: Actor) -> None:
    before = row_of(app, "users", client.user_id)

    for body, field in REFUSED_CHANGES:
        assert_problem(client.patch("/api/auth/me/", body), 422, "invalid_fields", field)

    assert row_of(app, "users", client.user_id) == before


def test_a_changed_password_is_the_only_one_that_works(client: Actor, anonymous: Actor) -> None:
    response = change_password(client)

    assert response.status_code == 204
    assert_problem(log_in(anonymous, "klient", PASSWORD), 401, "wrong_credentials")
    assert log_in(anonymous, "klient", NEW_PASSWORD).status_code == 200


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(
    client: Actor, anonymous: Actor, people: People
) -> None:
    others, stranger = [logged_in(anonymous) for _ in range(2)], people.client("stranger")

    change_password(client)

    assert works(client)
    assert works(refreshed(client, client.refresh))
    assert works(stranger)
    for other in others:
        assert_problem(other.get("/api/auth/me/"), 401, "token_revoked")
        assert_problem(refresh(other, other.refresh), 401, "token_revoked")


def test_a_wrong_old_password_changes_nothing(client: Actor, anonymous: Actor) -> None:
    other = logged_in(anonymous)

    for old in ("не-тот-пароль", PASSWORD + " ", PASSWORD.upper(), "x" * 128):
        assert_problem(change_password(client, old), 422, "wrong_password", "old_password")

    assert works(other)
    assert log_in(anonymous, "klient", PASSWORD).status_code == 200


UNFIT_PASSWORDS = (
    PASSWORD,
    "корот-7",
    "x7" * 64 + "y",
    "9318457120",
    "password123",
    "beautygo2026",
    "klient@example.com",
    "klient@EXAMPLE.com",
    None,
    5,
)


def test_an_unfit_new_password_is_named_and_changes_nothing(
    client: Actor, anonymous: Actor
) -> None:
    for new in UNFIT_PASSWORDS:
        assert_problem(change_password(client, new=new), 422, "invalid_fields", "new_password")

    assert log_in(anonymous, "klient", PASSWORD).status_code == 200


def test_missing_and_unknown_fields_of_a_password_change_are_named(client: Actor) -> None:
    fields = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}

    empty = client.post("/api/auth/password/change/", {})
    more = client.post("/api/auth/password/change/", fields | {"user_id": 1})

    assert_problem(empty, 422, "invalid_fields", "new_password", "old_password")
    assert_problem(more, 422, "invalid_fields", "user_id")


def test_of_parallel_changes_of_one_password_exactly_one_succeeds(
    make_app: Callable[..., Flask], client: Actor, anonymous: Actor
) -> None:
    app = make_app(threads=6)

    def act(number: int) -> int:
        here = Actor(app.test_client(), access=client.access)
        return change_password(here, new=f"{NEW_PASSWORD}-{number}").status_code

    codes = in_parallel(6, act)

    assert Counter(codes) == {204: 1, 422: 5}
    winner = codes.index(204)
    assert log_in(anonymous, "klient", f"{NEW_PASSWORD}-{winner}").status_code == 200


def test_a_signin_with_the_old_password_while_it_is_changed_leaves_no_session(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    app = make_app(threads=6)

    def act(number: int) -> Actor | None:
        if number == 0:
            change_password(Actor(app.test_client(), access=client.access))
            return None
        response = log_in(Actor(app.test_client()), "klient", PASSWORD)
        body = response.get_json()
        return Actor(client.client, access=body["access"]) if "access" in body else None

    begun = [device for device in in_parallel(6, act) if device is not None]

    assert not any(works(device) for device in begun)


def test_every_route_of_the_account_is_closed_to_strangers(app: Flask, anonymous: Actor) -> None:
    open_routes = {"/register/", "/login/", "/refresh/"}
    closed = [
        (method, rule.rule.replace("<id:session_id>", "1"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in ("auth", "account")
        and rule.rule.removeprefix("/api/auth") not in open_routes
        for method in rule.methods - {"OPTIONS", "HEAD"}
    ]

    answers = [anonymous.call(method, path, json={}) for method, path in closed]

    assert len(answers) >= 7
    for response in answers:
        assert_problem(response, 401, "token_required")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="marketplace"'
