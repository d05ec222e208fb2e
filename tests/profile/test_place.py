"""A person's place: exact for oneself, a node of a grid for everybody else."""

from __future__ import annotations

from actors import Actor

from marketplace.profile.geography import Point, distance

MINE = "/api/auth/profile/me/"
PLACE = {"latitude": 55.7648, "longitude": 37.6055, "address": "Тверская улица, 7"}


def test_the_public_sees_a_rounded_point_and_no_address(
    specialist: Actor, anonymous: Actor
) -> None:
    specialist.patch(MINE, {"place": PLACE})

    seen = anonymous.get(f"/api/auth/profile/{specialist.user_id}/")
    shown = seen.get_json()["place"]

    assert specialist.get(MINE).get_json()["place"] == PLACE
    assert set(shown) == {"latitude", "longitude"}
    assert 0 < distance(Point(**shown), Point(PLACE["latitude"], PLACE["longitude"])) < 360
    assert "Тверская" not in seen.text
    assert str(PLACE["latitude"]) not in seen.text


def test_neighbours_are_shown_at_one_point_and_a_small_move_is_not_seen(
    specialist: Actor, rival: Actor, anonymous: Actor
) -> None:
    specialist.patch(MINE, {"place": PLACE})
    rival.patch(MINE, {"place": PLACE | {"latitude": PLACE["latitude"] - 0.00005}})

    points = {
        str(anonymous.get(f"/api/auth/profile/{each.user_id}/").get_json()["place"])
        for each in (specialist, rival)
    }

    assert len(points) == 1


def test_null_clears_a_place_and_another_field_keeps_it(specialist: Actor) -> None:
    specialist.patch(MINE, {"place": PLACE})

    assert specialist.patch(MINE, {"city": "Тверь"}).get_json()["place"] == PLACE
    assert specialist.patch(MINE, {"place": None}).get_json()["place"] is None
    assert specialist.get(MINE).get_json()["place"] is None
