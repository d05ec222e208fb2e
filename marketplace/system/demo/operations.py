"""Loads demo data into a database without real accounts, and takes it out again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from marketplace.auth.models import Identity, Session, User
from marketplace.auth.passwords import hash_password
from marketplace.bookings import free_time_jobs
from marketplace.bookings.models import Booking, BookingEvent, Hold, TimeClaim
from marketplace.catalogue import search_upkeep, search_words
from marketplace.core import audit
from marketplace.core.database import Base, read, session, transactional
from marketplace.notifications.models import PushDevice
from marketplace.profile.models import Profile
from marketplace.schedule.models import (
    ExceptionInterval,
    Schedule,
    ScheduleException,
    WorkingHours,
)
from marketplace.services.models import Category, Service
from marketplace.system.demo import appointments, generator, timetable
from marketplace.system.demo.accounts import DEMO_PASSWORD
from marketplace.system.demo.cast import Plan
from marketplace.system.demo.generator import Row
from marketplace.system.demo.ids import follow_ids, next_id

Progress = Callable[[int, int], None]

CHUNK_ROWS = 2_000
_DEMO_USERS = sa.select(User.id).where(User.is_demo)


class DemoDataError(Exception):
    """Why demo data cannot be loaded here; the text is for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows were written or deleted."""

    specialists: int
    clients: int
    services: int
    categories: int


def count() -> Counts:
    """The demo data there is; of categories, those that have a demo category's slug and name."""
    return _counts(read())


@transactional
def load(
    *,
    specialists: int,
    services_each: int,
    clients: int,
    seed: int,
    actor: str,
    now: datetime,
    progress: Progress | None = None,
) -> Counts:
    """Write demo data, all of it or none. `progress` hears of steps done and in all.

    Raises `DemoDataError` for a database with real accounts or with demo data, and `ValueError`
    for a number that is not positive.
    """
    connection = session().connection()
    _prepare(connection)
    _refuse_if_inhabited(connection)
    plan = Plan(
        specialists=specialists,
        services_each=services_each,
        clients=clients,
        seed=seed,
        now=now,
        first_user=next_id(connection, User),
        first_service=next_id(connection, Service),
        first_session=next_id(connection, Session),
        first_exception=next_id(connection, ScheduleException),
        first_booking=next_id(connection, Booking),
        first_hold=next_id(connection, Hold),
        first_device=next_id(connection, PushDevice),
    )
    category_ids = _write_categories(connection)
    parts: tuple[tuple[type[Base], Iterator[Row]], ...] = (
        (User, generator.users(plan, hash_password(DEMO_PASSWORD))),
        (Profile, generator.profiles(plan)),
        (Schedule, timetable.schedules(plan)),
        (WorkingHours, timetable.working_hours(plan)),
        (ScheduleException, (row for row, _ in timetable.exceptions(plan))),
        (
            ExceptionInterval,
            (interval for _, intervals in timetable.exceptions(plan) for interval in intervals),
        ),
        (Service, generator.services(plan, category_ids)),
        (Session, generator.sessions(plan)),
        (Identity, generator.identities(plan)),
    )
    written = 3 * plan.people + timetable.size(plan) + 2 * plan.services + generator.SESSIONS
    written += generator.IDENTITIES
    total = written + 2 * plan.specialists  # of bookings nobody knows how many before they are made
    done, tell = 0, progress or (lambda _done, _total: None)
    last_exception = plan.first_exception - 1
    for model, rows in parts:
        for chunk in _chunks(rows):
            connection.execute(sa.insert(model), chunk)
            done += len(chunk)
            tell(done, total)
            if model is Service:
                search_upkeep.services_changed([row["id"] for row in chunk])
                done += len(chunk)
            if model is ScheduleException:
                last_exception = chunk[-1]["id"]
    for specialists_done in _write_appointments(connection, plan, category_ids):
        tell(written + specialists_done, total)
    free_time_jobs.rebuild_all(now, lambda built, _: tell(total - plan.specialists + built, total))
    follow_ids(connection, User, plan.first_user + plan.people - 1)
    follow_ids(connection, Service, plan.first_service + plan.services - 1)
    follow_ids(connection, ScheduleException, last_exception)
    connection.execute(sa.insert(PushDevice), [generator.push_device(plan)])
    follow_ids(connection, PushDevice, plan.first_device)
    follow_ids(connection, Session, plan.first_session + generator.SESSIONS - 1)
    counts = Counts(specialists, clients, plan.services, len(category_ids))
    _record("demo.load", counts, actor, now)
    return counts


@transactional
def clear(*, actor: str, now: datetime) -> Counts:
    """Delete the demo accounts, what belongs to them, and demo categories nothing uses any more."""
    connection = session().connection()
    _prepare(connection)
    before = _counts(connection)
    for model in (Hold, Booking):  # their claims and histories go along
        of_demo_users = sa.or_(
            model.client_id.in_(_DEMO_USERS), model.specialist_id.in_(_DEMO_USERS)
        )
        connection.execute(sa.delete(model).where(of_demo_users))
    connection.execute(sa.delete(Service).where(Service.specialist_id.in_(_DEMO_USERS)))
    for owned in (Session, Identity):
        connection.execute(sa.delete(owned).where(owned.user_id.in_(_DEMO_USERS)))
    # A profile takes its schedule along, by the database's own rule.
    connection.execute(sa.delete(Profile).where(Profile.user_id.in_(_DEMO_USERS)))
    connection.execute(sa.delete(User).where(User.is_demo))
    _delete_idle_categories(connection)
    search_words.prune_all()
    after = _counts(connection)
    counts = Counts(
        before.specialists,
        before.clients,
        before.services,
        before.categories - after.categories,
    )
    _record("demo.clear", counts, actor, now)
    return counts


def _record(action: str, counts: Counts, actor: str, now: datetime) -> None:
    # One entry for all the accounts: none of them is a person. No row has the id 0.
    audit.record(action, "demo", 0, actor=actor, now=now, **asdict(counts))


def _write_appointments(
    connection: sa.Connection, plan: Plan, category_ids: dict[str, int]
) -> Iterator[int]:
    """How many specialists' bookings are written, after each chunk."""
    services = generator.services(plan, category_ids)
    specialists: set[int] = set()
    last_booking = plan.first_booking - 1
    made = appointments.appointments(plan, services)
    while chunk := list(islice(made, CHUNK_ROWS)):
        connection.execute(sa.insert(Booking), [each.booking for each in chunk])
        connection.execute(sa.insert(BookingEvent), [e for each in chunk for e in each.events])
        claims = [each.claim for each in chunk if each.claim is not None]
        if claims:
            connection.execute(sa.insert(TimeClaim), claims)
        last_booking = chunk[-1].booking["id"]
        specialists |= {each.booking["specialist_id"] for each in chunk}
        yield len(specialists)
    held = appointments.hold(plan, next(generator.services(plan, category_ids)))
    connection.execute(sa.insert(Hold), [held])
    connection.execute(sa.insert(TimeClaim), [appointments.hold_claim(held)])
    follow_ids(connection, Booking, last_booking)
    follow_ids(connection, Hold, held["id"])
    yield plan.specialists


def _prepare(connection: sa.Connection) -> None:
    """Keep PostgreSQL from timing out a long statement, and others from adding rows meanwhile.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        names = ", ".join(
            model.__tablename__ for model in (User, Profile, Schedule, Category, Service, Session)
        )
        connection.execute(sa.text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def _refuse_if_inhabited(connection: sa.Connection) -> None:
    kinds = set(connection.scalars(sa.select(User.is_demo).distinct()))
    if False in kinds:
        raise DemoDataError(
            "This database holds real accounts; demo data is only loaded into one without any."
        )
    if True in kinds:
        raise DemoDataError("Demo data is already loaded; run `flask demo clear` first.")


def _counts(connection: sa.Connection) -> Counts:
    of_demo_users = Service.specialist_id.in_(_DEMO_USERS)
    by_role = sa.select(User.role, sa.func.count()).where(User.is_demo).group_by(User.role)
    roles = dict(connection.execute(by_role).all())
    return Counts(
        specialists=roles.get("specialist", 0),
        clients=roles.get("client", 0),
        services=connection.scalar(sa.select(sa.func.count(Service.id)).where(of_demo_users)) or 0,
        categories=connection.scalar(sa.select(sa.func.count(Category.id)).where(_ours())) or 0,
    )


def _ours() -> sa.ColumnElement[bool]:
    pairs = [(row["slug"], row["name"]) for row in generator.categories()]
    return sa.tuple_(Category.slug, Category.name).in_(pairs)


def _write_categories(connection: sa.Connection) -> dict[str, int]:
    """Add the missing categories; the ids of all by slug. Raises `DemoDataError`."""
    columns = (Category.slug, Category.id, Category.parent_id)
    present = {slug: (key, parent) for slug, key, parent in connection.execute(sa.select(*columns))}
    ids: dict[str, int] = {}
    for row in generator.categories():
        parent = row.pop("parent")
        parent_id = ids[parent] if parent else None
        if row["slug"] in present:
            ids[row["slug"]], present_parent = present[row["slug"]]
            if present_parent != parent_id:
                raise _in_the_way(row)
        else:
            ids[row["slug"]] = _write_category(connection, row, parent_id)
    return ids


def _write_category(connection: sa.Connection, row: Row, parent_id: int | None) -> int:
    levels = {"level": 1} if parent_id is None else {"level": 2, "parent_level": 1}
    insert = sa.insert(Category).values(parent_id=parent_id, **levels, **row).returning(Category.id)
    try:
        return connection.execute(insert).scalar_one()
    except sa.exc.IntegrityError as error:  # a sibling has the name
        raise _in_the_way(row) from error


def _in_the_way(row: Row) -> DemoDataError:
    return DemoDataError(
        f"A category stands where the demo data would put «{row['name']}» ({row['slug']});"
        " rename or remove it first."
    )


def _delete_idle_categories(connection: sa.Connection) -> None:
    child = sa.orm.aliased(Category)
    idle = sa.and_(
        _ours(),
        ~sa.exists().where(Service.category_id == Category.id),
        ~sa.exists().where(child.parent_id == Category.id),
    )
    for _level in ("children", "parents"):
        connection.execute(sa.delete(Category).where(idle))


def _chunks(rows: Iterator[Row]) -> Iterable[list[Row]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk
