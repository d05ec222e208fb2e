"""Exchanging refresh tokens: each once, a lost answer forgiven, a theft noticed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from actors import Actor, People, assert_problem
from auth.support import (
    at,
    claims_of,
    everything_stored,
    in_parallel,
    later,
    logged_in,
    refresh,
    refreshed,
    row_of,
    works,
)
from flask import Flask

from marketplace.auth import administration, privacy
from marketplace.core.audit import AuditEntry
from marketplace.core.clock import utc_now
from marketplace.extensions import db


def test_an_exchange_answers_a_new_pair_of_the_same_session(client: Actor) -> None:
    response = refresh(client, client.refresh)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert set(body) == {"access", "refresh"}
    assert body["refresh"] != client.refresh
    assert body["access"] != client.access
    assert claims_of(body["access"])["sid"] == client.session_id


def test_the_access_token_before_an_exchange_works_until_it_expires(client: Actor) -> None:
    renewed = refreshed(client, client.refresh)

    assert works(client)
    assert works(renewed)


def test_a_chain_of_exchanges_goes_on(client: Actor) -> None:
    device = client
    for step in range(1, 6):
        with later(minutes=step):
            device = refreshed(device, device.refresh)
            assert works(device)


def test_a_replay_ends_the_session_with_all_its_tokens(app: Flask, client: Actor) -> None:
    second = refreshed(client, client.refresh)
    with later(seconds=1):
        third = refreshed(second, second.refresh)

    with later(seconds=30):
        replayed = refresh(client, client.refresh)

        assert_problem(replayed, 401, "refresh_token_reused")
        assert replayed.headers["WWW-Authenticate"].startswith("Bearer ")
        assert_problem(refresh(client, third.refresh), 401, "token_revoked")
        assert_problem(third.get("/api/auth/me/"), 401, "token_revoked")
        assert not works(second)
        assert not works(client)
    assert row_of(app, "sessions", client.session_id)["end_reason"] == "replay"
    assert audited(app) == ["session.replay"]


def audited(app: Flask) -> list[str]:
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.scalars(sa.select(AuditEntry.action)))


def test_a_replay_ends_no_other_session(client: Actor, anonymous: Actor) -> None:
    other = logged_in(anonymous)
    refreshed(client, client.refresh)

    with later(seconds=30):
        refresh(client, client.refresh)

        assert works(other)
        assert refresh(other, other.refresh).status_code == 200


def test_a_lost_answer_can_be_asked_for_again_within_ten_seconds(client: Actor) -> None:
    start = utc_now()
    with at(start):
        second = refreshed(client, client.refresh)

    for seconds in (0, 5, 10):
        with at(start + timedelta(seconds=seconds)):
            again = refreshed(client, client.refresh)

            assert again.refresh == second.refresh
            assert works(again)


def test_the_ten_seconds_are_not_prolonged_by_asking(client: Actor) -> None:
    start = utc_now()
    for seconds in (0, 5, 10):
        with at(start + timedelta(seconds=seconds)):
            refreshed(client, client.refresh)

    with at(start + timedelta(seconds=10, milliseconds=1)):
        assert_problem(refresh(client, client.refresh), 401, "refresh_token_reused")


def test_a_token_two_exchanges_old_is_a_replay_even_at_once(client: Actor) -> None:
    second = refreshed(client, client.refresh)
    third = refreshed(second, second.refresh)

    assert_problem(refresh(client, client.refresh), 401, "refresh_token_reused")
    assert not works(third)


def test_a_repeated_answer_can_itself_be_exchanged(client: Actor) -> None:
    refreshed(client, client.refresh)
    again = refreshed(client, client.refresh)

    assert works(refreshed(again, again.refresh))


def test_parallel_exchanges_of_one_token_all_get_the_same_successor(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    app = make_app(threads=20)

    answers = in_parallel(20, lambda _: refresh(Actor(app.test_client()), client.refresh))

    assert [response.status_code for response in answers] == [200] * 20
    pairs = [response.get_json() for response in answers]
    assert len({pair["refresh"] for pair in pairs}) == 1
    assert all(works(Actor(client.client, access=pair["access"])) for pair in pairs)
    assert works(refreshed(client, pairs[0]["refresh"]))


def test_parallel_replays_end_the_session_once(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    app = make_app(threads=10)
    renewed = refreshed(client, client.refresh)

    with later(seconds=30):
        answers = in_parallel(10, lambda _: refresh(Actor(app.test_client()), client.refresh))

        assert {response.status_code for response in answers} == {401}
        assert not works(renewed)
    assert audited(app) == ["session.replay"]


def test_a_refresh_token_unused_for_seven_days_is_dead(client: Actor) -> None:
    with later(days=6, hours=23, minutes=59):
        renewed = refreshed(client, client.refresh)
    with later(days=13, hours=23):
        assert works(refreshed(renewed, renewed.refresh))


def test_seven_days_without_use_end_the_chain(client: Actor) -> None:
    with later(days=7, minutes=1):
        assert_problem(refresh(client, client.refresh), 401, "refresh_token_invalid")


def test_a_session_ends_after_ninety_days_however_busy_it_is(client: Actor) -> None:
    started = utc_now()
    device = client
    for days in range(6, 90, 6):
        with at(started + timedelta(days=days)):
            device = refreshed(device, device.refresh)

    with at(started + timedelta(days=89, hours=23, minutes=55)):
        last = refreshed(device, device.refresh)
        assert works(last)
        assert claims_of(last.access)["exp"] <= (started + timedelta(days=90)).timestamp()
        assert claims_of(last.refresh)["exp"] <= (started + timedelta(days=90)).timestamp()
    with at(started + timedelta(days=90, seconds=1)):
        assert not works(last)
        assert refresh(last, last.refresh).status_code == 401


@pytest.mark.parametrize("token", ["", None, 5, [], {}, "x" * 2_001, "a\u0000b"])
def test_what_cannot_be_a_token_is_named(visitor: Actor, token: object) -> None:
    response = visitor.post("/api/auth/refresh/", {"refresh": token})

    assert_problem(response, 422, "invalid_fields", "refresh")


def test_a_missing_or_unknown_field_is_named(client: Actor) -> None:
    empty = Actor(client.client).post("/api/auth/refresh/", {})
    more = Actor(client.client).post(
        "/api/auth/refresh/", {"refresh": client.refresh, "access": client.access}
    )

    assert_problem(empty, 422, "invalid_fields", "refresh")
    assert_problem(more, 422, "invalid_fields", "access")
    assert refresh(client, client.refresh).status_code == 200


def test_sessions_survive_a_restart_and_so_do_their_ends(
    make_app: Callable[..., Flask], client: Actor, people: People
) -> None:
    gone = people.client("gone")
    gone.post("/api/auth/logout/")
    restarted = make_app().test_client()

    here = Actor(restarted, access=client.access)
    assert works(here)
    assert works(refreshed(here, client.refresh))
    assert_problem(refresh(here, gone.refresh), 401, "token_revoked")
    assert not works(Actor(restarted, access=gone.access))


def test_a_blocked_persons_tokens_die_at_once(app: Flask, client: Actor) -> None:
    assert works(client)
    with app.app_context():
        administration.block(client.user_id, "fraud", actor="admin", now=utc_now())

    assert_problem(client.get("/api/auth/me/"), 401, "token_revoked")
    assert_problem(client.get("/api/services/"), 401, "token_revoked")
    assert_problem(refresh(client, client.refresh), 401, "token_revoked")


def test_a_changed_role_and_a_reset_password_end_every_session(app: Flask, people: People) -> None:
    anna, olga = people.client("anna"), people.client("olga")
    with app.app_context():
        administration.set_role(anna.user_id, "specialist", actor="admin", now=utc_now())
        administration.set_password(olga.user_id, "!", actor="admin", now=utc_now())

    for person in (anna, olga):
        assert not works(person)
        assert refresh(person, person.refresh).status_code == 401


def test_an_erased_account_leaves_no_working_token(app: Flask, client: Actor) -> None:
    with app.app_context():
        journal = app.config["MARKETPLACE"].erasure_journal
        privacy.erase_by_admin(client.user_id, actor="admin", journal=journal, now=utc_now())

    assert not works(client)
    assert_problem(refresh(client, client.refresh), 401, "token_revoked")


def test_no_live_token_stands_in_the_database(app: Flask, client: Actor, anonymous: Actor) -> None:
    renewed = refreshed(client, client.refresh)
    other = logged_in(anonymous)

    stored = everything_stored(app)

    assert "klient@example.com" in stored
    for device in (client, renewed, other):
        for token in (device.access, device.refresh):
            assert token not in stored
            assert token.rsplit(".", 1)[1] not in stored
