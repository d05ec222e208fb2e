"""The list of signed-in devices, and the ways to end them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from actors import Actor, People, assert_problem
from auth.support import (
    at_address,
    in_parallel,
    later,
    logged_in,
    refresh,
    refreshed,
    sessions_of,
    works,
)
from flask import Flask

from marketplace.core.clock import utc_now
from marketplace.core.conditional import etag_of

PIXEL = "Dalvik/2.1.0 (Linux; U; Android 15; Pixel 8 Build/AP4A.250105.002)"


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_signing_out_ends_both_tokens_at_once(client: Actor) -> None:
    response = client.post("/api/auth/logout/")

    assert response.status_code == 204
    assert response.data == b""
    assert_problem(client.get("/api/auth/me/"), 401, "token_revoked")
    assert_problem(refresh(client, client.refresh), 401, "token_revoked")
    assert_problem(client.post("/api/auth/logout/"), 401, "token_revoked")


def test_signing_out_ends_no_other_session(client: Actor, anonymous: Actor, people: People) -> None:
    other, stranger = logged_in(anonymous), people.client("stranger")

    client.post("/api/auth/logout/")

    assert works(other)
    assert works(stranger)
    assert works(refreshed(other, other.refresh))


def test_signing_out_twice_at_once_succeeds_or_finds_the_session_over(
    make_app: Callable[..., Flask], people: People
) -> None:
    app = make_app(threads=8)
    for number in range(3):
        person = people.client(f"person{number}")

        answers = in_parallel(
            8,
            lambda _, access=person.access: Actor(app.test_client(), access=access).post(
                "/api/auth/logout/"
            ),
        )

        codes = {response.status_code for response in answers}
        assert 204 in codes
        assert codes <= {204, 401}


def test_the_list_shows_each_device_newest_first(client: Actor, anonymous: Actor) -> None:
    logged_in(anonymous, headers={"User-Agent": PIXEL}, **at_address("203.0.113.7"))

    rows = sessions_of(client)

    assert [set(row) for row in rows] == [
        {"id", "name", "ip", "created_at", "last_seen_at", "current"}
    ] * 2
    assert [row["name"] for row in rows] == ["Pixel 8, Android 15", "tests"]
    assert [row["ip"] for row in rows] == ["203.0.113.7", "127.0.0.1"]
    assert [row["current"] for row in rows] == [False, True]
    for row in rows:
        assert datetime.fromisoformat(row["created_at"]) <= utc_now()
        assert row["last_seen_at"] >= row["created_at"]


def test_the_list_is_kept_by_no_cache(client: Actor) -> None:
    response = client.get("/api/auth/sessions/")

    assert response.headers["Cache-Control"] == "no-store"


def test_a_device_without_a_name_is_said_to_be_unknown(client: Actor, anonymous: Actor) -> None:
    logged_in(anonymous, headers={"User-Agent": ""})

    assert sessions_of(client)[0]["name"] == "Неизвестное устройство"
    client.headers["Accept-Language"] = "en"
    assert sessions_of(client)[0]["name"] == "Unknown device"


def test_any_user_agent_can_sign_in(client: Actor, anonymous: Actor) -> None:
    for user_agent in ("x" * 5_000, "\x00\x01тест\r\n", "<script>alert(1)</script>", "💥" * 400):
        raw = user_agent.encode().decode("latin-1")

        logged_in(anonymous, environ_base={"HTTP_USER_AGENT": raw, "REMOTE_ADDR": "127.0.0.1"})

        name = sessions_of(client)[0]["name"]
        assert name.isprintable()
        assert len(name) <= 100


def test_nobody_elses_session_is_listed(client: Actor, people: People) -> None:
    people.client("stranger")

    assert ids(sessions_of(client)) == [client.session_id]


def test_an_ended_or_expired_session_is_not_listed(client: Actor, anonymous: Actor) -> None:
    ended, forgotten = logged_in(anonymous), logged_in(anonymous)
    ended.post("/api/auth/logout/")
    with later(days=5):
        renewed = refreshed(client, client.refresh)

        assert ids(sessions_of(renewed)) == [forgotten.session_id, client.session_id]
    with later(days=8):
        renewed = refreshed(renewed, renewed.refresh)

        assert ids(sessions_of(renewed)) == [client.session_id]


def test_pages_show_every_session_once_while_more_are_begun(
    client: Actor, anonymous: Actor
) -> None:
    expected = [client.session_id] + [logged_in(anonymous).session_id for _ in range(4)]
    seen: list[int] = []
    path: str | None = "/api/auth/sessions/?limit=2&count=true"

    while path is not None:
        response = client.get(path)
        seen += ids(response.get_json())
        logged_in(anonymous)
        link = response.headers.get("Link")
        assert link is None or (link.startswith("</api/auth/sessions/?") and 'rel="next"' in link)
        path = None if link is None else link[1 : link.index(">")]

    assert seen == sorted(expected, reverse=True)


def test_the_last_page_has_no_link_and_the_count_comes_only_when_asked_for(
    client: Actor, anonymous: Actor
) -> None:
    logged_in(anonymous)

    plain = client.get("/api/auth/sessions/?limit=2")
    counted = client.get("/api/auth/sessions/?limit=1&count=true")

    assert "Link" not in plain.headers
    assert "X-Total-Count" not in plain.headers
    assert "Link" in counted.headers
    assert counted.headers["X-Total-Count"] == "2"


def test_a_limit_outside_its_bounds_is_refused_never_clamped(client: Actor) -> None:
    for limit in ("0", "101", "-1", "x", "", "1.5", "٣", "9" * 30):
        response = client.get(f"/api/auth/sessions/?limit={limit}")

        assert_problem(response, 422, "invalid_fields", "limit")


def test_a_cursor_of_another_making_is_refused(client: Actor) -> None:
    for cursor in ("x", "####", "W10", "bnVsbA", "WyJwcmljZSIsMSwxXQ", "x" * 501):
        response = client.get("/api/auth/sessions/", query_string={"cursor": cursor})

        assert_problem(response, 422, "invalid_fields", "cursor")


def test_an_unknown_or_repeated_parameter_is_refused(client: Actor) -> None:
    assert_problem(client.get("/api/auth/sessions/?page=2"), 422, "invalid_fields", "page")
    assert_problem(
        client.get("/api/auth/sessions/?limit=2&limit=3"), 400, "duplicate_parameter", "limit"
    )


def test_one_session_can_be_ended_from_another(client: Actor, anonymous: Actor) -> None:
    lost, kept = logged_in(anonymous), logged_in(anonymous)

    response = client.delete(f"/api/auth/sessions/{lost.session_id}/")

    assert response.status_code == 204
    assert not works(lost)
    assert refresh(lost, lost.refresh).status_code == 401
    assert works(client)
    assert works(kept)


def test_a_session_that_is_over_is_not_found(client: Actor, anonymous: Actor) -> None:
    lost = logged_in(anonymous)
    client.delete(f"/api/auth/sessions/{lost.session_id}/")

    again = client.delete(f"/api/auth/sessions/{lost.session_id}/")

    assert_problem(again, 404, "not_found")


def test_somebody_elses_session_is_not_found_and_lives_on(client: Actor, people: People) -> None:
    stranger = people.specialist("stranger")

    foreign = client.delete(f"/api/auth/sessions/{stranger.session_id}/")
    missing = client.delete("/api/auth/sessions/2147483647/")

    assert_problem(foreign, 404, "not_found")
    assert foreign.data == missing.data
    assert works(stranger)


def test_an_id_that_cannot_be_is_not_found(client: Actor) -> None:
    for session_id in ("0", "-1", "2147483648", "x", "1.5", "9" * 40):
        assert_problem(client.delete(f"/api/auth/sessions/{session_id}/"), 404, "not_found")


def test_all_other_sessions_can_be_ended(client: Actor, anonymous: Actor, people: People) -> None:
    others, stranger = [logged_in(anonymous) for _ in range(3)], people.client("stranger")

    response = client.delete("/api/auth/sessions/")

    assert response.status_code == 204
    assert ids(sessions_of(client)) == [client.session_id]
    assert not any(works(other) for other in others)
    assert works(stranger)
    assert works(refreshed(client, client.refresh))


def test_one_who_is_alone_may_end_the_others_too(client: Actor) -> None:
    assert client.delete("/api/auth/sessions/").status_code == 204
    assert works(client)


def condition(tag: str) -> dict[str, Any]:
    return {"headers": {"If-Match": tag}}


def tag_of(actor_session: int) -> str:
    return f'"{etag_of(["session", actor_session])}"'


def test_a_condition_that_does_not_hold_ends_no_session(
    client: Actor, anonymous: Actor, people: People
) -> None:
    other, stranger = logged_in(anonymous), people.client("stranger")
    [other_id] = [row["id"] for row in sessions_of(client) if not row["current"]]
    one, all_others = f"/api/auth/sessions/{other_id}/", "/api/auth/sessions/"

    for tag in ('"stale"', tag_of(stranger.session_id), f"W/{tag_of(other_id)}"):
        assert_problem(client.delete(one, **condition(tag)), 412, "precondition_failed")
        assert_problem(client.delete(all_others, **condition(tag)), 412, "precondition_failed")

    assert works(other)
    theirs = f"/api/auth/sessions/{stranger.session_id}/"
    assert_problem(client.delete(theirs, **condition("*")), 404, "not_found")
    assert client.delete(one, **condition(tag_of(other_id))).status_code == 204
    assert not works(other)
    assert client.delete(all_others, **condition("*")).status_code == 204
