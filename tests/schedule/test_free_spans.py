"""Rows of free time say what the one rule says, for every window and moment of asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from schedule.building import availability, working
from schedule.naive import Case
from schedule.strategies import cases, zoned_dates
from schedule.test_availability_properties import Asked, thorough

from marketplace.schedule.availability import Terms
from marketplace.schedule.free_spans import (
    FOREVER,
    MICROSECONDS,
    Claim,
    FreeSpan,
    bounds,
    effective,
    free_spans,
    touched_dates,
)
from marketplace.schedule.localtime import day_of, seconds_of, wall_of, zone

EXPIRIES = st.lists(st.one_of(st.none(), st.integers(-2_900, 3_000)), min_size=12, max_size=12)


def terms_of(case: Case) -> Terms:
    return Terms(case.zone, case.step, case.notice, case.horizon, case.before, case.after)


def micro(moment: datetime) -> int:
    return round(moment.timestamp() * MICROSECONDS)


def claims_of(asked: Asked, expiries: list[int | None]) -> list[Claim]:
    case, since, _ = asked
    return [
        Claim(
            seconds_of(low),
            seconds_of(high),
            FOREVER if expiry is None else micro(since + timedelta(minutes=expiry)),
        )
        for (low, high), expiry in zip(case.claims, expiries, strict=False)
    ]


def rows_of(case: Case, claims: list[Claim], days: int = 4) -> list[FreeSpan]:
    clock = zone(case.zone)
    today = day_of(clock.wall(int(case.now.timestamp() // 1)))
    first, last = today - timedelta(days=days), today + timedelta(days=case.horizon + 4)
    return free_spans(terms_of(case), working(case), claims, first, last)


def offered(rows: list[FreeSpan], duration: int, now: datetime) -> list[int]:
    """As the statements read them."""
    moment, earliest = micro(now), seconds_of(now)
    return sorted(
        start
        for row in rows
        if row.valid_from <= moment < row.valid_until
        for start in range(row.first_start, row.last_start + 1, row.step)
        if start >= earliest + row.notice and start + duration * 60 <= row.last_end
    )


def truth(case: Case, claims: list[Claim]) -> list[int]:
    live = tuple(
        span
        for span, claim in zip(case.claims, claims, strict=True)
        if claim.expires > micro(case.now)
    )
    return availability(replace(case, claims=live)).starts(0, 2**40)


@thorough(400)
@given(cases(), EXPIRIES, st.lists(st.integers(0, 4_000), max_size=4))
def test_rows_offer_what_the_rule_offers_whenever_they_are_asked(
    asked: Asked, expiries: list[int | None], later: list[int]
) -> None:
    case, since, _ = asked
    claims = claims_of(asked, expiries)
    rows = rows_of(case, claims)

    assert len({row[:2] for row in rows}) == len(rows)
    moments = [case.now, *(case.now + timedelta(minutes=each) for each in later)]
    # To the microsecond: a claim has expired at its moment, not before.
    for claim in claims:
        if micro(case.now) < claim.expires < FOREVER:
            then = since + timedelta(microseconds=claim.expires - micro(since))
            moments += [then, then - timedelta(microseconds=1)]
    for now in moments:
        if now - case.now <= timedelta(days=3):
            then = replace(case, now=now)
            for duration in (case.duration, 5, 1_440):
                each = replace(then, duration=duration)
                assert offered(rows, duration, now) == truth(each, claims), (now, duration)


@thorough(250)
@given(cases(), EXPIRIES, st.integers(0, 11))
def test_only_the_dates_a_claim_touches_are_written_anew(
    asked: Asked, expiries: list[int | None], which: int
) -> None:
    case, _, _ = asked
    claims = claims_of(asked, expiries)
    if not claims:
        return
    gone = claims[which % len(claims)]
    left = [claim for claim in claims if claim is not gone]
    for before, after in ((claims, left), (left, claims)):
        kept = rows_of(case, before)
        dates = touched_dates(terms_of(case), working(case), gone.busy_from, gone.busy_until)
        if dates is not None:
            low, high = bounds(case.zone, *dates)
            kept = [row for row in kept if not low <= row.first_start < high]
            kept += free_spans(terms_of(case), working(case), after, *dates)
        assert sorted(kept) == rows_of(case, after)


@thorough(200)
@given(cases(), EXPIRIES, st.integers(0, 3_000))
def test_rows_with_and_without_expired_claims_have_one_effect(
    asked: Asked, expiries: list[int | None], later: int
) -> None:
    case, _, _ = asked
    claims = claims_of(asked, expiries)
    now = micro(case.now + timedelta(minutes=later))
    live = [claim for claim in claims if claim.expires > now]

    assert effective(rows_of(case, claims), now) == effective(rows_of(case, live), now)


@thorough(200)
@given(zoned_dates(), st.integers(0, 1_439), st.integers(1, 1_440))
def test_the_moments_at_which_a_clock_shows_something(
    place: tuple[str, date], minute: int, length: int
) -> None:
    name, day = place
    clock = zone(name)
    low = wall_of(day, minute)
    high = min(low + length * 60, wall_of(day, 1_440))
    spans = clock.shown(low, high)
    dates = clock.since_date(day)

    for moment in range(wall_of(day) - 57_600, wall_of(day) + 2 * 86_400, 300):
        shown = clock.wall(moment)
        assert any(since <= moment < until for since, until in spans) == (low <= shown < high)
        later = any(since <= moment < (until or 2**40) for since, until in dates)
        assert later == (shown >= wall_of(day))
