"""Unforeseen errors told to a Sentry, where one is set: what failed and where, never whose.

An event is made anew of the few things named here, so that what a new version of the client adds
stays here. What an error says may quote a person's own words: everything in quotes, and what looks
like an address, a number or a token, is taken out, and of the databases' errors all but the
statement.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from flask import g, has_request_context, request

from marketplace.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

FLUSH_SECONDS = 2.0
_KEPT = ("event_id", "timestamp", "platform", "level", "logger", "environment", "server_name")
_FRAME = ("filename", "abs_path", "function", "module", "lineno", "in_app")
_CODE = ("pre_context", "context_line", "post_context")
_HIDDEN = "…"
# One that is not closed hides the rest.
_QUOTED = re.compile(r"""(?<!\w)(['"«`]).*?(?:\1(?!\w)|»|$)""", re.DOTALL)
_ADDRESS = re.compile(r"[^\s@<>(),;=]+@[^\s@<>(),;=]+")
_NUMBER = re.compile(r"\+?\d[\d ()-]{5,}\d")
_TOKEN = re.compile(r"[\w./+=$-]{24,}")
_DATABASE_MODULES = ("sqlalchemy", "psycopg", "sqlite3")
_STATEMENT = re.compile(r"\[SQL: (.*?)\]\n", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_MOST_TEXT = 2_000


class ReportHandler(logging.Handler):
    """Reports what is logged with an exception as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        if not record.exc_info or record.exc_info[1] is None:
            return
        import sentry_sdk  # noqa: PLC0415 - see `configure`

        try:
            with sentry_sdk.new_scope() as scope:
                scope.set_tags(_tags(record))
                scope.capture_exception(record.exc_info[1])
        except Exception:  # noqa: BLE001 - whoever logs must not fail for it
            self.handleError(record)

    def flush(self) -> None:
        """Wait for reports on their way, for 2 s at most."""
        import sentry_sdk  # noqa: PLC0415 - see `configure`

        sentry_sdk.flush(FLUSH_SECONDS)


def configure(settings: Settings) -> None:
    """Report this process's errors from now on, if the settings say where to. After the log."""
    logger = logging.getLogger("marketplace")
    logger.handlers[:] = [each for each in logger.handlers if not isinstance(each, ReportHandler)]
    if not settings.monitoring.sentry_dsn:
        return
    # Its import weighs some megabytes, which a process without a Sentry need not carry.
    import sentry_sdk  # noqa: PLC0415

    sentry_sdk.init(
        settings.monitoring.sentry_dsn,
        environment=settings.environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        # Else these are taken from the environment, and the release from a git run here.
        release="",
        debug=False,
        spotlight=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=scrubbed,
    )
    logger.addHandler(ReportHandler())


def _tags(record: logging.LogRecord) -> dict[str, str]:
    tags = {"logger": record.name}
    if has_request_context():
        rule = request.url_rule
        tags |= {
            "request_id": str(g.get("request_id") or ""),
            "route": rule.rule if rule is not None else "",
            "method": request.method,
        }
    elif getattr(record, "request_id", None):
        tags["request_id"] = record.__dict__["request_id"]
    return tags


def scrubbed(event: Event, _hint: Hint) -> Event:
    """The event with nothing in it but what is meant to be told."""
    given: dict[str, Any] = dict(event)
    kept: dict[str, Any] = {name: given[name] for name in _KEPT if name in given}
    kept["tags"] = given.get("tags", {})
    kept["transaction"] = kept["tags"].get("route", "")
    chain = (given.get("exception") or {}).get("values") or []
    kept["exception"] = {"values": [_exception(one) for one in chain]}
    return kept  # type: ignore[return-value]


def _exception(given: dict[str, Any]) -> dict[str, Any]:
    frames = (given.get("stacktrace") or {}).get("frames") or []
    module = str(given.get("module") or "")
    return {
        "type": given.get("type"),
        "module": module,
        "value": _words(module, str(given.get("value") or "")),
        "mechanism": given.get("mechanism"),
        "stacktrace": {
            "frames": [
                {name: frame[name] for name in (*_FRAME, *_CODE) if name in frame}
                for frame in frames
            ]
        },
    }


def _words(module: str, said: str) -> str:
    """What an error says, without what may be a person's."""
    if module.split(".", maxsplit=1)[0] in _DATABASE_MODULES:
        statement = _STATEMENT.search(said)
        return _LITERAL.sub(_HIDDEN, statement[1])[:_MOST_TEXT] if statement else ""
    for pattern in (_QUOTED, _ADDRESS, _NUMBER, _TOKEN):
        said = pattern.sub(_HIDDEN, said)
    return said[:_MOST_TEXT]
