"""A service that something refers to is archived when its owner removes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from actors import NEW_SERVICE, Actor, assert_problem
from flask import Flask
from services.support import CATALOGUE, LISTS, OWN, listed

from marketplace.extensions import db

# What bookings will be: rows that may not lose their service.
_REFERRING = sa.Table(
    "referring_rows",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("service_id", sa.Integer, nullable=False),
)
_CREATE = (
    "CREATE TABLE referring_rows (id INTEGER PRIMARY KEY,"
    " service_id INTEGER NOT NULL REFERENCES services (id) ON DELETE RESTRICT)"
)


@pytest.fixture
def booked(app: Flask, specialist: Actor) -> Iterator[int]:
    """A service with a row that refers to it."""
    service_id: int = specialist.new_service()["id"]
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(_CREATE)
        connection.execute(_REFERRING.insert().values(id=1, service_id=service_id))
    yield service_id
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE referring_rows")


def test_a_booked_service_is_archived_not_erased(
    app: Flask, specialist: Actor, anonymous: Actor, booked: int
) -> None:
    removed = specialist.delete(f"{OWN}{booked}/")

    assert (removed.status_code, removed.data) == (204, b"")
    for caller in (specialist, anonymous):
        for path in LISTS:
            assert listed(caller, path) == []
            assert caller.get(f"{path}?count=true").headers["X-Total-Count"] == "0"
    assert_problem(anonymous.get(f"{OWN}{booked}/"), 404, "not_found")
    assert_problem(anonymous.get(f"{CATALOGUE}{booked}/"), 404, "not_found")
    with app.app_context(), db.engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT name, archived_at FROM services")).one()
    assert kept.name == NEW_SERVICE["name"]
    assert kept.archived_at is not None


def test_an_archived_service_cannot_be_changed_any_more(specialist: Actor, booked: int) -> None:
    path = f"{OWN}{booked}/"
    tag = specialist.get(path).headers["ETag"]
    specialist.delete(path, headers={"If-Match": tag})

    for answer in (
        specialist.patch(path, {"visible": True}),
        specialist.put(path, NEW_SERVICE),
        specialist.delete(path),
    ):
        assert_problem(answer, 404, "not_found")


def test_a_stale_tag_does_not_archive(specialist: Actor, anonymous: Actor, booked: int) -> None:
    answer = specialist.delete(f"{OWN}{booked}/", headers={"If-Match": '"stale"'})

    assert_problem(answer, 412, "precondition_failed")
    assert [row["id"] for row in listed(anonymous, CATALOGUE)] == [booked]


def test_its_neighbours_are_still_erased(app: Flask, specialist: Actor, booked: int) -> None:
    other = specialist.new_service()["id"]

    specialist.delete(f"{OWN}{other}/")

    with app.app_context(), db.engine.connect() as connection:
        assert list(connection.execute(sa.text("SELECT id FROM services")).scalars()) == [booked]
