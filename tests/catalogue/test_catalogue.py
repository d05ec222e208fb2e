"""The catalogue: every visible service with its specialist's card, and the tree of categories."""

from __future__ import annotations

import pytest
from actors import Actor, assert_problem
from flask import Flask
from services.support import CATALOGUE, OWN, add_category, listed, next_link

from marketplace.auth import administration
from marketplace.core.clock import utc_now

MINE = "/api/auth/profile/me/"


def test_a_service_shows_its_specialists_card(specialist: Actor, anonymous: Actor) -> None:
    specialist.patch(MINE, {"full_name": "Анна Соколова", "city": "Казань", "bio": "скрыто"})
    made = specialist.new_service()

    seen = anonymous.get(f"{CATALOGUE}{made['id']}/").get_json()

    assert seen == made | {
        "specialist_profile": {
            "id": specialist.user_id,
            "full_name": "Анна Соколова",
            "avatar": None,
            "avatar_small": None,
            "city": "Казань",
            "rating": None,
            "reviews_count": 0,
        },
        "next_slot": None,
    }
    assert listed(anonymous, CATALOGUE) == [seen]


def test_the_card_follows_the_profile_and_the_tags_do_too(
    specialist: Actor, anonymous: Actor
) -> None:
    path = f"{CATALOGUE}{specialist.new_service()['id']}/"
    tags = {each: anonymous.get(each).headers["ETag"] for each in (path, CATALOGUE)}

    specialist.patch(MINE, {"city": "Пермь"})

    for each, tag in tags.items():
        seen = anonymous.get(each, headers={"If-None-Match": tag})
        assert seen.status_code == 200
        assert "Пермь" in seen.text


def test_an_unchanged_service_is_not_sent_again(
    specialist: Actor, client: Actor, anonymous: Actor
) -> None:
    path = f"{CATALOGUE}{specialist.new_service()['id']}/"
    tag = anonymous.get(path).headers["ETag"]

    for caller in (specialist, client, anonymous):
        answer = caller.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.data) == (304, b"")


def test_a_blocked_specialists_services_are_gone_everywhere(
    app: Flask, specialist: Actor, client: Actor
) -> None:
    service_id = specialist.new_service()["id"]

    with app.app_context():
        administration.block(specialist.user_id, "спам", actor="tests", now=utc_now())

    for path in (OWN, CATALOGUE):
        assert listed(client, path) == []
        assert_problem(client.get(f"{path}{service_id}/"), 404, "not_found")


def test_an_unblocked_specialists_services_are_back_but_for_the_hidden(
    app: Flask, specialist: Actor, client: Actor
) -> None:
    shown = specialist.new_service()["id"]
    specialist.new_service(visible=False)
    with app.app_context():
        administration.block(specialist.user_id, "спам", actor="tests", now=utc_now())
        administration.unblock(specialist.user_id, actor="tests", now=utc_now())

    assert [row["id"] for row in listed(client, CATALOGUE)] == [shown]


def test_one_who_is_no_specialist_any_more_offers_nothing(
    app: Flask, specialist: Actor, client: Actor
) -> None:
    specialist.new_service()

    with app.app_context():
        administration.set_role(specialist.user_id, "client", actor="tests", now=utc_now())

    assert listed(client, CATALOGUE) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_catalogue_can_only_be_read(specialist: Actor, method: str) -> None:
    service_id = specialist.new_service()["id"]

    for path in (CATALOGUE, f"{CATALOGUE}{service_id}/", "/api/categories/"):
        answer = specialist.call(method, path, json={})
        assert_problem(answer, 405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_the_tree_of_categories_has_every_branch_under_its_own(
    app: Flask, anonymous: Actor
) -> None:
    add_category(app, "beauty", "Красота")
    add_category(app, "hair", "Волосы", "beauty")
    add_category(app, "repair", "Ремонт")
    add_category(app, "nails", "Ногти", "beauty")

    answer = anonymous.get("/api/categories/")

    none = {"services_count": 0}
    hair, nails = {"slug": "hair", "name": "Волосы"}, {"slug": "nails", "name": "Ногти"}
    assert answer.get_json() == [
        {"slug": "beauty", "name": "Красота", **none, "children": [hair | none, nails | none]},
        {"slug": "repair", "name": "Ремонт", **none, "children": []},
    ]


def test_no_categories_are_an_empty_list(anonymous: Actor) -> None:
    assert anonymous.get("/api/categories/").get_json() == []


def test_the_tree_is_sent_again_only_when_it_changed(app: Flask, anonymous: Actor) -> None:
    add_category(app, "beauty", "Красота")
    tag = anonymous.get("/api/categories/").headers["ETag"]

    unchanged = anonymous.get("/api/categories/", headers={"If-None-Match": tag})
    add_category(app, "hair", "Волосы", "beauty")
    changed = anonymous.get("/api/categories/", headers={"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert changed.get_json()[0]["children"][0]["slug"] == "hair"


def test_the_tree_takes_no_parameters(anonymous: Actor) -> None:
    answer = anonymous.get("/api/categories/?limit=1")

    assert_problem(answer, 422, "invalid_fields", "limit")


def test_the_link_of_a_page_keeps_the_path_it_was_asked_by(
    specialist: Actor, anonymous: Actor
) -> None:
    specialist.new_service()
    specialist.new_service()

    link = next_link(anonymous.get("/api/services?limit=1"))

    assert link is not None
    assert len(anonymous.get(link).get_json()) == 1
