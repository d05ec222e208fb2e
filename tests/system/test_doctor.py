"""`flask doctor` names every kind of fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from actors import People
from bookings.racing import KINDS, drop_the_guard, new_offer, own_database
from command_line import CommandLine
from databases import empty
from flask import Flask

from marketplace import create_app
from marketplace.extensions import db

CLEAN = "No faults found.\n"
CANCELLED = (
    'INSERT INTO booking_events (booking_id, at, "by", action, from_status, to_status, details)'
    " SELECT booking_id, at, 'client', 'cancelled', 'confirmed', 'cancelled', details"
    " FROM booking_events WHERE booking_id = 1"
)


@pytest.fixture(scope="module", params=KINDS)
def spoilt_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[Flask]:
    """An application on a throw-away database that lets faults in."""
    folder = tmp_path_factory.mktemp("doctor")
    with own_database(request.param, folder, f"{worker}_doctor") as database:
        app = create_app(database.settings())
        drop_the_guard(app)
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def flask(spoilt_app: Flask) -> CommandLine:
    """Bookings 1 and 2 with claims 1 and 2, hold 1 with claim 3, one after another; a second
    specialist, user 2.
    """
    empty(spoilt_app)
    people = People(spoilt_app)
    offer = new_offer(people, "master")
    people.specialist("rival")
    client = people.client()
    for path, minutes in (("bookings", 0), ("bookings", 120), ("holds", 240)):
        answer = client.post(f"/api/{path}/", offer.wanted(minutes))
        assert answer.status_code == 201, answer.text
    return CommandLine(spoilt_app)


def plant(app: Flask, *statements: str) -> None:
    """Write what no constraint would let in."""
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "ALTER TABLE time_claims DROP CONSTRAINT IF EXISTS ck_time_claims_owner"
            )
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.commit()
            return
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("PRAGMA ignore_check_constraints=ON")
        for statement in statements:
            driver.execute(statement)
        driver.execute("PRAGMA ignore_check_constraints=OFF")
        driver.execute("PRAGMA foreign_keys=ON")


def named(flask: CommandLine) -> list[str]:
    """What the doctor names; it ends with exit code 1 and says how many they are."""
    result = flask.run("doctor")
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    *faults, last = result.stderr.splitlines()
    assert last.startswith(f"Error: {len(faults)} fault")
    return faults


def of_one(column: str, table: str, row: int) -> str:
    return f"(SELECT {column} FROM {table} WHERE id = {row})"


REMINDER = "notification {} reminds of booking {} at a time that is not its own"
WITHDRAWN = "DELETE FROM notifications WHERE due_at > created_at"
LAST_END = of_one("busy_until", "time_claims", 3)
KINDS_OF_FAULTS = {
    "overlap": (
        [f"UPDATE time_claims SET busy_from = {of_one('busy_from', 'time_claims', 1)} WHERE id=2"],
        ["claims 1 and 2 of one specialist overlap"],
    ),
    "overlap with the next but one": (
        [f"UPDATE time_claims SET busy_until = {LAST_END} WHERE id = 1"],
        [
            "claims 1 and 2 of one specialist overlap",
            "claims 1 and 3 of one specialist overlap",
        ],
    ),
    "booking without its claim": (
        ["DELETE FROM time_claims WHERE booking_id = 1"],
        ["booking 1 holds time and has no claim"],
    ),
    "hold without its claim": (
        ["DELETE FROM time_claims WHERE hold_id = 1"],
        ["hold 1 has no claim"],
    ),
    "claim that ends before its booking": (
        [f"UPDATE bookings SET ends_at = {of_one('ends_at', 'bookings', 2)} WHERE id = 1"],
        [
            "booking 1 does not last as long as it says",
            "claim 1 does not cover its owner's time or specialist",
        ],
    ),
    "claim that begins after its booking": (
        [f"UPDATE bookings SET starts_at = {of_one('starts_at', 'bookings', 1)} WHERE id = 2"],
        [
            "booking 2 does not last as long as it says",
            "claim 2 does not cover its owner's time or specialist",
            REMINDER.format(7, 2),
            REMINDER.format(8, 2),
        ],
    ),
    "claim on the time of another specialist": (
        ["UPDATE time_claims SET specialist_id = 2 WHERE id = 2"],
        ["claim 2 does not cover its owner's time or specialist"],
    ),
    "hold's claim on the time of another specialist": (
        ["UPDATE time_claims SET specialist_id = 2 WHERE id = 3"],
        ["claim 3 does not cover its owner's time or specialist"],
    ),
    "hold's claim that begins too late": (
        [f"UPDATE holds SET starts_at = {of_one('ends_at', 'bookings', 2)} WHERE id = 1"],
        [
            "claim 3 does not cover its owner's time or specialist",
            "hold 1 does not last as long as it says",
        ],
    ),
    "claim of a booking that is gone": (
        ["DELETE FROM booking_events WHERE booking_id = 1", "DELETE FROM bookings WHERE id = 1"],
        ["claim 1 does not cover its owner's time or specialist"],
    ),
    "claim of a hold that is gone": (
        ["DELETE FROM holds WHERE id = 1"],
        ["claim 3 does not cover its owner's time or specialist"],
    ),
    "claim of nobody": (
        ["UPDATE time_claims SET booking_id = NULL WHERE id = 1"],
        [
            "booking 1 holds time and has no claim",
            "claim 1 does not cover its owner's time or specialist",
        ],
    ),
    "claim of a closed booking": (
        [CANCELLED, "UPDATE bookings SET status = 'cancelled' WHERE id = 1", WITHDRAWN],
        ["claim 1 is kept by booking 1, which holds no time"],
    ),
    "history that leads elsewhere": (
        ["UPDATE booking_events SET to_status = 'pending' WHERE booking_id = 2"],
        ["the history of booking 2 does not lead to its status"],
    ),
    "history that begins in the middle": (
        ["UPDATE booking_events SET from_status = 'pending' WHERE booking_id = 2"],
        ["event 2 of booking 2 does not follow from the one before it"],
    ),
    "history with a gap": (
        [
            CANCELLED,
            "UPDATE booking_events SET from_status = 'pending' WHERE id = 3",
            "UPDATE bookings SET status = 'cancelled' WHERE id = 1",
            "DELETE FROM time_claims WHERE booking_id = 1",
            WITHDRAWN,
        ],
        ["event 3 of booking 1 does not follow from the one before it"],
    ),
    "history that goes on after its end": (
        [
            CANCELLED,
            CANCELLED.replace(
                "'confirmed', 'cancelled', details", "'cancelled', 'confirmed', details"
            )
            + " AND from_status IS NULL",
        ],
        ["event 4 of booking 1 does not follow from the one before it"],
    ),
    "reminder of a booking that is cancelled": (
        [
            CANCELLED,
            "UPDATE bookings SET status = 'cancelled' WHERE id = 1",
            "DELETE FROM time_claims WHERE booking_id = 1",
        ],
        [REMINDER.format(3, 1), REMINDER.format(4, 1)],
    ),
    "reminder at the time before a move": (
        [f"UPDATE notifications SET due_at = {of_one('due_at', 'notifications', 7)} WHERE id = 3"],
        [REMINDER.format(3, 1)],
    ),
    "duration that is not the frozen one": (
        [
            f"UPDATE {table} SET duration_minutes = 30 WHERE id = 1"
            for table in ("bookings", "holds")
        ],
        [
            "booking 1 does not last as long as it says",
            "hold 1 does not last as long as it says",
        ],
    ),
    "service of another specialist": (
        ["UPDATE services SET specialist_id = 2"],
        [
            "booking 1 is not with its service's specialist",
            "booking 2 is not with its service's specialist",
            "hold 1 is not with its service's specialist",
        ],
    ),
    "no history": (
        ["DELETE FROM booking_events WHERE booking_id = 2"],
        ["booking 2 has no history"],
    ),
    "service that does not know its owner's standing": (
        ["UPDATE services SET owner_blocked = NOT owner_blocked WHERE id = 1"],
        ["service 1 does not know its owner's standing"],
    ),
}


@pytest.mark.parametrize("kind", KINDS_OF_FAULTS)
def test_a_fault_is_named(flask: CommandLine, kind: str) -> None:
    statements, faults = KINDS_OF_FAULTS[kind]
    assert flask.do("doctor") == CLEAN

    plant(flask.app, *statements)

    assert sorted(named(flask)) == faults


@pytest.mark.parametrize(
    "statement",
    [
        # Slots count a claim past its time as free: a confirmed booking's must have none.
        "UPDATE time_claims SET expires_at = busy_from WHERE booking_id = 1",
        # A hold's claim must not outlive the hold, nor end sooner.
        "UPDATE time_claims SET expires_at = NULL WHERE hold_id = 1",
        "UPDATE time_claims SET expires_at = busy_from WHERE hold_id = 1",
    ],
)
def test_a_claim_that_ends_at_another_time_than_its_owner_is_a_fault(
    flask: CommandLine, statement: str
) -> None:
    plant(flask.app, statement)

    assert len(named(flask)) == 1


def test_faults_of_several_kinds_are_all_named(flask: CommandLine) -> None:
    plant(
        flask.app,
        "DELETE FROM time_claims WHERE booking_id = 1",
        "DELETE FROM time_claims WHERE hold_id = 1",
        "DELETE FROM booking_events WHERE booking_id = 2",
    )

    assert named(flask) == [
        "booking 1 holds time and has no claim",
        "hold 1 has no claim",
        "booking 2 has no history",
    ]


def test_one_fault_is_counted_in_the_singular(flask: CommandLine) -> None:
    plant(flask.app, "DELETE FROM time_claims WHERE hold_id = 1")

    assert flask.run("doctor").stderr.splitlines()[-1] == "Error: 1 fault found."


def test_the_doctor_changes_nothing(flask: CommandLine) -> None:
    plant(flask.app, "DELETE FROM time_claims WHERE booking_id = 1")

    assert named(flask) == named(flask)
