"""The way of every request: identity and clock, body guard, then authenticate, limit, admit.

Parsing is left to the route, so an anonymous caller of a closed route never sees 422.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from marketplace.core import limits, permissions
from marketplace.core.errors import Code, DomainError, Message
from marketplace.core.json import DuplicateName, decode
from marketplace.core.permissions import Access
from marketplace.core.request_log import request_id_of

JSON_LIMIT_BYTES = 64 * 1024
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON = "application/json"
_WITHOUT_BODY = frozenset({204, 304})


class ApiRequest(Request):
    """A request whose JSON is read strictly, whatever asks for it."""

    max_content_length = JSON_LIMIT_BYTES

    def strict_json(self) -> Any:
        """The body's document. Raises 400 `malformed_json` or `duplicate_parameter`."""
        try:
            return decode(self.get_data(cache=True))
        except DuplicateName:
            raise DomainError(Code.DUPLICATE_PARAMETER) from None
        except (ValueError, RecursionError):
            raise DomainError(Code.MALFORMED_JSON) from None

    def strict_args(self) -> Mapping[str, str]:
        """The query parameters. Raises 400 `duplicate_parameter` for one given twice, and
        `malformed_request` for what is not UTF-8.
        """
        try:
            unquote_to_bytes(self.query_string).decode()
        except UnicodeDecodeError:
            raise DomainError(Code.MALFORMED_REQUEST) from None
        arguments = self.args
        result = arguments.to_dict(flat=True)
        if len(result) != sum(len(values) for _, values in arguments.lists()):
            twice = next(name for name, values in arguments.lists() if len(values) > 1)
            errors = {twice: [Message("duplicate", {"name": twice})]}
            raise DomainError(Code.DUPLICATE_PARAMETER, errors=errors)
        return result


def install(app: Flask, authenticate: Callable[[], None]) -> None:
    """Register the guards; `authenticate` sets `g.viewer` or raises 401."""
    app.request_class = ApiRequest

    @app.before_request
    def admit() -> None:
        g.started = time.perf_counter()
        g.request_id = request_id_of(request.headers.get("X-Request-ID"))
        endpoint = request.endpoint
        if request.method == "OPTIONS":
            return
        if endpoint is None:
            # Nobody is authenticated for a 404 or 405, so it counts by address.
            limits.check_request()
            return
        access = permissions.access_of(current_app.view_functions[endpoint])
        if access is Access.INFRASTRUCTURE:
            return
        _guard_body()
        try:
            authenticate()
        finally:
            # A caller with a bad token is counted too, by address.
            limits.check_request()
        permissions.enforce(access)

    @app.after_request
    def finish(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-ID"] = g.get("request_id", "")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        if request.method == "OPTIONS" and response.status_code == HTTPStatus.OK:
            # Flask's own answer of methods is an empty HTML page.
            response.status_code = HTTPStatus.NO_CONTENT
        if response.status_code in _WITHOUT_BODY:
            headers.pop("Content-Type", None)
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        return response


def refuse_undeclared(app: Flask) -> None:
    """Raise `LookupError` for a route that says nothing of who may call it."""
    for endpoint in app.view_functions:
        permissions.access_of(app.view_functions[endpoint])


def _guard_body() -> None:
    if request.method not in METHODS_WITH_BODY:
        return
    if (request.content_length or 0) > JSON_LIMIT_BYTES:
        raise RequestEntityTooLarge
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype != _JSON and request.get_data(cache=True):
        raise DomainError(Code.UNSUPPORTED_MEDIA_TYPE)
