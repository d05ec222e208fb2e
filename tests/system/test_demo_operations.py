"""Loading demo data and clearing it, through the operations and the commands."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from databases import empty

from marketplace.auth.models import Session, User
from marketplace.bookings.models import Booking, Hold
from marketplace.core.database import database
from marketplace.profile.models import Profile
from marketplace.services.models import Category, Service
from marketplace.system.demo import operations

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TABLES = (User, Profile, Service, Session, Category)


@pytest.fixture
def session(app):
    with app.app_context():
        yield database.session()
        uproot(database.session())


@pytest.fixture
def run(app, session):
    runner = app.test_cli_runner()
    return lambda *arguments, **options: runner.invoke(args=["demo", *arguments], **options)


def uproot(session):
    """Delete child categories and what holds them: no one statement deletes a tree on SQLite."""
    session.rollback()
    for model in (Hold, Booking, Service):
        session.execute(sa.delete(model))
    session.execute(sa.delete(Category).where(Category.level == 2))
    session.commit()


def load(**changes):
    numbers = {"specialists": 20, "services_each": 3, "clients": 5, "seed": 1}
    return operations.load(**({"actor": "system", "now": NOW} | numbers | changes))


def add(session, *rows):
    session.add_all(rows)
    session.commit()


def real_user():
    return User(
        username="maria",
        username_folded="maria",
        phone="+79161234567",
        password_hash="hash",
        role="specialist",
        language="ru",
        created_at=NOW,
        updated_at=NOW,
    )


def stored(session):
    tables = (sa.select(table.__table__).order_by(*table.__table__.primary_key) for table in TABLES)
    rows = [session.execute(select).all() for select in tables]
    session.rollback()
    return rows


def number_of(session, model):
    number = session.scalar(sa.select(sa.func.count()).select_from(model))
    session.rollback()
    return number


def test_load_writes_what_it_is_asked_for(session):
    counts = load()

    assert counts == operations.Counts(specialists=20, clients=5, services=60, categories=20)
    assert [number_of(session, table) for table in TABLES] == [25, 25, 60, 4, 20]
    assert operations.count() == counts


def test_ids_on_a_fresh_database_are_the_documented_ones(session):
    load()

    users = session.scalars(sa.select(User.username).order_by(User.id).limit(2)).all()
    first = session.get(Service, 1)

    assert users == ["demo_specialist", "demo_client"]
    assert (first.name, first.specialist_id, first.listed) == (
        "Классический массаж спины",
        1,
        True,
    )
    assert session.get(Category, first.category_id).slug == "massage-classic"
    assert session.scalars(sa.select(Session.user_id).order_by(Session.id)).all() == [1, 1, 2, 2]


def test_the_next_account_gets_the_next_id(session):
    load()
    newcomer = real_user()

    add(session, newcomer)

    assert newcomer.id == 26


def test_chunks_do_not_change_what_is_stored(app, session, monkeypatch):
    monkeypatch.setattr(operations, "hash_password", lambda _password: "hash")
    load()
    at_once = stored(session)
    uproot(session)
    empty(app)
    monkeypatch.setattr(operations, "CHUNK_ROWS", 7)

    load()

    assert stored(session) == at_once


def test_real_accounts_keep_demo_data_out(session):
    add(session, real_user())
    before = stored(session)

    with pytest.raises(operations.DemoDataError, match="real accounts"):
        load()

    assert stored(session) == before


def test_demo_data_is_not_loaded_twice(session):
    load()
    before = stored(session)

    with pytest.raises(operations.DemoDataError, match="flask demo clear"):
        load(seed=2)

    assert stored(session) == before


def test_a_failed_load_leaves_nothing(session):
    def fail(done, total):
        raise RuntimeError(f"{done} of {total}")

    with pytest.raises(RuntimeError, match=r"25 of \d+"):
        load(progress=fail)

    assert [number_of(session, table) for table in TABLES] == [0, 0, 0, 0, 0]


def test_present_categories_are_used(session):
    add(session, Category(slug="massage", name="Массаж", name_folded="массаж", level=1))

    load()

    assert number_of(session, Category) == 20
    child = session.scalars(sa.select(Category).where(Category.slug == "massage-classic")).one()
    assert child.parent_id == 1


@pytest.mark.parametrize("slug", ["massage-classic", "spa"])
def test_a_category_in_the_way_is_named(session, slug):
    name = "Массаж"
    add(session, Category(slug=slug, name=name, name_folded="массаж", level=1))

    with pytest.raises(operations.DemoDataError, match="stands where the demo data"):
        load()

    assert number_of(session, User) == 0


def test_clear_takes_everything_out(session):
    loaded = load()

    assert operations.clear(actor="system", now=NOW) == loaded

    assert [number_of(session, table) for table in TABLES] == [0, 0, 0, 0, 0]
    assert operations.count() == operations.Counts(0, 0, 0, 0)


def test_ids_are_not_given_twice(session):
    load()
    operations.clear(actor="system", now=NOW)

    load()

    assert session.scalar(sa.select(sa.func.min(User.id))) == 26
    assert session.scalar(sa.select(sa.func.min(Service.id))) == 61


def test_clear_leaves_real_rows_alone(session):
    load()
    owner = real_user()
    add(session, owner)
    used = session.scalars(sa.select(Category).where(Category.slug == "repair-plumbing")).one()
    own = Category(slug="dance", name="Танцы", name_folded="танцы", level=1)
    add(
        session,
        own,
        Profile(user_id=owner.id, created_at=NOW, updated_at=NOW),
        Service(
            specialist_id=owner.id,
            category_id=used.id,
            name="Замена крана",
            name_folded="замена крана",
            price=Decimal(500),
            duration_minutes=60,
            created_at=NOW,
            updated_at=NOW,
        ),
    )

    counts = operations.clear(actor="system", now=NOW)

    assert counts == operations.Counts(specialists=20, clients=5, services=60, categories=18)
    assert session.scalars(sa.select(User.username)).all() == ["maria"]
    assert session.scalars(sa.select(Service.name)).all() == ["Замена крана"]
    assert number_of(session, Profile) == 1
    slugs = session.scalars(sa.select(Category.slug).order_by(Category.slug)).all()
    assert slugs == ["dance", "repair", "repair-plumbing"]


def test_a_renamed_category_is_no_longer_the_demos(session):
    load()
    renamed = session.scalars(sa.select(Category).where(Category.slug == "beauty-face")).one()
    renamed.name, renamed.name_folded = "Лицо", "лицо"
    session.commit()

    operations.clear(actor="system", now=NOW)

    slugs = session.scalars(sa.select(Category.slug).order_by(Category.slug)).all()
    assert slugs == ["beauty", "beauty-face"]


def test_the_command_loads_and_tells_the_logins(run, session):
    result = run("load", "--specialists", "3", "--services-each", "2", "--clients", "1")

    assert result.exit_code == 0
    assert "Loaded 3 specialists, 1 clients, 6 services and 20 categories" in result.output
    assert "demo_specialist or demo_client, password sea-breeze-42" in result.output
    assert number_of(session, Service) == 6


def test_the_command_refuses_in_a_sentence(run, session):
    add(session, real_user())

    result = run("load")

    assert result.exit_code == 1
    assert "Error: This database holds real accounts" in result.output


@pytest.mark.parametrize("option", ["--specialists", "--services-each", "--clients"])
def test_the_command_wants_positive_numbers(run, option):
    assert run("load", option, "0").exit_code == 2


def test_clear_asks_first(run, session):
    load()

    refused = run("clear", input="n\n")
    agreed = run("clear", input="y\n")

    assert (refused.exit_code, agreed.exit_code) == (1, 0)
    assert "Delete the demo data (20 specialists, 5 clients" in refused.output
    assert "Deleted 20 specialists, 5 clients, 60 services and 20 categories." in agreed.output
    assert number_of(session, User) == 0


def test_clear_does_not_ask_when_told(run, session):
    load()

    assert run("clear", "--yes").exit_code == 0

    assert number_of(session, User) == 0


def test_clear_of_nothing_says_so(run):
    result = run("clear")

    assert (result.exit_code, result.output) == (0, "There is no demo data.\n")
