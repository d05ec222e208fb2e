"""The way of every request: identity and clock, body guard, then authenticate, limit, admit.

Parsing is left to the route, so an anonymous caller of a closed route never sees 422.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from marketplace.core import limits, permissions
from marketplace.core.errors import Code, DomainError, Message
from marketplace.core.json import DuplicateName, decode
from marketplace.core.permissions import Access, View
from marketplace.core.request_log import request_id_of

JSON_LIMIT_BYTES = 64 * 1024
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON = "application/json"
_MULTIPART = "multipart/form-data"
_WITHOUT_BODY = frozenset({204, 304})


# What a multipart body may hold beside its file: boundaries, headers of parts, other fields.
UPLOAD_OVERHEAD_BYTES = 16 * 1024
_MAX_PARTS = 10
_MAX_NAME = 100


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

    def one_file(self, name: str, limit: int) -> bytes:
        """The one file of a multipart body, whatever its own name; nothing but it is taken.

        Raises 415, 400 `malformed_request`, 413 and 422 `invalid_fields`.
        """
        if self.mimetype != _MULTIPART and (self.mimetype or self.content_length):
            raise DomainError(Code.UNSUPPORTED_MEDIA_TYPE)
        parser = FormDataParser(
            # In memory, which the body's limit bounds: files on disk would be left open.
            stream_factory=lambda *_args, **_kwargs: BytesIO(),
            max_form_memory_size=self.max_form_memory_size,
            max_content_length=self.max_content_length,
            max_form_parts=_MAX_PARTS,
            silent=False,
        )
        try:
            _, fields, files = parser.parse(
                self.stream, self.mimetype, self.content_length, self.mimetype_params
            )
        except ValueError:
            raise DomainError(Code.MALFORMED_REQUEST) from None
        others = {*fields, *files} - {name}
        if None in others:  # a part without a name
            raise DomainError(Code.MALFORMED_REQUEST)
        errors = {other[:_MAX_NAME]: [Message("unknown")] for other in others}
        given = files.getlist(name)
        if name in fields:
            errors[name] = [Message("file")]
        elif not given:
            errors[name] = [Message("required")]
        elif len(given) > 1:
            errors[name] = [Message("duplicate", {"name": name})]
        if errors:
            raise DomainError(Code.INVALID_FIELDS, errors=errors)
        data = given[0].stream.read(limit + 1)
        if len(data) > limit:
            raise RequestEntityTooLarge
        return data

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
        _guard_body(upload_limit_of(current_app.view_functions[endpoint]))
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


def declare_upload(view: View, limit: int) -> View:
    """Mark a view that takes a multipart body with a file of at most `limit` bytes; wrappers made
    with `functools.wraps` keep the mark.
    """
    view.__upload_limit__ = limit  # type: ignore[attr-defined]
    return view


def upload_limit_of(view: Callable[..., object]) -> int | None:
    """The declared limit, or None for a view that takes JSON only."""
    limit: int | None = getattr(view, "__upload_limit__", None)
    return limit


def _guard_body(upload_limit: int | None) -> None:
    if request.method not in METHODS_WITH_BODY:
        return
    if upload_limit is not None:
        # Read, and told apart from other types, only once the caller is let in.
        request.max_content_length = upload_limit + UPLOAD_OVERHEAD_BYTES
        if (request.content_length or 0) > request.max_content_length:
            raise RequestEntityTooLarge
        return
    if (request.content_length or 0) > JSON_LIMIT_BYTES:
        raise RequestEntityTooLarge
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype != _JSON and request.get_data(cache=True):
        raise DomainError(Code.UNSUPPORTED_MEDIA_TYPE)
