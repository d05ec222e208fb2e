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
SOUND = [
    *(("users", USER), ("profiles", PROFILE), ("categories", CATEGORY), ("categories", CHILD)),
    *(("services", SERVICE), ("sessions", SESSION)),
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
]
# SQLite names neither foreign keys nor the indexes behind a uniqueness.
ON_SQLITE = {
    "pk_profiles": "uq_profiles_user_id",
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
