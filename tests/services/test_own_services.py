"""A specialist's own services: made, read, changed, replaced and removed, by their owner only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from actors import NEW_SERVICE, Actor, assert_problem
from flask import Flask
from services.support import CATALOGUE, LISTS, OWN, add_category, listed, suspend

from marketplace.core.clock import utc_now

WHOLE = {
    "name": "Уход за лицом",
    "description": "Пилинг,\nмаска",
    "price": "2500.50",
    "duration_minutes": 90,
    "category": "care",
    "visible": False,
}


@pytest.fixture
def made_at() -> datetime:
    return utc_now().replace(microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def changed_at(made_at: datetime) -> datetime:
    return made_at + timedelta(minutes=2, microseconds=250_000)


@pytest.fixture
def category(app: Flask) -> str:
    return add_category(app, "care", "Уход")


def test_a_new_service_is_answered_whole_with_its_address(
    specialist: Actor, made_at: datetime
) -> None:
    with time_machine.travel(made_at, tick=False):
        response = specialist.post(OWN, NEW_SERVICE)

    made = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/auth/services/{made['id']}/"
    assert made == {
        "id": made["id"],
        "name": "Массаж спины",
        "description": "",
        "price": "1500.00",
        "currency": "RUB",
        "duration_minutes": 60,
        "specialist": specialist.user_id,
        "category": None,
        "visible": True,
        "created_at": f"{made_at:%Y-%m-%dT%H:%M:%S}Z",
        "updated_at": f"{made_at:%Y-%m-%dT%H:%M:%S}Z",
    }
    assert type(made["id"]) is int


@pytest.mark.usefixtures("category")
def test_a_service_keeps_everything_it_was_given(specialist: Actor) -> None:
    made = specialist.post(OWN, WHOLE).get_json()

    read = specialist.get(f"{OWN}{made['id']}/").get_json()

    assert read == made
    assert {name: read[name] for name in WHOLE} == WHOLE


@pytest.mark.usefixtures("category")
@pytest.mark.parametrize(("field", "value"), list(WHOLE.items()))
def test_a_patch_changes_one_field_and_no_other(
    specialist: Actor, made_at: datetime, changed_at: datetime, field: str, value: object
) -> None:
    with time_machine.travel(made_at, tick=False):
        before = specialist.new_service()

    with time_machine.travel(changed_at, tick=False):
        response = specialist.patch(f"{OWN}{before['id']}/", {field: value})

    assert response.status_code == 200
    expected = before | {field: value, "updated_at": f"{changed_at:%Y-%m-%dT%H:%M:%S.%f}Z"}
    assert response.get_json() == expected
    assert specialist.get(f"{OWN}{before['id']}/").get_json() == expected


@pytest.mark.usefixtures("category")
def test_a_patch_of_several_fields_is_one_change(
    specialist: Actor, made_at: datetime, changed_at: datetime
) -> None:
    with time_machine.travel(made_at, tick=False):
        before = specialist.new_service(category="care")

    with time_machine.travel(changed_at, tick=False):
        after = specialist.patch(
            f"{OWN}{before['id']}/", {"name": "Иначе", "category": "care"}
        ).get_json()

    assert after == before | {"name": "Иначе", "updated_at": f"{changed_at:%Y-%m-%dT%H:%M:%S.%f}Z"}


def test_a_patch_that_changes_nothing_leaves_moment_and_tag(
    specialist: Actor, made_at: datetime, changed_at: datetime
) -> None:
    with time_machine.travel(made_at, tick=False):
        before = specialist.new_service()
        tag = specialist.get(f"{OWN}{before['id']}/").headers["ETag"]

    with time_machine.travel(changed_at, tick=False):
        response = specialist.patch(f"{OWN}{before['id']}/", {"price": 1500})

    assert response.get_json() == before
    assert response.headers["ETag"] == tag


@pytest.mark.usefixtures("category")
def test_a_put_replaces_all_and_resets_what_it_leaves_out(specialist: Actor) -> None:
    service_id = specialist.new_service(**WHOLE)["id"]

    replaced = specialist.put(f"{OWN}{service_id}/", NEW_SERVICE).get_json()

    assert replaced["description"] == ""
    assert replaced["category"] is None
    assert replaced["visible"] is True
    assert replaced["name"] == NEW_SERVICE["name"]
    assert replaced == specialist.get(f"{OWN}{service_id}/").get_json()


@pytest.mark.parametrize("missing", list(NEW_SERVICE))
def test_a_put_needs_every_required_field(specialist: Actor, missing: str) -> None:
    before = specialist.new_service()
    body = {name: value for name, value in NEW_SERVICE.items() if name != missing}

    answer = specialist.put(f"{OWN}{before['id']}/", body)

    assert_problem(answer, 422, "invalid_fields", missing)
    assert specialist.get(f"{OWN}{before['id']}/").get_json() == before


def test_a_removed_service_is_gone(specialist: Actor, anonymous: Actor) -> None:
    service_id = specialist.new_service()["id"]

    removed = specialist.delete(f"{OWN}{service_id}/")

    assert (removed.status_code, removed.data) == (204, b"")
    for path in LISTS:
        assert_problem(anonymous.get(f"{path}{service_id}/"), 404, "not_found")
        assert listed(specialist, path) == []
    assert_problem(specialist.get(f"{OWN}{service_id}/"), 404, "not_found")
    assert_problem(specialist.delete(f"{OWN}{service_id}/"), 404, "not_found")


def test_an_id_is_never_given_twice(specialist: Actor) -> None:
    first = specialist.new_service()["id"]
    specialist.delete(f"{OWN}{first}/")

    assert specialist.new_service()["id"] > first


@pytest.mark.parametrize("visible", [True, False])
def test_somebody_elses_service_cannot_be_touched(
    specialist: Actor, rival: Actor, *, visible: bool
) -> None:
    before = specialist.new_service(visible=visible)
    path = f"{OWN}{before['id']}/"

    for answer in (
        rival.patch(path, {"price": 1}),
        rival.put(path, NEW_SERVICE),
        rival.delete(path),
        rival.patch(path, {"price": 1}, headers={"If-Match": "*"}),
    ):
        assert_problem(answer, 404, "not_found")
    assert specialist.get(path).get_json() == before


def test_somebody_elses_and_a_missing_service_answer_the_same(
    specialist: Actor, rival: Actor
) -> None:
    theirs = specialist.new_service(visible=False)["id"]

    foreign = rival.patch(f"{OWN}{theirs}/", {"price": 1})
    missing = rival.patch(f"{OWN}{theirs + 1}/", {"price": 1})

    assert foreign.data == missing.data
    assert {*foreign.headers.keys()} == {*missing.headers.keys()}


def test_a_client_may_not_offer_services(client: Actor, specialist: Actor) -> None:
    service_id = specialist.new_service()["id"]

    for answer in (
        client.post(OWN, NEW_SERVICE),
        client.patch(f"{OWN}{service_id}/", {"price": 1}),
        client.put(f"{OWN}{service_id}/", NEW_SERVICE),
        client.delete(f"{OWN}{service_id}/"),
    ):
        assert_problem(answer, 403, "wrong_role")


def test_a_hidden_service_is_seen_by_its_owner_only(
    specialist: Actor, rival: Actor, client: Actor, anonymous: Actor
) -> None:
    hidden = specialist.new_service(visible=False)

    assert specialist.get(f"{OWN}{hidden['id']}/").get_json() == hidden
    assert listed(specialist, OWN) == [hidden]
    for other in (rival, client, anonymous):
        for path in LISTS:
            assert_problem(other.get(f"{path}{hidden['id']}/"), 404, "not_found")
            assert listed(other, path) == []
    assert listed(specialist, CATALOGUE) == []


def test_the_owner_may_look_at_a_hidden_service_in_the_catalogue(specialist: Actor) -> None:
    hidden = specialist.new_service(visible=False)

    seen = specialist.get(f"{CATALOGUE}{hidden['id']}/")

    assert seen.status_code == 200
    assert seen.get_json()["id"] == hidden["id"]


def test_a_suspended_service_is_seen_by_its_owner_only_and_stays_so(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    service_id = specialist.new_service()["id"]
    suspend(app, service_id)

    still = specialist.patch(f"{OWN}{service_id}/", {"visible": True})

    assert still.status_code == 200
    assert specialist.get(f"{OWN}{service_id}/").status_code == 200
    assert_problem(anonymous.get(f"{OWN}{service_id}/"), 404, "not_found")
    assert listed(anonymous, CATALOGUE) == []


def test_a_specialist_sees_the_own_here_and_everybodys_in_the_catalogue(
    specialist: Actor, rival: Actor, client: Actor, anonymous: Actor
) -> None:
    mine = specialist.new_service()["id"]
    theirs = rival.new_service()["id"]

    def ids(rows: list[dict[str, Any]]) -> list[int]:
        return [row["id"] for row in rows]

    assert ids(listed(specialist, OWN)) == [mine]
    assert ids(listed(specialist, OWN, specialist=rival.user_id)) == []
    assert ids(listed(specialist, CATALOGUE)) == [theirs, mine]
    for other in (client, anonymous):
        assert ids(listed(other, OWN)) == [theirs, mine]


def test_a_list_tells_the_same_of_a_service_as_the_service_itself(
    specialist: Actor, anonymous: Actor
) -> None:
    specialist.new_service()

    for path in LISTS:
        (row,) = listed(anonymous, path)
        assert row == anonymous.get(f"{path}{row['id']}/").get_json()
