"""The rows of free time say at every moment what `slots` lists, whatever was done meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, People
from bookings.free_time_deeds import DEEDS, Deeds, assert_exact, faults, free
from bookings.support import (
    HOURS,
    block,
    book,
    day,
    except_on,
    go_to,
    hold,
    open_diary,
    set_up,
    slot,
)
from command_line import CommandLine
from flask import Flask
from test_query_counts import statements

from marketplace.bookings import free_time as upkeep
from marketplace.core.clock import utc_now
from marketplace.core.database import read, session, transactional
from marketplace.core.hot import moment_from_key, moment_key
from marketplace.schedule import free_time
from marketplace.schedule.models import FreeReach, FreeSpan
from marketplace.schedule.next_slots import NextSlot, next_slots

DURATIONS = (5, 45, 60, 240, 1_440)


@pytest.fixture
def services(specialist: Actor, service: int) -> dict[int, int]:
    """Services by duration, of 60 minutes and others."""
    others = {each: specialist.new_service(duration_minutes=each)["id"] for each in DURATIONS}
    return others | {60: service}


@pytest.mark.parametrize(
    ("seed", "begin"),
    [
        (1, "2026-11-23T06:00"),
        (2, "2026-10-23T21:10"),
        (3, "2027-03-26T03:33"),
        (4, "2026-12-30T12:00"),
    ],
)
def test_whatever_is_done_the_rows_say_what_slots_lists(  # noqa: PLR0917 - fixtures
    app: Flask,
    client: Actor,
    specialist: Actor,
    services: dict[int, int],
    clock: time_machine.Coordinates,
    seed: int,
    begin: str,
) -> None:
    random = Random(seed)  # noqa: S311 - a test's
    go_to(clock, datetime.fromisoformat(begin).replace(tzinfo=UTC), client, specialist)
    open_diary(specialist, "00:00", "24:00", min_notice_minutes=0)
    deeds = Deeds(app, (client, specialist), services, random, clock)
    for _ in range(60):
        name = random.choice(DEEDS)
        getattr(deeds, name)()
        try:
            assert_exact(app, client, services, random)
        except AssertionError as error:
            raise AssertionError(f"after {name}: {error}") from error


def test_a_hold_that_ends_frees_its_time_though_nobody_deletes_it(
    app: Flask, client: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    hold(client, service, slot("12:00"))
    tomorrow = date.fromisoformat(day())

    def is_free() -> bool:
        return free(app, free_time.window(tomorrow, 720, 721, None, utc_now())) == {service}

    assert not is_free()
    begun = utc_now()
    clock.move_to(begun + timedelta(minutes=10, microseconds=-1), tick=False)
    assert not is_free()
    clock.move_to(begun + timedelta(minutes=10), tick=False)
    assert is_free()
    assert faults(app) == []


@pytest.mark.parametrize("which", ["client", "specialist"])
def test_blocking_frees_the_time_of_all_that_is_cancelled(  # noqa: PLR0917 - fixtures
    app: Flask, people: People, client: Actor, specialist: Actor, service: int, which: str
) -> None:
    rival = people.specialist("rival")
    open_diary(rival)
    other = rival.new_service()["id"]
    book(client, service, slot("12:00"))
    book(client, other, slot("12:00"))
    hold(client, other, slot("15:00"))
    noon = free_time.window(date.fromisoformat(day()), 720, 721, None, utc_now())

    block(app, (client if which == "client" else specialist).user_id)

    assert free(app, noon) == ({service, other} if which == "client" else {service})
    assert faults(app) == []


def test_the_first_roll_leaves_out_who_only_has_days_off(app: Flask, specialist: Actor) -> None:
    except_on(specialist, 3)
    with app.app_context():
        # As the migration that made the table leaves whoever had exceptions.
        migrated = sa.insert(FreeReach).values(specialist_id=specialist.user_id, through=0)
        transactional(lambda: session().execute(migrated))()

    CommandLine(app).do("catalogue", "roll")

    assert faults(app) == []
    with app.app_context():
        assert free_time.is_built(utc_now())


def test_long_after_the_last_roll_nobody_trusts_the_rows(
    app: Flask, specialist: Actor, services: dict[int, int], clock: time_machine.Coordinates
) -> None:
    command_line, anonymous = CommandLine(app), Actor(app.test_client())
    random = Random(5)  # noqa: S311 - a test's

    def is_built() -> bool:
        with app.app_context():
            return free_time.is_built(utc_now())

    begun = utc_now()
    for days in range(upkeep.MARGIN_DAYS):
        clock.move_to(begun + timedelta(days=days), tick=False)
        assert is_built()
        assert_exact(app, anonymous, services, random)
    clock.move_to(begun + timedelta(days=upkeep.MARGIN_DAYS + 1), tick=False)
    assert not is_built()
    assert faults(app) == [f"specialist {specialist.user_id}: free time does not reach the horizon"]

    assert "extended: 1." in command_line.do("catalogue", "roll")
    assert "extended: 0." in command_line.do("catalogue", "roll")

    assert is_built()
    assert_exact(app, anonymous, services, random)
    with app.app_context():
        oldest = read().execute(sa.select(sa.func.min(FreeSpan.first_start))).scalar_one()
    assert oldest > (utc_now() - timedelta(days=3)).timestamp()


def test_the_doctor_names_the_specialist_and_the_day(
    app: Flask, specialist: Actor, service: int
) -> None:
    assert service
    run = CommandLine(app)
    noon = int(datetime.fromisoformat(slot("12:00")).timestamp())
    with app.app_context(), read().engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE free_spans SET last_end = last_end - 60 WHERE first_start < {noon}"
            f" AND last_start > {noon}"
        )

    told = run.run("doctor")
    assert told.exit_code == 1
    assert told.stderr.splitlines()[0] == (
        f"specialist {specialist.user_id}: free time of {day()} is not what the schedule says"
    )
    assert "built: 1." in run.do("catalogue", "rebuild-free-time")
    assert run.do("doctor") == "No faults found.\n"


def test_whoever_has_no_hours_has_no_rows(app: Flask, specialist: Actor, service: int) -> None:
    def rows() -> int:
        with app.app_context():
            return read().execute(sa.select(sa.func.count()).select_from(FreeSpan)).scalar_one()

    assert service
    assert rows() > 60
    assert specialist.put(HOURS, {"hours": []}).status_code == 200
    assert rows() == 0
    with app.app_context():
        assert free_time.is_built(utc_now() + timedelta(days=100))
    assert faults(app) == []


def test_a_rehearsal_leaves_the_rows_alone(app: Flask, specialist: Actor, service: int) -> None:
    assert service
    assert specialist.put(f"{HOURS}?dry_run=true", {"hours": []}).status_code == 200
    set_up(specialist, cancel_notice_minutes=5)

    assert faults(app) == []


def test_next_slots_are_one_query(app: Flask, specialist: Actor, services: dict[int, int]) -> None:
    pairs = [(specialist.user_id, each) for each in services]
    pairs += [(1_000 + each, 60) for each in range(95)]
    with statements(app) as sent, app.app_context():
        few = next_slots(pairs[:1], utc_now())
        many = next_slots(pairs, utc_now())

    assert len(sent) == 2
    assert few.items() <= many.items()
    assert len([each for each in many.values() if each.start]) == len(DURATIONS) - 1


def test_a_next_slot_is_good_until_its_notice_begins_or_a_hold_ends(
    app: Flask, client: Actor, specialist: Actor, service: int, clock: time_machine.Coordinates
) -> None:
    set_up(specialist, min_notice_minutes=30)
    pair = (specialist.user_id, 60)

    def told() -> NextSlot:
        with app.app_context():
            return next_slots([pair], utc_now())[pair]

    first = told()
    assert first.start == slot("10:00", 0)
    assert first.good_through == moment_key(datetime.fromisoformat(slot("09:30", 0)))
    held = hold(client, service, slot("10:00", 0))
    expires = moment_key(datetime.fromisoformat(held["expires_at"]))
    assert told() == NextSlot(slot("11:00", 0), expires - 1)
    go_to(clock, moment_from_key(expires), client)
    assert told() == first
