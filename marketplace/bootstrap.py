"""The factory's plumbing: Flask itself, the database, CORS."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import sqlalchemy as sa
from alembic import command
from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask_cors import CORS
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from marketplace.core import media
from marketplace.core.api import IdConverter
from marketplace.core.database import database
from marketplace.core.deadlines import Room
from marketplace.core.engine import configure_engine
from marketplace.core.json import JSONProvider
from marketplace.settings import PROJECT_ROOT, Settings
from marketplace.system import metrics
from marketplace.system.readiness import Readiness

_DATABASE_PATIENCE_SECONDS = 2
_POSTGRES_SESSION = (
    "timezone=UTC",
    "lock_timeout=5000",
    "statement_timeout=15000",
    # A request has a processor of its own at best: helpers cost others more than they bring it.
    "max_parallel_workers_per_gather=0",
)
_EXPOSED_HEADERS = (
    "Content-Language",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "X-Request-ID",
    "X-Total-Count",
)


def new_app(settings: Settings) -> Flask:
    """A Flask application without static files; a path answers with and without its last slash."""
    app = Flask("marketplace", static_folder=None, instance_path=str(settings.instance_path))
    app.config["MARKETPLACE"] = settings
    app.config["SECRET_KEY"] = settings.secret_key
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    app.wsgi_app = _LastSlash(app.wsgi_app)  # type: ignore[method-assign]
    # Redirecting doubled slashes would drop a POST's body on its way.
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    app.json = JSONProvider(app)
    app.session_interface = NoCookies()
    return app


class _LastSlash:
    """A path without its last slash means the same path with it; files (a dot in the last part)
    have none. Done before routing, so that other methods on it are 405 and not 404.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.endswith("/") and "." not in path.rpartition("/")[2]:
            environ["PATH_INFO"] = path + "/"
        return self._application(environ, start_response)


class NoCookies(SessionInterface):
    """Nobody is known by a cookie here, so none is opened, and none can ever be set."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing to save."""


def _engine_options(settings: Settings) -> dict[str, Any]:
    # A signed-in request may hold its reader and a session's connection at once.
    connections = 2 * settings.threads + 2
    options: dict[str, Any] = {
        "pool_size": connections,
        "max_overflow": 0,
        # What a failing statement was given are people's contacts and hashes: not for a log.
        "hide_parameters": True,
        "pool_timeout": _DATABASE_PATIENCE_SECONDS,
    }
    if settings.database_url.startswith("postgresql"):
        options["connect_args"] = {
            "connect_timeout": _DATABASE_PATIENCE_SECONDS,
            # Nothing is prepared by itself: `configure_engine` says what is.
            "prepare_threshold": sys.maxsize,
            # A server that vanished without a word is given up in seconds, not hours.
            "tcp_user_timeout": 5_000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "options": " ".join(f"-c {setting}" for setting in _POSTGRES_SESSION),
        }
        options["pool_use_lifo"] = True
    else:
        options["poolclass"] = sa.QueuePool
        options["connect_args"] = {"check_same_thread": False}
    return options


def bind_database(app: Flask, db: SQLAlchemy, migrate: Migrate) -> None:
    """Bind the session and the engine's house rules, and the migrations' folder."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT_ROOT / "migrations"))
    database.bind(db.session, lambda: db.engine)
    app.teardown_appcontext(lambda _error: database.close_reader())
    with app.app_context():
        configure_engine(db.engine)


@contextmanager
def on_database(
    settings: Settings, db: SQLAlchemy, migrate: Migrate, url: str
) -> Iterator[Callable[[], None]]:
    """Another database in the present one's place for a while, in this thread: for what proves or
    mends a restored backup before anybody uses it. What is given brings it to the newest migration;
    its connections are closed at the end.
    """
    other = replace(settings, database_url=url)
    app = new_app(other)
    bind_database(app, db, migrate)
    media.configure(app, other, Room(other.threads))
    with app.app_context():
        config: Any = app.extensions["migrate"].migrate.get_config()
        try:
            yield partial(command.upgrade, config, "head")
        finally:
            database.close_reader()
            db.session.remove()
            db.engine.dispose()


def configure_cors(app: Flask, settings: Settings, cors: CORS) -> None:
    """Exact origins only; none configured means no CORS at all."""
    if settings.cors_origins:
        cors.init_app(
            app,
            origins=list(settings.cors_origins),
            always_send=False,
            expose_headers=list(_EXPOSED_HEADERS),
            max_age=600,
        )

        @app.after_request
        def vary_by_origin(response: Response) -> Response:
            # The extension leaves it out for a single origin, and a cache would mix the answers.
            response.vary.add("Origin")
            return response


def watch(app: Flask, settings: Settings) -> None:
    """Keep the application's signs of life. All routes are registered."""
    readiness = Readiness(settings, app.app_context)
    app.extensions["marketplace_readiness"] = readiness
    app.extensions["marketplace_metrics"] = metrics.Metrics(readiness)
    routes = [(rule.rule, rule.methods or ()) for rule in app.url_map.iter_rules()]
    with app.app_context():
        metrics.watch(routes, database.engine())
