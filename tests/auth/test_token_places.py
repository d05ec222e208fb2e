"""Where a token may stand, and what an answer that refuses or holds one says."""

from __future__ import annotations

from actors import PASSWORD, Actor, assert_problem
from auth.support import (
    bearer,
    later,
    refresh,
    registered,
    works,
)


def test_a_bad_or_expired_token_is_refused_on_open_routes_too(client: Actor) -> None:
    paths = ("/api/auth/services/", "/api/services/", "/api/categories/")

    for path in paths:
        assert Actor(client.client).get(path).status_code == 200
        assert_problem(bearer(client, "nonsense", path), 401, "token_invalid")
        with later(minutes=16):
            assert_problem(bearer(client, client.access, path), 401, "token_expired")
    client.post("/api/auth/logout/")

    for path in paths:
        assert_problem(bearer(client, client.access, path), 401, "token_revoked")


def test_any_other_authorization_is_refused_in_words(client: Actor) -> None:
    token = client.access
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Basic a2xpZW50OnBhc3N3b3Jk",
        f"Token {token}",
        token,
        f"Bearer {token} {token}",
        f"Bearer {token},Bearer {token}",
        "Bearer тихий".encode().decode("latin-1"),
    ):
        response = Actor(client.client).get(
            "/api/services/", environ_base={"HTTP_AUTHORIZATION": header}
        )

        problem = assert_problem(response, 401, "token_invalid")
        assert "Authorization" in problem["detail"]


def test_a_token_anywhere_else_is_ignored_and_the_answer_says_so(client: Actor) -> None:
    stranger = Actor(client.client)
    for name in ("access", "access_token", "token", "jwt", "Authorization"):
        client.client.set_cookie(name, client.access)
        client.client.set_cookie("access_token_cookie", client.access)

        for response in (
            stranger.get(f"/api/auth/me/?{name}={client.access}"),
            stranger.post("/api/auth/logout/", {name: client.access}),
            stranger.get("/api/auth/me/"),
            stranger.get("/api/auth/me/", headers={"X-Access-Token": client.access}),
        ):
            problem = assert_problem(response, 401, "token_required")
            assert "Authorization: Bearer" in problem["detail"]
            assert "не учитывается" in problem["detail"]
    assert works(client)


def test_every_401_carries_a_challenge(client: Actor) -> None:
    stranger = Actor(client.client)
    refused = [
        stranger.get("/api/auth/me/", headers={"Authorization": header})
        for header in ("Bearer nonsense", f"Bearer {client.refresh}", "Basic x")
    ]
    others = [
        stranger.get("/api/auth/me/"),
        stranger.post("/api/auth/refresh/", {"refresh": "nonsense"}),
        stranger.post("/api/auth/login/", {"username": "klient", "password": "не-тот-пароль"}),
    ]

    for response in refused + others:
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer realm=")
        assert response.headers["Cache-Control"] == "no-store"
    for response in refused:
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert "error" not in others[0].headers["WWW-Authenticate"]


def test_every_answer_with_a_token_forbids_to_store_it(anonymous: Actor) -> None:
    maria = registered(anonymous)

    answers = [
        anonymous.post("/api/auth/login/", {"username": "maria.sokolova", "password": PASSWORD}),
        refresh(maria, maria.refresh),
    ]

    assert [response.status_code for response in answers] == [200, 200]
    assert {response.headers["Cache-Control"] for response in answers} == {"no-store"}
