"""Which starts of a service are offered, as the app lists them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from bookings.support import (
    NOW,
    act,
    add_bookings,
    book,
    day,
    except_on,
    hold,
    open_diary,
    set_up,
    slot,
)
from flask import Flask
from test_query_counts import cost

ALL_DAY = [f"{10 + half // 2}:{30 * (half % 2):02d}" for half in range(15)]


def path(service: int, query: str = f"?from={day()}") -> str:
    return f"/api/services/{service}/slots/{query}"


def slots(caller: Actor, service: int, query: str = f"?from={day()}") -> dict[str, list[str]]:
    """The offered wall times in the specialist's zone by date."""
    answer = caller.get(path(service, query))
    assert answer.status_code == 200, answer.text
    return {
        each["date"]: [start[11:16] for start in each["slots"]]
        for each in answer.get_json()["days"]
    }


def test_a_day_of_slots(anonymous: Actor, service: int) -> None:
    answer = anonymous.get(path(service))

    assert answer.status_code == 200
    assert answer.get_json() == {
        "service": service,
        "timezone": "Europe/Moscow",
        "duration_minutes": 60,
        "rule": None,
        "days": [{"date": day(), "slots": [slot(clock) for clock in ALL_DAY]}],
    }
    tag = answer.headers["ETag"]
    assert anonymous.get(path(service), headers={"If-None-Match": tag}).status_code == 304


def test_without_dates_it_is_today_in_the_specialists_zone(
    anonymous: Actor, specialist: Actor, service: int
) -> None:
    assert slots(anonymous, service, "") == {day(0): ALL_DAY[2:]}
    set_up(specialist, timezone="Pacific/Kiritimati")
    assert list(slots(anonymous, service, "")) == [day(0)]
    assert list(slots(anonymous, service, "?tz=Pacific/Honolulu")) == [day(-1)]
    assert list(slots(anonymous, service, f"?to={day(1)}")) == [day(0), day(1)]


def test_both_ends_are_included_and_every_date_is_named(anonymous: Actor, service: int) -> None:
    found = slots(anonymous, service, f"?from={day(-2)}&to={day(2)}")

    assert found == {
        day(-2): [],
        day(-1): [],
        day(0): ALL_DAY[2:],
        day(1): ALL_DAY,
        day(2): ALL_DAY,
    }


def test_dates_and_offsets_are_of_the_zone_asked_for(anonymous: Actor, service: int) -> None:
    answer = anonymous.get(path(service, f"?from={day()}&tz=Asia/Vladivostok")).get_json()

    assert answer["timezone"] == "Asia/Vladivostok"
    (only,) = answer["days"]
    assert only["slots"][:2] == ["2026-11-24T00:00:00+10:00", "2026-11-24T17:00:00+10:00"]
    assert only["slots"][-1] == "2026-11-24T23:30:00+10:00"
    assert len(only["slots"]) == 15


def test_the_horizon_counts_dates(anonymous: Actor, service: int) -> None:
    found = slots(anonymous, service, f"?from={day(60)}&to={day(61)}")

    assert found == {day(60): ALL_DAY, day(61): []}


def test_a_specialist_without_hours_says_so(anonymous: Actor, specialist: Actor) -> None:
    service = specialist.new_service()["id"]

    answer = anonymous.get(path(service)).get_json()
    assert (answer["rule"], answer["days"]) == ("no_hours", [{"date": day(), "slots": []}])

    except_on(specialist, 5, ("10:00", "11:00"))
    answer = anonymous.get(path(service)).get_json()
    assert (answer["rule"], answer["days"]) == (None, [{"date": day(), "slots": []}])
    assert slots(anonymous, service, f"?from={day(5)}") == {day(5): ["10:00"]}


def test_an_exception_replaces_the_hours(anonymous: Actor, specialist: Actor, service: int) -> None:
    except_on(specialist, 1)
    except_on(specialist, 2, ("20:00", "21:30"), ("23:00", "24:00"))

    found = slots(anonymous, service, f"?from={day(1)}&to={day(3)}")

    assert found == {day(1): [], day(2): ["20:00", "20:30", "23:00"], day(3): ALL_DAY}


@pytest.mark.parametrize("kind", ["booking", "pending", "hold"])
def test_claimed_time_is_not_offered(
    client: Actor, specialist: Actor, anonymous: Actor, service: int, kind: str
) -> None:
    set_up(specialist, auto_confirm=kind == "booking")
    made = (hold if kind == "hold" else book)(client, service, slot("12:00"))

    free = [clock for clock in ALL_DAY if clock not in {"11:30", "12:00", "12:30"}]
    assert slots(anonymous, service) == {day(): free}
    assert slots(client, service) == {day(): free}
    if kind == "hold":
        client.delete(f"/api/holds/{made['id']}/")
    else:
        act(client, made["id"], "cancel")
    assert slots(anonymous, service) == {day(): ALL_DAY}


def test_buffers_of_both_keep_apart(
    client: Actor, specialist: Actor, anonymous: Actor, service: int
) -> None:
    set_up(specialist, buffer_before_minutes=30, buffer_after_minutes=30)
    book(client, service, slot("12:00"))

    assert slots(anonymous, service) == {day(): ["10:00", *ALL_DAY[8:]]}


def test_another_service_of_the_specialist_shares_the_time(
    client: Actor, specialist: Actor, anonymous: Actor, service: int
) -> None:
    long = specialist.new_service(duration_minutes=240)["id"]
    book(client, service, slot("12:00"))

    assert slots(anonymous, long) == {day(): ["13:00", "13:30", "14:00"]}


def test_a_hidden_service_shows_its_slots_to_its_owner_alone(
    people: People, client: Actor, specialist: Actor, rival: Actor, service: int
) -> None:
    specialist.patch(f"/api/auth/services/{service}/", {"visible": False})

    assert slots(specialist, service) == {day(): ALL_DAY}
    for caller in (client, rival, people.anonymous()):
        assert_problem(caller.get(path(service)), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"?from={day(0)}&to={day(31)}", "to"),
        ("?from=2026-01-01&to=2036-01-01", "to"),
        (f"?from={day(1)}&to={day(0)}", "to"),
        (f"?to={day(-1)}", "to"),
        ("?from=tomorrow", "from"),
        ("?from=1999-12-31", "from"),
        ("?tz=Moscow", "tz"),
        ("?date=2026-11-24", "date"),
    ],
)
def test_a_bad_range_is_named(anonymous: Actor, service: int, query: str, field: str) -> None:
    assert_problem(anonymous.get(path(service, query)), 422, "invalid_fields", field)


def test_a_month_of_31_days_is_answered(anonymous: Actor, service: int) -> None:
    assert len(slots(anonymous, service, f"?from={day(0)}&to={day(30)}")) == 31


@pytest.mark.parametrize("first", ["2000-01-01", "2099-12-31"])
def test_the_first_and_the_last_date_are_answered(
    anonymous: Actor, service: int, first: str
) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        assert slots(anonymous, service, f"?from={first}&tz={zone}") == {first: []}


def test_slots_cost_the_same_for_a_day_and_a_month_few_bookings_and_many(
    app: Flask, client: Actor, specialist: Actor, anonymous: Actor, service: int
) -> None:
    open_diary(specialist, "00:00", "24:00")
    paths = [path(service), path(service, f"?from={day(0)}&to={day(30)}")]
    paths += [f"/api/services/{service}/slots/explain/?starts_at={slot('00:10')}"]
    rows: list[dict[str, Any]] = [
        {"starts_at": NOW + timedelta(hours=2 * number)} for number in range(300)
    ]
    add_bookings(client, specialist, service, rows[:10])
    few = [cost(app, anonymous, each) for each in paths]

    add_bookings(client, specialist, service, rows[10:])

    assert few[0] == few[1]
    assert [cost(app, anonymous, each) for each in paths] == few
