"""Callers who are limited, and an application that does not wait long for locks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from actors import Actor
from flask import Flask
from sqlalchemy import event

from marketplace.extensions import db
from marketplace.settings import RateLimitSettings

FEW = RateLimitSettings(anonymous="5/minute", signed_in="7/minute")


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Callable[..., Actor]:
    """A caller of an application with small limits."""

    def make(**changes: Any) -> Actor:
        app = make_app(**{"rate_limits": True, "limits": FEW} | changes)
        return Actor(app.test_client())

    return make


@pytest.fixture
def impatient(make_app: Callable[..., Flask]) -> Flask:
    """The application on the same database, which waits for a lock a tenth of a second."""
    app = make_app()
    with app.app_context():
        engine = db.engine
    sqlite = engine.dialect.name == "sqlite"

    def shorten(connection: Any, _entry: object) -> None:
        statement = "PRAGMA busy_timeout=100" if sqlite else "SET lock_timeout=100"
        connection.execute(statement).close()
        connection.commit()

    event.listen(engine, "connect", shorten)
    engine.dispose()
    return app
