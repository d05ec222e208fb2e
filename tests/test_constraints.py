"""What the database itself refuses, past every rule of the application's own."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from marketplace.core.database import violated
from marketplace.extensions import db

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
TIMES = {"created_at": NOW, "updated_at": NOW, "version": 1}
USER = TIMES | {
    "id": 1,
    "username": "Мастер",
    "username_folded": "мастер",
    "phone": "+79161234567",
    "password_hash": "-",
    "role": "specialist",
    "language": "ru",
    "is_demo": False,
}
PROFILE = TIMES | dict.fromkeys(("full_name", "bio", "city", "city_folded"), "")
PROFILE |= {"user_id": 1, "links": "[]", "experience_years": 0, "timezone": "Europe/Moscow"}
CATEGORY = {"id": 1, "level": 1, "slug": "beauty", "name": "Красота", "name_folded": "красота"}
CATEGORY |= {"position": 1, "version": 1}
CHILD = CATEGORY | {"id": 2, "parent_id": 1, "level": 2, "parent_level": 1, "slug": "nails"}
SERVICE = TIMES | {
    "id": 1,
    "specialist_id": 1,
    "category_id": 2,
    "name": "Маникюр",
    "name_folded": "маникюр",
    "description": "",
    "price": 0,
    "duration_minutes": 5,
    "visible": True,
    "owner_blocked": False,
}
SESSION = dict.fromkeys(("device", "user_agent", "ip", "refresh_jti", "refresh_key_id"), "")
SESSION |= dict.fromkeys(("created_at", "last_seen_at", "refresh_issued_at", "expires_at"), NOW)
SESSION |= {"id": 1, "user_id": 1}
SCHEDULE = {"user_id": 1, "updated_at": NOW, "version": 1, "auto_confirm": True}
SCHEDULE |= {"slot_step_minutes": 5, "min_notice_minutes": 0, "horizon_days": 1}
SCHEDULE |= dict.fromkeys(("buffer_before_minutes", "buffer_after_minutes"), 0)
SCHEDULE |= {"cancel_notice_minutes": 0}
MORNING = {"start_minute": 600, "end_minute": 720}
HOURS = MORNING | {"user_id": 1, "weekday": 1}
AWAY = {"id": 1, "user_id": 1, "date_from": "2026-11-24", "date_to": "2026-11-26"}
AWAY |= {"reason": "", "created_at": NOW}
AWAY_HOURS = MORNING | {"exception_id": 1}
KEY = {"user_id": 1, "route": "services.create_service", "key": "k", "fingerprint": "-"}
KEY |= {"headers": "{}", "body": "", "expires_at": NOW}
SOUND = [
    *(("users", USER), ("profiles", PROFILE), ("categories", CATEGORY), ("categories", CHILD)),
    *(("services", SERVICE), ("sessions", SESSION), ("schedules", SCHEDULE)),
    *(("working_hours", HOURS), ("schedule_exceptions", AWAY)),
    *(("exception_intervals", AWAY_HOURS), ("idempotency_keys", KEY)),
]


def insert(connection: sa.Connection, table: str, row: dict[str, object]) -> None:
    """The row by raw SQL; SQLite keeps moments as whole numbers."""
    if connection.dialect.name == "sqlite":
        row = {name: 0 if value is NOW else value for name, value in row.items()}
    columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)


SECOND_USER = USER | {"id": 2, "username_folded": "ученик", "phone": "+79161234568"}
NEXT = {"id": 3, "slug": "third", "name_folded": "третья"}
FOREIGN_KEY = "FOREIGN KEY constraint failed"
EXCEPTION_KEY = "fk_exception_intervals_exception_id_schedule_exceptions"
LATER = {"id": 2, "date_from": "2027-01-01", "date_to": "2027-01-01"}
SETTINGS = (
    ("slot_step_minutes", 5, 240),
    ("min_notice_minutes", 0, 43_200),
    ("horizon_days", 1, 365),
    ("buffer_before_minutes", 0, 240),
    ("buffer_after_minutes", 0, 240),
    ("cancel_notice_minutes", 0, 43_200),
)
REFUSED = [
    ("users", SECOND_USER | {"username_folded": "мастер"}, "uq_users_username_folded"),
    ("users", SECOND_USER | {"phone": "+79161234567"}, "uq_users_phone"),
    ("users", SECOND_USER | {"phone": None}, "ck_users_contact"),
    ("users", SECOND_USER | {"email": "a@example.org"}, "ck_users_email_folded"),
    ("users", SECOND_USER | {"role": "owner"}, "ck_users_role"),
    ("users", SECOND_USER | {"language": "de"}, "ck_users_language"),
    ("users", SECOND_USER | {"username": "аб"}, "ck_users_username_length"),
    ("profiles", PROFILE, "pk_profiles"),
    ("profiles", PROFILE | {"user_id": 9}, "fk_profiles_user_id_users"),
    ("categories", CHILD | NEXT | {"parent_id": 2}, "fk_categories_parent_id_categories"),
    ("categories", CHILD | NEXT | {"parent_id": 2, "parent_level": 2}, "ck_categories_level"),
    ("categories", CHILD | NEXT | {"level": 3}, "ck_categories_level"),
    ("categories", CHILD | {"id": 3, "slug": "x"}, "uq_categories_parent_id_name_folded"),
    ("categories", CATEGORY | {"id": 3, "slug": "x"}, "uq_categories_top_level"),
    ("categories", CATEGORY | NEXT | {"slug": "beauty"}, "uq_categories_slug"),
    ("services", SERVICE | {"id": 2, "price": -1}, "ck_services_price"),
    ("services", SERVICE | {"id": 2, "price": 10_000_000_000}, "ck_services_price"),
    ("services", SERVICE | {"id": 2, "duration_minutes": 4}, "ck_services_duration_minutes"),
    ("services", SERVICE | {"id": 2, "duration_minutes": 1441}, "ck_services_duration_minutes"),
    ("services", SERVICE | {"id": 2, "name": ""}, "ck_services_name_length"),
    ("services", SERVICE | {"id": 2, "category_id": 9}, "fk_services_category_id_categories"),
    ("sessions", SESSION | {"id": 2, "ended_at": NOW}, "ck_sessions_end_reason"),
    ("sessions", SESSION | {"id": 2, "end_reason": "logout"}, "ck_sessions_end_reason"),
    ("schedules", SCHEDULE, "pk_schedules"),
    ("schedules", SCHEDULE | {"user_id": 9}, "fk_schedules_user_id_profiles"),
    *(
        ("schedules", SCHEDULE | {name: value}, f"ck_schedules_{name}")
        for name, low, high in SETTINGS
        for value in (low - 1, high + 1)
    ),
    ("working_hours", HOURS | {"weekday": 0}, "ck_working_hours_weekday"),
    ("working_hours", HOURS | {"weekday": 8}, "ck_working_hours_weekday"),
    ("working_hours", HOURS | {"user_id": 9}, "fk_working_hours_user_id_schedules"),
    ("exception_intervals", AWAY_HOURS | {"exception_id": 9}, EXCEPTION_KEY),
    *(
        (table, row | {"start_minute": start, "end_minute": end}, f"ck_{table}_interval")
        for table, row in (("working_hours", HOURS), ("exception_intervals", AWAY_HOURS))
        for start, end in ((-1, 60), (60, 60), (70, 60), (1380, 1441))
    ),
    *(
        (table, row | {"start_minute": start, "end_minute": end}, f"ex_{table}_overlap")
        for table, row in (("working_hours", HOURS), ("exception_intervals", AWAY_HOURS))
        for start, end in ((599, 601), (719, 800), (630, 640), (0, 1440))
    ),
    *(
        ("schedule_exceptions", AWAY | {"id": 2, "date_from": first, "date_to": last}, constraint)
        for first, last, constraint in (
            ("2027-01-02", "2027-01-01", "ck_schedule_exceptions_dates"),
            ("2027-01-01", "2028-01-02", "ck_schedule_exceptions_days"),
            ("2026-11-26", "2026-11-30", "ex_schedule_exceptions_overlap"),
            ("2026-11-20", "2026-11-24", "ex_schedule_exceptions_overlap"),
            ("2026-11-25", "2026-11-25", "ex_schedule_exceptions_overlap"),
            ("2026-01-01", "2026-12-31", "ex_schedule_exceptions_overlap"),
        )
    ),
    (
        *("schedule_exceptions", AWAY | LATER | {"reason": "я" * 501}),
        "ck_schedule_exceptions_reason_length",
    ),
    (
        *("schedule_exceptions", AWAY | LATER | {"user_id": 9}),
        "fk_schedule_exceptions_user_id_schedules",
    ),
    ("idempotency_keys", KEY, "pk_idempotency_keys"),
    ("idempotency_keys", KEY | {"user_id": 9}, "fk_idempotency_keys_user_id_users"),
]
# SQLite names neither foreign keys nor the indexes behind a uniqueness.
ON_SQLITE = {
    "pk_profiles": "uq_profiles_user_id",
    "pk_schedules": "uq_schedules_user_id",
    "pk_idempotency_keys": "uq_idempotency_keys_user_id_route_key",
    "uq_categories_top_level": "uq_categories_name_folded",
}


def refusal(connection: sa.Connection, act: Callable[[], object]) -> str:
    with pytest.raises(IntegrityError) as caught, connection.begin_nested():
        act()
    return violated(caught.value)


def expected(connection: sa.Connection, constraint: str) -> str:
    if connection.dialect.name == "postgresql":
        return constraint
    return FOREIGN_KEY if constraint.startswith("fk_") else ON_SQLITE.get(constraint, constraint)


@pytest.mark.parametrize(("table", "row", "constraint"), REFUSED)
def test_the_database_itself_refuses_a_bad_row(
    app: Flask, table: str, row: dict[str, object], constraint: str
) -> None:
    with app.app_context(), db.engine.connect() as connection:
        for name, sound in SOUND:
            insert(connection, name, sound)

        refused = refusal(connection, lambda: insert(connection, table, row))

        assert refused == expected(connection, constraint)


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ("users WHERE id = 1", "fk_services_specialist_id_users"),
        ("categories WHERE id = 2", "fk_services_category_id_categories"),
        ("categories WHERE id = 1", "fk_categories_parent_id_categories"),
    ],
)
def test_the_database_keeps_what_others_refer_to(app: Flask, row: str, constraint: str) -> None:
    with app.app_context(), db.engine.connect() as connection:
        for name, sound in SOUND:
            insert(connection, name, sound)

        refused = refusal(connection, lambda: connection.execute(sa.text(f"DELETE FROM {row}")))

        assert refused == expected(connection, constraint)


TOUCHING = [
    ("working_hours", HOURS | {"start_minute": 720, "end_minute": 780}, "start_minute = 719"),
    ("working_hours", HOURS | {"start_minute": 540, "end_minute": 600}, "end_minute = 601"),
    ("working_hours", HOURS | {"weekday": 2}, "weekday = 1, start_minute = 601"),
    (
        "exception_intervals",
        AWAY_HOURS | {"start_minute": 720, "end_minute": 780},
        "start_minute = 719",
    ),
    ("schedule_exceptions", AWAY | LATER | {"date_from": "2026-11-27"}, "date_from = '2026-11-26'"),
]


@pytest.mark.parametrize(("table", "row", "change"), TOUCHING)
def test_what_only_touches_is_kept_and_may_not_be_moved_into_its_neighbour(
    app: Flask, table: str, row: dict[str, object], change: str
) -> None:
    own = {name: value for name, value in row.items() if name in ("weekday", "start_minute", "id")}
    where = " AND ".join(f"{name} = {value}" for name, value in own.items())
    with app.app_context(), db.engine.connect() as connection:
        for name, sound in SOUND:
            insert(connection, name, sound)
        insert(connection, table, row)
        moved = sa.text(f"UPDATE {table} SET {change} WHERE {where}")

        assert refusal(connection, lambda: connection.execute(moved)) == f"ex_{table}_overlap"
        same = connection.execute(
            sa.text(f"UPDATE {table} SET {next(iter(own))} = {next(iter(own))} WHERE {where}")
        )
        assert same.rowcount == 1
