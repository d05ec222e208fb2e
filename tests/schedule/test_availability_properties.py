from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schedule import naive
from schedule.building import availability, moment, working
from schedule.naive import Case
from schedule.strategies import cases

from marketplace.schedule.localtime import zone
from marketplace.schedule.working_time import outside

Asked = tuple[Case, datetime, datetime]
# Past the begin of the window; half of them round, as starts are.
MINUTES = st.one_of(st.integers(0, 192).map(lambda each: each * 15), st.integers(0, 2_880))


def thorough(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def _window(asked: Asked) -> tuple[int, int]:
    _, since, until = asked
    return int(since.timestamp()), int(until.timestamp())


@thorough(250)
@given(cases())
def test_the_listing_is_what_trying_every_minute_finds(asked: Asked) -> None:
    case, since, until = asked

    found = availability(case).starts(*_window(asked))

    assert [moment(start) for start in found] == naive.starts(case, since, until)


@thorough(400)
@given(cases(), st.lists(MINUTES, min_size=5, max_size=20), st.sampled_from((0, 0, 0, 1)))
def test_every_verdict_is_the_naive_one(asked: Asked, minutes: list[int], second: int) -> None:
    case, since, _ = asked
    fast = availability(case)

    for start in (since + timedelta(minutes=each, seconds=second) for each in minutes):
        verdict = fast.judge(int(start.timestamp()))

        assert verdict == naive.first_rule(case, start), start


@thorough(200)
@given(cases(), st.lists(MINUTES, max_size=15))
def test_a_start_is_listed_exactly_when_nothing_refuses_it(
    asked: Asked, minutes: list[int]
) -> None:
    case, since, _ = asked
    low, high = _window(asked)
    fast = availability(case)

    listed = set(fast.starts(low, high))

    tried = {int((since + timedelta(minutes=each)).timestamp()) for each in minutes}
    near = {start + shift for start in sorted(listed)[:20] for shift in (-60, -1, 0, 1, 60)}
    for start in (tried | near) & set(range(low, high)):
        assert (fast.judge(start) is None) == (start in listed), moment(start)


@thorough(200)
@given(cases())
def test_no_listed_start_touches_a_claim_or_leaves_working_time(asked: Asked) -> None:
    case, _, _ = asked

    found = [moment(start) for start in availability(case).starts(*_window(asked))]

    length = timedelta(minutes=case.duration)
    for start in found:
        busy_from = start - timedelta(minutes=case.before)
        busy_until = start + length + timedelta(minutes=case.after)
        assert not any(low < busy_until and busy_from < high for low, high in case.claims)
    spans = [(int(start.timestamp()), int((start + length).timestamp())) for start in found]
    assert outside(working(case), zone(case.zone), spans) == []


@thorough(200)
@given(cases(), st.integers(0, 172_800), st.integers(0, 172_800))
def test_a_part_of_the_window_lists_that_part_of_the_listing(
    asked: Asked, one: int, other: int
) -> None:
    case, _, _ = asked
    begins, _ = _window(asked)
    fast = availability(case)
    low, high = begins + min(one, other), begins + max(one, other)

    part = fast.starts(low, high)

    whole = fast.starts(begins, begins + 172_800)
    assert part == [start for start in whole if low <= start < high]
    assert whole == sorted(set(whole))


@thorough(200)
@given(cases(), st.integers(-6_000, 6_000), st.integers(1, 5))
def test_the_nearest_are_the_first_of_all_by_their_distance(
    asked: Asked, minutes: int, count: int
) -> None:
    case, since, _ = asked
    fast = availability(case)
    wanted = int((since + timedelta(minutes=minutes)).timestamp())

    found = fast.nearest(wanted, count)

    others = [start for start in fast.starts(*fast.span) if start != wanted]
    assert found == sorted(others, key=lambda start: (abs(start - wanted), start))[:count]


@thorough(100)
@given(cases())
def test_nothing_is_offered_outside_the_span(asked: Asked) -> None:
    case, _, _ = asked
    fast = availability(case)
    low, high = fast.span

    assert fast.starts(low - 864_000, high + 864_000) == fast.starts(low, high)
