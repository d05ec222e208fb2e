"""Log lines: JSON on stdout in production, one readable line in development.

A line never holds a body, a query string, a header or a person's contact; only what is listed here.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, g, has_request_context, request

from marketplace.core import request_log, request_metrics
from marketplace.core.json import encode
from marketplace.core.limits import client_address
from marketplace.core.permissions import optional_viewer
from marketplace.settings import Settings


class _RequestContext(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # The server's own lines come with theirs: there is no context outside the application.
        if not hasattr(record, "request_id"):
            record.request_id = g.get("request_id") if has_request_context() else None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line; line breaks inside values are escaped by JSON itself."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "request_id": getattr(record, "request_id", None),
        }
        fields = getattr(record, "fields", None)
        if fields is None:
            line["logger"] = record.name
            line["message"] = record.getMessage()
        else:
            line.update(fields)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return encode(line)


class ReadableFormatter(logging.Formatter):
    """For a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        if fields is None:
            text = f"{clock} {record.levelname:<7} {record.getMessage()}"
        else:
            text = (
                f"{clock} {fields['status']} {fields['method'] or '-':<6} {fields['route']} "
                f"{fields['ms']} ms user={fields['user_id']} id={record.__dict__['request_id']}"
            )
        text = text.replace("\r", "\\r").replace("\n", "\\n")
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def send_to_stdout(settings: Settings) -> None:
    """Send every log line of the process to stdout in the environment's form."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_RequestContext())
    readable = settings.environment == "development"
    handler.setFormatter(ReadableFormatter() if readable else JsonFormatter())
    logger = logging.getLogger("marketplace")
    logger.handlers[:] = [handler]
    logger.setLevel(settings.log_level)
    logger.propagate = False


def configure(app: Flask, settings: Settings) -> None:
    """Send every log line of the process to stdout; count each request and write its line."""
    send_to_stdout(settings)
    app.wsgi_app = _counted(app.wsgi_app)  # type: ignore[assignment,method-assign]

    @app.after_request
    def write_line(response: Response) -> Response:
        rule = request.url_rule
        route = rule.rule if rule is not None else None
        started = g.get("started")
        seconds = 0.0 if started is None else time.perf_counter() - started
        request_metrics.observe(route, request.method, response.status_code, seconds)
        if not request_log.is_wanted():
            return response
        viewer = optional_viewer()
        request_log.write_line(
            g.get("request_id"),
            method=request.method,
            route=route,
            status=response.status_code,
            ms=None if started is None else round(seconds * 1000, 1),
            user_id=None if viewer is None else viewer.user_id,
            address=client_address(),
        )
        return response


def _counted(application: WSGIApplication) -> WSGIApplication:
    def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_metrics.begin()
        try:
            return application(environ, start_response)
        finally:
            request_metrics.end()

    return counted
