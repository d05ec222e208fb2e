"""Which backups are kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.system.backup.rotation import DAILY, MONTHLY, WEEKLY, kept, moment_of, name_of

START = datetime(2024, 11, 1, tzinfo=UTC)
MOMENTS = st.lists(
    st.integers(0, 800 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds)),
    max_size=60,
)
YEAR = [datetime(2026, 1, 1, 3, tzinfo=UTC) + timedelta(days=number) for number in range(365)]


def test_of_a_year_of_nights_seven_days_four_weeks_and_six_months_stay() -> None:
    dates = sorted(moment.date() for moment in kept(YEAR))

    # 31 December is a Thursday: the newest of its week, of its month and of its day.
    days = [date(2026, 12, 25 + number) for number in range(7)]
    weeks = [date(2026, 12, 13), date(2026, 12, 20), date(2026, 12, 27), date(2026, 12, 31)]
    months = [date(2026, month, 1) - timedelta(days=1) for month in (8, 9, 10, 11, 12)]
    assert dates == sorted({*days, *weeks, *months, date(2026, 12, 31)})


def test_of_a_day_the_last_one_stays() -> None:
    day = [datetime(2026, 11, 25, hour, tzinfo=UTC) for hour in range(24)]

    assert kept(day) == {day[-1]}


def test_a_timer_that_stood_still_costs_nothing() -> None:
    old = YEAR[:10]

    assert kept([*old, YEAR[300]]) >= set(old[-6:])


@given(MOMENTS)
def test_few_are_kept_and_always_the_newest(moments: list[datetime]) -> None:
    found = kept(moments)

    assert found <= set(moments)
    assert len(found) <= DAILY + WEEKLY + MONTHLY
    assert set(sorted(moments)[-1:]) <= found


@given(MOMENTS)
def test_each_of_the_last_days_weeks_and_months_keeps_its_newest(moments: list[datetime]) -> None:
    found = kept(moments)

    for count, period in (
        (DAILY, lambda moment: moment.date()),
        (WEEKLY, lambda moment: moment.isocalendar()[:2]),
        (MONTHLY, lambda moment: (moment.year, moment.month)),
    ):
        for last in sorted({period(moment) for moment in moments})[-count:]:
            assert max(moment for moment in moments if period(moment) == last) in found


@given(MOMENTS)
def test_keeping_twice_is_keeping_once(moments: list[datetime]) -> None:
    assert kept(kept(moments)) == kept(moments)


@given(MOMENTS)
def test_throwing_away_every_night_keeps_what_one_look_at_all_would(
    moments: list[datetime],
) -> None:
    night_by_night: set[datetime] = set()
    for moment in sorted(moments):
        night_by_night = kept([*night_by_night, moment])

    assert night_by_night == kept(moments)


@pytest.mark.parametrize("suffix", ["", ".gpg", ".age"])
def test_a_name_tells_the_moment(suffix: str) -> None:
    moscow = datetime.fromisoformat("2026-11-25T06:07:08+03:00")

    assert name_of(moscow, suffix) == f"marketplace-20261125T030708Z.tar{suffix}"
    assert moment_of(name_of(moscow, suffix)) == moscow


@pytest.mark.parametrize(
    "name",
    [
        "marketplace-20261325T030708Z.tar",
        "marketplace-20261125T030708Z.tar.part",
        "marketplace-20261125T030708Z.tar\n",
        "marketplace-٢٠261125T030708Z.tar",
        "../marketplace-20261125T030708Z.tar",
        "notes.txt",
    ],
)
def test_other_files_are_no_backups(name: str) -> None:
    assert moment_of(name) is None
