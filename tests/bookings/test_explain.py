"""Why a start is not offered, in words and with the nearest ones."""

from __future__ import annotations

from typing import Any

import pytest
from actors import Actor, assert_problem
from bookings.support import assert_not_offered, book, except_on, move, set_up, slot

# On day 2 there is a day off, on day 70 as well; on day 1 12:00 is booked.
REFUSED = [
    (slot("08:00", 0), "in_the_past"),
    (slot("10:00", 2), "day_off"),
    (slot("03:10", 70), "day_off"),
    (slot("09:30"), "outside_hours"),
    (slot("18:00"), "outside_hours"),
    (slot("09:30", 61), "outside_hours"),
    (slot("10:10"), "off_the_step"),
    (slot("12:10"), "off_the_step"),
    (slot("17:40", 61), "off_the_step"),
    (slot("17:30"), "does_not_fit"),
    (slot("17:30", 61), "does_not_fit"),
    (slot("10:30", 0), "too_soon"),
    (slot("10:00", 61), "too_far"),
    (slot("12:00"), "taken"),
    (slot("11:30"), "taken"),
    (slot("12:30"), "taken"),
]


def explained(caller: Actor, service: int, starts_at: str, **more: Any) -> dict[str, Any]:
    path = f"/api/services/{service}/slots/explain/?starts_at={starts_at}"
    answer = caller.get(path, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    assert set(found) == {"bookable", "rule", "detail", "nearest"}
    assert found["bookable"] is (found["rule"] is None)
    assert found["detail"]
    return found


@pytest.mark.parametrize(("starts_at", "rule"), REFUSED)
def test_the_first_rule_that_refuses_is_named(  # noqa: PLR0917
    client: Actor, specialist: Actor, anonymous: Actor, service: int, starts_at: str, rule: str
) -> None:
    except_on(specialist, 2)
    except_on(specialist, 70)
    book(client, service, slot("12:00"))

    # The plus sign stands as it is, as apps send it.
    found = explained(anonymous, service, starts_at)

    assert found["rule"] == rule
    assert len(found["nearest"]) == 3
    for nearest in found["nearest"]:
        assert explained(anonymous, service, nearest)["bookable"]
    answer = client.post("/api/bookings/", {"service": service, "starts_at": starts_at})
    assert assert_not_offered(answer, rule) == found["nearest"]


def test_an_offered_start_is_bookable(anonymous: Actor, service: int) -> None:
    found = explained(anonymous, service, slot())

    assert (found["rule"], found["nearest"]) == (None, [])


@pytest.mark.parametrize(
    "starts_at",
    ["2026-11-24T07:00:00Z", "2026-11-24T10:00:00%2B03:00", "2026-11-24T02:00:00-05:00"],
)
def test_a_moment_may_have_any_offset(anonymous: Actor, service: int, starts_at: str) -> None:
    assert explained(anonymous, service, starts_at)["bookable"]


@pytest.mark.parametrize("offset", ["%2B14:60", "-05:99", "%2B24:00", "%2B3:00"])
def test_an_offset_that_no_clock_has_is_refused(
    anonymous: Actor, service: int, offset: str
) -> None:
    path = f"/api/services/{service}/slots/explain/?starts_at=2026-11-24T10:00:00{offset}"

    problem = assert_problem(anonymous.get(path), 422, "invalid_fields", "starts_at")

    assert problem["error_codes"] == {"starts_at": ["moment"]}


def test_without_any_hours_that_is_the_rule(
    anonymous: Actor, specialist: Actor, service: int
) -> None:
    specialist.put("/api/schedule/hours/", {"hours": []})
    except_on(specialist, 2)

    for starts_at in (slot(), slot(number=2), slot(number=61)):
        found = explained(anonymous, service, starts_at)
        assert (found["rule"], found["nearest"]) == ("no_hours", [])
    assert explained(anonymous, service, slot("08:00", 0))["rule"] == "in_the_past"
    except_on(specialist, 3, ("10:00", "11:00"))
    found = explained(anonymous, service, slot())
    assert (found["rule"], found["nearest"]) == ("outside_hours", [slot(number=3)])


def test_a_weekday_without_hours_is_outside_them(
    anonymous: Actor, specialist: Actor, service: int
) -> None:
    monday = [{"weekday": 1, "start": "10:00", "end": "12:00"}]
    specialist.put("/api/schedule/hours/", {"hours": monday})

    found = explained(anonymous, service, slot())

    assert found["rule"] == "outside_hours"
    assert found["nearest"] == [slot("11:00", 0), slot("10:00", 7), slot("10:30", 7)]


@pytest.mark.parametrize(
    "starts_at", [slot("12:00"), slot("17:30"), slot("10:30", 0), slot("10:00", 61)]
)
def test_a_fraction_of_a_second_is_off_the_step_before_all_later_rules(
    client: Actor, anonymous: Actor, service: int, starts_at: str
) -> None:
    book(client, service, slot("12:00"))

    found = explained(anonymous, service, starts_at.replace(":00+", ":00.5+"))

    assert found["rule"] == "off_the_step"


def test_the_nearest_of_a_fraction_of_a_second_is_the_start_before_it(
    anonymous: Actor, service: int
) -> None:
    found = explained(anonymous, service, "2026-11-24T12:00:00.5+03:00")

    assert found["rule"] == "off_the_step"
    assert found["nearest"][0] == slot("12:00")


def test_the_nearest_are_in_the_specialists_zone(
    anonymous: Actor, specialist: Actor, service: int
) -> None:
    set_up(specialist, timezone="Asia/Kathmandu")

    found = explained(anonymous, service, "2026-11-24T10:10:00+05:45")

    assert found["nearest"][0] == "2026-11-24T10:00:00+05:45"


def test_a_rule_is_told_in_the_readers_language(anonymous: Actor, service: int) -> None:
    told = {
        language: explained(
            anonymous, service, slot("10:10"), headers={"Accept-Language": language}
        )
        for language in ("ru", "en")
    }

    assert told["ru"]["detail"] != told["en"]["detail"]
    assert told["en"]["detail"].isascii()
    assert told["ru"]["rule"] == told["en"]["rule"]


@pytest.mark.parametrize("query", ["", "starts_at=2026-11-24T10:00:00", "starts_at=soon"])
def test_a_bad_moment_is_named(anonymous: Actor, service: int, query: str) -> None:
    answer = anonymous.get(f"/api/services/{service}/slots/explain/?{query}")

    assert_problem(answer, 422, "invalid_fields", "starts_at")


def test_a_move_is_judged_without_the_bookings_own_time(client: Actor, service: int) -> None:
    made = book(client, service, slot("12:00"))

    assert explained(client, service, slot("12:30"))["rule"] == "taken"
    assert move(client, made["id"], slot("12:30")).status_code == 200
