"""SELECTs straight to the database's driver.

What SQLAlchemy adds to an execution (a context, a result, its metadata) costs as much as SQLite
takes to answer by key. It still owns the connection, and is what anybody who listens to its events
sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from marketplace.core.database import OUTDATED_PLAN, PLAN_ONCE_OPTION

Rows = list[tuple[Any, ...]]


def select_rows(
    connection: sa.Connection, sql: str, parameters: Mapping[str, Any], *, plan_once: bool
) -> Rows:
    """All rows as the driver gives them. Parameters are named in the driver's style. `plan_once`
    has PostgreSQL plan the statement once for each connection, whatever the values.

    Raises `sa.exc.DBAPIError` as SQLAlchemy does.
    """
    if connection.engine.dispatch.before_cursor_execute:
        return _by_sqlalchemy(connection, sql, parameters, plan_once=plan_once)
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    options = {"prepare": plan_once} if dialect.name == "postgresql" else {}
    failures: Any = cast("Any", dialect.loaded_dbapi).Error
    try:
        try:
            return cast("Rows", driver.execute(sql, parameters, **options).fetchall())
        except failures as error:
            if getattr(error, "sqlstate", None) != OUTDATED_PLAN or not driver.autocommit:
                raise  # `transactional` begins anew
            driver.execute("DEALLOCATE ALL")
            return cast("Rows", driver.execute(sql, parameters, **options).fetchall())
    except failures as error:
        if dialect.is_disconnect(error, driver, None):
            # Fails again, and then the pool knows that its other connections are lost too.
            return _by_sqlalchemy(connection, sql, parameters, plan_once=plan_once)
        raise DBAPIError.instance(
            sql, None, error, failures, hide_parameters=True, dialect=dialect
        ) from error


def _by_sqlalchemy(
    connection: sa.Connection, sql: str, parameters: Mapping[str, Any], *, plan_once: bool
) -> Rows:
    options = {PLAN_ONCE_OPTION: True} if plan_once else None
    result = connection.exec_driver_sql(sql, dict(parameters), options)
    found = cast("Rows", result.cursor.fetchall())
    result.close()
    return found
