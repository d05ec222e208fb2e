"""Settings of the own time."""

from __future__ import annotations

from typing import Any

import pytest
from actors import Actor, assert_problem
from schedule.support import (
    DEFAULTS,
    HOURS,
    NOBODY,
    SETTINGS,
    assert_not_modified,
    assert_refused,
    state,
)

PROFILE = "/api/auth/profile/me/"
BOUNDS = {
    "slot_step_minutes": (5, 240),
    "min_notice_minutes": (0, 43_200),
    "horizon_days": (1, 365),
    "buffer_before_minutes": (0, 240),
    "buffer_after_minutes": (0, 240),
    "cancel_notice_minutes": (0, 43_200),
}
NOT_NUMBERS: list[Any] = ["30", True, 1.5, [], ""]
BAD: list[tuple[Any, dict[str, list[str]]]] = [
    *(
        ({name: value}, {name: ["range"]})
        for name, (low, high) in BOUNDS.items()
        for value in (low - 1, high + 1, 10**30)
    ),
    *(({name: value}, {name: ["integer"]}) for name in BOUNDS for value in NOT_NUMBERS),
    *(({name: None}, {name: ["null"]}) for name in DEFAULTS),
    *(({"auto_confirm": value}, {"auto_confirm": ["boolean"]}) for value in (1, "true", [])),
    *(({"timezone": zone}, {"timezone": ["timezone"]}) for zone in ("Moscow", "MSK+3")),
    ({"timezone": 3}, {"timezone": ["string"]}),
    ({"version": 1}, {"version": ["unknown"]}),
    ({"user_id": 1}, {"user_id": ["unknown"]}),
    ({"slot_step_minutes": 4, "horizon_days": 7}, {"slot_step_minutes": ["range"]}),
    ({}, {"body": ["empty_patch"]}),
    ([], {"body": ["object"]}),
]


def test_a_new_specialist_has_sensible_settings(specialist: Actor) -> None:
    answer = specialist.get(SETTINGS)

    assert (answer.status_code, answer.get_json()) == (200, DEFAULTS)
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", BOUNDS)
def test_every_setting_changes_alone_up_to_its_bounds(
    specialist: Actor, name: str, side: int
) -> None:
    changes = {name: BOUNDS[name][side]}

    answer = specialist.patch(SETTINGS, changes)

    assert answer.status_code == 200, answer.text
    assert answer.get_json() == DEFAULTS | changes | NOBODY
    shown = specialist.get(SETTINGS)
    assert shown.get_json() == DEFAULTS | changes
    assert shown.headers["ETag"] == answer.headers["ETag"]


def test_several_settings_change_together(specialist: Actor, rival: Actor) -> None:
    changes = {"auto_confirm": False, "horizon_days": 30, "timezone": "Asia/Omsk"}

    specialist.patch(SETTINGS, changes)

    assert specialist.get(SETTINGS).get_json() == DEFAULTS | changes
    assert rival.get(SETTINGS).get_json() == DEFAULTS


@pytest.mark.parametrize("dry_run", ["0", "1"])
@pytest.mark.parametrize(("body", "faults"), BAD)
def test_bad_settings_are_refused_and_change_nothing(
    specialist: Actor, body: Any, faults: dict[str, list[str]], dry_run: str
) -> None:
    answer = specialist.patch(f"{SETTINGS}?dry_run={dry_run}", body)

    assert_refused(answer, faults)
    assert specialist.get(SETTINGS).get_json() == DEFAULTS


def test_the_zone_is_the_profiles(specialist: Actor) -> None:
    specialist.patch(SETTINGS, {"timezone": "Asia/Vladivostok"})
    assert specialist.get(PROFILE).get_json()["timezone"] == "Asia/Vladivostok"
    tag = specialist.get(SETTINGS).headers["ETag"]

    specialist.patch(PROFILE, {"timezone": "Asia/Omsk"})

    shown = specialist.get(SETTINGS)
    assert shown.get_json()["timezone"] == "Asia/Omsk"
    assert shown.headers["ETag"] != tag
    assert_problem(
        specialist.patch(SETTINGS, {"horizon_days": 7}, headers={"If-Match": tag}),
        *(412, "precondition_failed"),
    )


def test_a_profile_read_before_the_zone_changed_is_stale(specialist: Actor) -> None:
    tag = {"If-Match": specialist.get(PROFILE).headers["ETag"]}

    specialist.patch(SETTINGS, {"timezone": "Asia/Omsk"})

    answer = specialist.patch(PROFILE, {"city": "Омск"}, headers=tag)
    assert_problem(answer, 412, "precondition_failed")


@pytest.mark.parametrize("body", [DEFAULTS, {"timezone": "Europe/Moscow"}])
def test_a_patch_that_changes_nothing_leaves_the_tags(
    specialist: Actor, body: dict[str, Any]
) -> None:
    before = state(specialist)

    answer = specialist.patch(SETTINGS, body)

    assert answer.get_json() == DEFAULTS | NOBODY
    assert state(specialist) == before


def test_a_dry_run_changes_nothing(specialist: Actor) -> None:
    before, profile = state(specialist), specialist.get(PROFILE)

    answer = specialist.patch(
        f"{SETTINGS}?dry_run=true", {"timezone": "Asia/Omsk", "slot_step_minutes": 5}
    )

    assert (answer.status_code, answer.get_json()) == (200, NOBODY)
    assert state(specialist) == before
    assert specialist.get(PROFILE).headers["ETag"] == profile.headers["ETag"]


def test_settings_are_changed_only_as_they_were_read(specialist: Actor) -> None:
    stale = {"If-Match": specialist.get(SETTINGS).headers["ETag"]}
    assert specialist.patch(SETTINGS, {"horizon_days": 7}, headers=stale).status_code == 200
    before = state(specialist)

    for query in ("", "?dry_run=1"):
        answer = specialist.patch(f"{SETTINGS}{query}", {"horizon_days": 8}, headers=stale)
        assert_problem(answer, 412, "precondition_failed")

    assert state(specialist) == before


def test_unchanged_settings_are_not_sent_again(specialist: Actor) -> None:
    assert_not_modified(specialist, SETTINGS)


def test_a_client_has_no_schedule_to_see(client: Actor) -> None:
    assert_problem(client.get(SETTINGS), 403, "wrong_role")
    assert_problem(client.patch(SETTINGS, {"horizon_days": 7}), 403, "wrong_role")
    assert_problem(client.put(HOURS, {"hours": []}), 403, "wrong_role")
