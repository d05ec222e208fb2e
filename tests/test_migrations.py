"""Migrations both ways, with data, on both databases."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from actors import Actor
from databases import make_postgresql, make_sqlite
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import DBAPIError, IntegrityError

from marketplace import create_app
from marketplace.auth.models import Session, User
from marketplace.core.database import Base, release
from marketplace.extensions import db
from marketplace.profile.models import Profile
from marketplace.schedule.models import Schedule, ScheduleException, WorkingHours
from marketplace.services.models import Category, Service
from marketplace.settings import PROJECT_ROOT
from marketplace.system.demo import operations as demo
from marketplace.system.readiness import head_revision

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
MODELS = (User, Profile, Category, Service, Session, Schedule, WorkingHours, ScheduleException)


@pytest.fixture(params=["sqlite", "postgresql"])
def scratch(request: pytest.FixtureRequest, tmp_path: Path, worker: str) -> Iterator[Flask]:
    """An application on a migrated database of its own, with demo data, inside its context."""
    if request.param == "sqlite":
        making = make_sqlite(tmp_path / "scratch")
        (tmp_path / "scratch").mkdir()
    else:
        making = make_postgresql(tmp_path, f"{worker}_migrations")
    app = create_app(next(making).settings())
    with app.app_context():
        load_demo()
        yield app
        release()
        db.engine.dispose()
    next(making, None)


def load_demo() -> None:
    demo.load(specialists=20, services_each=15, clients=10, seed=1, actor="system", now=NOW)
    db.session.remove()


def rows() -> dict[str, int]:
    with db.engine.connect() as connection:
        count = sa.select(sa.func.count())
        return {
            model.__tablename__: connection.scalar(count.select_from(model)) or 0
            for model in MODELS
        }


def revision() -> str | None:
    with db.engine.connect() as connection:
        return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def things() -> set[str]:
    """The names of everything the database holds."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            statement = "SELECT name FROM sqlite_master"
        else:
            statement = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        return set(connection.scalars(sa.text(statement)))


def found(app: Flask, name: str) -> int:
    response = app.test_client().get("/api/services/", query_string={"name": name, "count": "true"})
    assert response.status_code == 200, response.text
    return int(response.headers["X-Total-Count"])


def planted(tmp_path: Path, body: str) -> str:
    """The migrations' folder with one more after the newest; `body` is its upgrade."""
    folder = tmp_path / "migrations"
    shutil.copytree(PROJECT_ROOT / "migrations", folder)
    (folder / "versions" / "9999_planted.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f"revision = '9999'\ndown_revision = {head_revision()!r}\n\n"
        f"def upgrade():\n    {body}\n\ndef downgrade():\n    pass\n"
    )
    return str(folder)


def test_up_down_and_up_again_with_data_leaves_nothing_behind(scratch: Flask) -> None:
    before = rows()
    made = things()
    searched = found(scratch, "массаж")

    downgrade(revision="base")
    emptied = things()
    upgrade()

    assert min(before.values()) > 3
    assert {name for name in emptied if "alembic_version" not in name} <= {"sqlite_sequence"}
    assert things() == made
    assert set(rows().values()) == {0}
    load_demo()
    assert rows() == before
    assert found(scratch, "массаж") == searched > 0


def test_models_and_migrations_say_the_same(scratch: Flask) -> None:
    runner = scratch.test_cli_runner()
    with db.engine.connect() as connection:
        inspector = sa.inspect(connection)
        checks = {
            check["name"]
            for table in Base.metadata.tables
            for check in inspector.get_check_constraints(table)
        }

    same = runner.invoke(args=["db", "check"])
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_services_category_id")
    drifted = runner.invoke(args=["db", "check"])

    assert (same.exit_code, drifted.exit_code) == (0, 1), same.output
    # What the comparison above cannot see.
    assert checks == {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }


@pytest.mark.usefixtures("scratch")
def test_accounts_from_before_schedules_get_one() -> None:
    downgrade(revision="0001")
    without = things()
    upgrade()

    with db.engine.connect() as connection:
        made = connection.execute(sa.select(Schedule.__table__).order_by(Schedule.user_id)).all()
        people = sa.select(Profile.user_id, Profile.created_at).order_by(Profile.user_id)
        profiles = connection.execute(people).all()
    assert not without & {"schedules", "working_hours", "schedule_exceptions", "idempotency_keys"}
    assert [tuple(row) for row in made] == [
        (user_id, 30, 120, 60, 0, 0, True, 0, created_at, 1) for user_id, created_at in profiles
    ]
    assert len(made) == 30


def test_each_database_refuses_overlaps_itself(app: Flask) -> None:
    tables = ("working_hours", "exception_intervals", "schedule_exceptions")
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            statement = "SELECT conname FROM pg_constraint WHERE contype = 'x'"
            expected = {f"ex_{table}_overlap" for table in tables}
        else:
            statement = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            events = ("insert", "update")
            expected = {f"ex_{table}_overlap_{event}" for table in tables for event in events}

        assert expected <= set(connection.scalars(sa.text(statement)))


@pytest.mark.usefixtures("scratch")
def test_a_rebuilt_table_keeps_its_children(tmp_path: Path) -> None:
    before = rows()
    wider = "batch.alter_column('blocked_reason', type_=sa.String(600))"

    upgrade(planted(tmp_path, f"with op.batch_alter_table('users') as batch: {wider}"))

    assert revision() == "9999"
    assert rows() == before
    with db.engine.begin() as connection, pytest.raises(IntegrityError):
        connection.execute(sa.text("UPDATE profiles SET user_id = 999999 WHERE user_id = 1"))


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(
    "fault", ["op.execute('INSERT INTO nowhere VALUES (1)')", "op.execute('DELETE FROM users')"]
)
def test_a_migration_that_fails_changes_nothing(tmp_path: Path, fault: str) -> None:
    before = rows()
    body = f"op.create_table('half', sa.Column('id', sa.Integer)); {fault}"

    with pytest.raises((DBAPIError, SystemExit)):
        upgrade(planted(tmp_path, body))

    assert revision() == head_revision()
    assert rows() == before
    assert "half" not in things()


def test_search_follows_every_change_of_a_name(specialist: Actor, anonymous: Actor) -> None:
    service = specialist.new_service(name="Стрижка бороды")
    path = f"/api/auth/services/{service['id']}/"

    def hits(part: str) -> int:
        return len(anonymous.get("/api/services/", query_string={"name": part}).get_json())

    assert (hits("БОРОД"), hits("камуфляж")) == (1, 0)
    specialist.patch(path, {"name": "Камуфляж седины"})
    assert (hits("БОРОД"), hits("камуфляж")) == (0, 1)
    specialist.delete(path)
    assert (hits("БОРОД"), hits("камуфляж")) == (0, 0)


def test_each_database_has_its_search_index(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            statement = (
                "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_services_name_trigrams'"
            )
            assert "USING gin (name_folded gin_trgm_ops)" in connection.scalar(sa.text(statement))
            return
        master = "SELECT type, name FROM sqlite_master WHERE name LIKE 'services_name_trigrams%'"
        objects = connection.execute(sa.text(master)).all()

    triggers = {name.rsplit("_", 1)[1] for kind, name in objects if kind == "trigger"}
    assert triggers == {"insert", "update", "delete"}
    assert ("table", "services_name_trigrams") in objects
