"""Being forgotten: what goes, what stays for others, and that nobody comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import PASSWORD, Actor, assert_problem
from auth.support import log_in, refresh, register, row_of
from bookings.support import NOW, add_bookings, go_to, shown
from command_line import CommandLine
from flask import Flask
from privacy.support import ERASE, Traced, canaries, erase, traces

from marketplace.auth.models import Identity, User
from marketplace.core.database import session, transactional
from marketplace.settings import RateLimitSettings

WRONG = "не-тот-пароль"
KEPT_FOR_THE_CLIENT = {"service"}


@pytest.mark.parametrize("role", ["client", "specialist"])
def test_nothing_of_the_person_is_left_in_any_table(app: Flask, traced: Traced, role: str) -> None:
    before = traces(app, role)
    others = traces(app, "client" if role == "specialist" else "specialist")
    only_specialists = {"off", "description", "service"}
    left = {"client": only_specialists, "specialist": {"note"}}[role]
    assert before == canaries(role).keys() - left

    erase(traced.of(role))

    # The name of what was booked belongs to the client's history.
    assert traces(app, role) == ({"service"} if role == "specialist" else set())
    assert traces(app, "client" if role == "specialist" else "specialist") >= others - {"body"}


def test_the_person_is_signed_out_everywhere_and_cannot_return(
    traced: Traced, anonymous: Actor
) -> None:
    mine = canaries("client")

    erase(traced.client)

    assert_problem(traced.client.get("/api/auth/me/"), 401, "token_revoked")
    assert_problem(traced.client.post(ERASE, {"password": PASSWORD}), 401, "token_revoked")
    assert refresh(anonymous, traced.client.refresh).status_code == 401
    for name in (mine["username"], f"{mine['email']}@example.com", mine["phone"]):
        assert_problem(log_in(anonymous, name), 401, "wrong_credentials")
    for password in (PASSWORD, "", "!", "None"):
        if password:
            answer = log_in(anonymous, f"erased:{traced.client.user_id}", password)
            assert_problem(answer, 401, "wrong_credentials")


def test_name_email_and_phone_are_free_again(traced: Traced, anonymous: Actor) -> None:
    mine = canaries("client")
    again = {
        "username": mine["username"],
        "email": f"{mine['email']}@example.com",
        "phone": mine["phone"],
    }
    assert register(anonymous, **again).status_code == 409

    erase(traced.client)

    answer = register(anonymous, **again)
    assert answer.status_code == 201
    assert answer.get_json()["user"]["id"] != traced.client.user_id


def test_the_name_of_the_erased_can_never_be_registered(traced: Traced, anonymous: Actor) -> None:
    erase(traced.client)

    answer = register(anonymous, username=f"erased:{traced.client.user_id}")

    assert_problem(answer, 422, "invalid_fields", "username")


@pytest.mark.parametrize("role", ["client", "specialist"])
def test_coming_bookings_are_cancelled_and_only_the_other_party_is_told(
    app: Flask, flask: CommandLine, traced: Traced, role: str
) -> None:
    told_before = len(notices(app, traced.other(role).user_id))

    erase(traced.of(role))

    for booking_id in traced.bookings[2:]:
        booking = shown(traced.other(role), booking_id)
        assert booking["status"] == "cancelled"
        assert booking["events"][-1]["by"] == "system"
        assert booking["events"][-1]["details"] == {"reason": "erased"}
    told = notices(app, traced.other(role).user_id)[told_before:]
    assert [(kind, state) for kind, state, _ in told] == [("booking_cancelled", "pending")] * 2
    mine = notices(app, traced.of(role).user_id)
    assert {state for _, state, _ in mine} == {"cancelled"}
    assert {str(payload) for _, _, payload in mine} == {"{}"}
    assert flask.do("doctor") == "No faults found.\n"
    assert flask.run("notifications", "list").exit_code == 0


def notices(app: Flask, user_id: int) -> list[tuple[str, str, Any]]:
    query = sa.text(
        "SELECT kind, state, payload FROM notifications WHERE user_id = :id ORDER BY id"
    )
    with app.app_context():
        return [tuple(row) for row in session().execute(query, {"id": user_id})]


def test_the_other_party_still_reads_past_bookings_without_a_name(
    traced: Traced, clock: time_machine.Coordinates
) -> None:
    service = shown(traced.client, traced.bookings[0])["service"]
    past = {"starts_at": NOW - timedelta(days=30), "status": "completed"}
    running = {"starts_at": NOW - timedelta(minutes=10), "status": "confirmed"}
    ids = add_bookings(traced.client, traced.specialist, service, [past, running])
    assert shown(traced.client, ids[1])["specialist_profile"]["contacts"] is not None

    erase(traced.specialist)

    for booking_id, status in zip(ids, ("completed", "confirmed"), strict=True):
        booking = shown(traced.client, booking_id)
        assert booking["status"] == status
        assert booking["service_name"]
        assert booking["specialist_profile"] == {
            "id": traced.specialist.user_id,
            "full_name": "",
            "avatar": None,
            "avatar_small": None,
            "contacts": None,
            "place": None,
        }
    assert len(traced.client.get("/api/bookings/").get_json()) == len(traced.bookings) + 2


def test_a_specialist_is_in_no_catalogue_any_more(traced: Traced, anonymous: Actor) -> None:
    service = shown(traced.client, traced.bookings[0])["service"]
    user_id = traced.specialist.user_id

    erase(traced.specialist)

    assert anonymous.get(f"/api/auth/profile/{user_id}/").status_code == 404
    assert anonymous.get("/api/services/").get_json() == []
    assert anonymous.get(f"/api/services/{service}/").status_code == 404
    assert anonymous.get(f"/api/services/{service}/slots/").status_code == 404
    answer = traced.client.post(
        "/api/bookings/", {"service": service, "starts_at": "2026-11-24T16:00:00+03:00"}
    )
    assert answer.status_code == 404
    assert traced.client.get("/api/holds/").get_json() == []


def test_consents_stay_as_withdrawn_records_without_a_name(app: Flask, traced: Traced) -> None:
    erase(traced.client)

    with app.app_context():
        rows = session().execute(
            sa.text("SELECT kind, withdrawn_at IS NULL FROM consents WHERE user_id = :id"),
            {"id": traced.client.user_id},
        )
        assert {(kind, bool(stands)) for kind, stands in rows} == {
            ("terms", False),
            ("advertising", False),
        }


def test_the_act_is_audited_and_told_to_the_verified_address(
    app: Flask, flask: CommandLine, traced: Traced
) -> None:
    user_id = traced.client.user_id
    flask.do("users", "verify", user_id, "--email")
    address = f"{canaries('client')['email']}@example.com"

    erase(traced.client)

    assert [act for act, _ in flask.acts("--user", user_id)] == ["user.verify", "user.erase"]
    last = flask.json("notifications", "list", "--user", user_id)[0]
    assert (last["kind"], last["state"]) == ("account_erased", "pending")
    assert last["text"] == "Ваша учётная запись BeautyGo удалена вместе с личными данными."
    row = row_of(app, "notifications", last["id"])
    assert (row["channel"], row["destination"]) == ("email", address)
    assert traces(app, "client") == {"email"}


def test_an_address_that_was_never_verified_is_not_written_to(app: Flask, traced: Traced) -> None:
    erase(traced.client)

    kinds = [kind for kind, state, _ in notices(app, traced.client.user_id) if state == "pending"]
    assert kinds == []


@pytest.mark.parametrize("body", [{"password": WRONG}, {"password": PASSWORD + " "}])
def test_a_wrong_password_erases_nobody(app: Flask, client: Actor, body: dict[str, str]) -> None:
    before = row_of(app, "users", client.user_id)

    answer = client.post(ERASE, body)

    problem = assert_problem(answer, 422, "wrong_password", "password")
    assert problem["error_codes"] == {"password": ["password_wrong"]}
    assert row_of(app, "users", client.user_id) == before
    assert client.get("/api/auth/me/").status_code == 200


@pytest.mark.parametrize("body", [None, {}])
def test_without_a_password_a_password_session_is_not_enough(client: Actor, body: Any) -> None:
    assert_problem(client.post(ERASE, body), 403, "reauthentication_required")
    assert client.get("/api/auth/me/").status_code == 200


@pytest.mark.parametrize(
    "body", [{"password": ""}, {"password": None}, {"password": 5}, {"password": "x" * 129}]
)
def test_what_is_no_password_is_refused(client: Actor, body: dict[str, Any]) -> None:
    assert_problem(client.post(ERASE, body), 422, "invalid_fields", "password")


@transactional
def sign_in_socially(user_id: int, *, keeps_password: bool) -> None:
    session().add(
        Identity(user_id=user_id, provider="vk", subject="1", created_at=NOW, last_used_at=NOW)
    )
    if not keeps_password:
        session().execute(sa.update(User).where(User.id == user_id).values(password_hash=None))


@pytest.mark.parametrize("keeps_password", [True, False])
def test_a_fresh_social_sign_in_stands_for_the_password(
    app: Flask,
    anonymous: Actor,
    client: Actor,
    clock: time_machine.Coordinates,
    *,
    keeps_password: bool,
) -> None:
    with app.app_context():
        sign_in_socially(client.user_id, keeps_password=keeps_password)
    socially = Actor(client.client, client.user_id, access=client.access)
    clock.shift(5 * 60)
    assert_problem(socially.post(ERASE), 403, "reauthentication_required")
    # A session that was begun otherwise proves nothing, however young.
    go_to(clock, NOW + timedelta(minutes=1), client)
    assert_problem(client.post(ERASE, {}), 403, "reauthentication_required")
    clock.move_to(NOW + timedelta(minutes=4, seconds=59), tick=False)

    assert socially.post(ERASE).status_code == 204
    assert log_in(anonymous, "klient").status_code == 401


def test_guesses_are_counted_as_those_at_a_change_of_password(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    app = make_app(rate_limits=True, limits=RateLimitSettings(login_account="2/minute"))
    caller = Actor(app.test_client(), access=client.access)

    statuses = [caller.post(ERASE, {"password": WRONG}).status_code for _ in range(3)]

    assert statuses == [422, 422, 429]
    assert caller.post(ERASE, {"password": PASSWORD}).status_code == 429
    change = {"old_password": PASSWORD, "new_password": "ясное-утро-8"}
    assert caller.post("/api/auth/password/change/", change).status_code == 429


def test_a_blocked_person_is_erased_by_an_admin_and_never_unblocked(
    app: Flask, flask: CommandLine, traced: Traced
) -> None:
    user_id = traced.specialist.user_id
    flask.do(
        "users", "block", user_id, "--reason", f"Спам: {canaries('specialist')['email']}", "--yes"
    )

    flask.do("users", "delete", user_id, "--yes")

    assert traces(app, "specialist") == {"service"}
    assert flask.run("users", "unblock", user_id).exit_code == 1
    assert flask.run("users", "delete", user_id, "--yes").exit_code == 1
    assert row_of(app, "users", user_id)["blocked_at"] is not None
    assert flask.do("doctor") == "No faults found.\n"
