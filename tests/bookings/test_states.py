"""The table of a booking's life, pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bookings.support import ACTIONS, LEADS_TO, RESULTS, STATUSES

from marketplace.bookings.states import (
    Action,
    Party,
    Status,
    Verdict,
    effective_status,
    is_too_late,
    judge,
)

START = datetime(2026, 11, 24, 7, tzinfo=UTC)
END = START + timedelta(hours=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)
PARTIES = ("client", "specialist", "system", "admin")
CASES = [
    (status, status_by, action, party, started)
    for status in STATUSES
    for status_by in PARTIES
    for action in ACTIONS
    for party in PARTIES
    for started in (False, True)
]


def test_the_table_speaks_of_every_status_action_and_party() -> None:
    assert {str(status) for status in Status} == set(STATUSES)
    assert {str(action) for action in Action} == set(ACTIONS)
    assert {str(party) for party in Party} == set(PARTIES)


def test_a_party_may_do_what_the_table_says_and_nothing_else() -> None:
    verdicts = {
        case: judge(
            Status(case[0]), Party(case[1]), Action(case[2]), Party(case[3]), started=case[4]
        )
        for case in CASES
    }

    assert verdicts == {case: expected(*case) for case in CASES}


def expected(status: str, status_by: str, action: str, party: str, started: bool) -> Verdict:
    if (status, started, action, party) in LEADS_TO:
        return Verdict.APPLIES
    does_it = any((action, party) == case[2:] for case in LEADS_TO)
    if RESULTS.get(action) == status and status_by == party and does_it:
        return Verdict.DONE_ALREADY
    return Verdict.WRONG_STATE


@pytest.mark.parametrize(
    ("status", "now", "effective"),
    [
        ("pending", START - SECOND, "pending"),
        ("pending", START, "expired"),
        ("pending", END + DAY, "expired"),
        ("confirmed", START - SECOND, "confirmed"),
        ("confirmed", START, "confirmed"),
        ("confirmed", END, "confirmed"),
        ("confirmed", END + DAY - SECOND, "confirmed"),
        ("confirmed", END + DAY, "completed"),
    ],
)
def test_the_clock_decides_what_nobody_answered_or_closed(
    status: str, now: datetime, effective: str
) -> None:
    assert effective_status(Status(status), START, END, now) == effective


@pytest.mark.parametrize("status", STATUSES[2:])
@pytest.mark.parametrize("now", [START - DAY, START, END + DAY])
def test_the_clock_changes_no_final_status(status: str, now: datetime) -> None:
    assert effective_status(Status(status), START, END, now) == status


@pytest.mark.parametrize(
    ("notice", "moved", "now", "late"),
    [
        (0, False, START, False),
        (0, False, START + SECOND, True),
        (60, False, START - timedelta(minutes=60) - SECOND, False),
        (60, False, START - timedelta(minutes=60), False),
        (60, False, START - timedelta(minutes=60) + SECOND, True),
        (60, True, START - SECOND, False),
        (60, True, START + SECOND, True),
        (43_200, False, START - timedelta(days=30), False),
        (43_200, False, START - timedelta(days=30) + SECOND, True),
    ],
)
def test_a_notice_passes_at_its_second(
    notice: int, *, moved: bool, now: datetime, late: bool
) -> None:
    assert is_too_late(START, notice, moved_by_specialist=moved, now=now) is late
