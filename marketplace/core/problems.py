"""Everything that goes wrong becomes one form: problem details (RFC 9457) with our `code`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy.exc as sa_exc
from flask import Flask, Response
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from marketplace.core.database import is_passing
from marketplace.core.errors import STATUS, Code, DomainError, Message
from marketplace.core.json import encode
from marketplace.core.languages import request_language
from marketplace.core.messages import field_text, problem_texts

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2

_HTTP_CODES = {
    400: Code.MALFORMED_REQUEST,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.PAYLOAD_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    429: Code.TOO_MANY_REQUESTS,
}


def problem(
    code: Code,
    *,
    errors: Mapping[str, Sequence[Message]] | None = None,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    """The answer for a code in the request's language. Beside `errors`, which people read, stand
    `error_codes`, which do not change with the language.
    """
    language = request_language()
    status = STATUS[code]
    title, detail = problem_texts(code, language)
    body: dict[str, Any] = {
        "type": f"urn:marketplace:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = {
            name: [field_text(message, language) for message in messages]
            for name, messages in errors.items()
        }
        body["error_codes"] = {
            name: [message.key for message in messages] for name, messages in errors.items()
        }
    body.update(members or {})
    response = Response(encode(body), status, mimetype=MEDIA_TYPE)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept-Language")
    response.headers.update(headers or {})
    return response


def flatten(messages: Any, prefix: str = "") -> dict[str, list[Message]]:
    """Marshmallow's nested messages as `{"links.0": [Message, …]}`."""
    flat: dict[str, list[Message]] = {}
    for name, message in _walk(messages, prefix):
        flat.setdefault(name, []).append(message)
    return flat


def _walk(messages: Any, path: str) -> Iterator[tuple[str, Message]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            if name == "_schema":  # of the object itself
                yield from _walk(inner, path or "body")
            else:
                yield from _walk(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _walk(inner, path)
    else:
        yield path, messages


def install(app: Flask) -> None:
    """Register the handlers; none leaves an HTML page or a traceback to the client."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(sa_exc.IntegrityError, _integrity_error)
    app.register_error_handler(StaleDataError, _stale_data)
    app.register_error_handler(sa_exc.SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _unexpected)


def _domain_error(error: DomainError) -> Response:
    return problem(error.code, errors=error.errors, headers=error.headers, members=error.members)


def _http_exception(error: HTTPException) -> Response:
    code = _HTTP_CODES.get(error.code or 500)
    if code is None:
        if error.response is not None and (error.code or 500) < 400:  # noqa: PLR2004
            return error.get_response()  # type: ignore[return-value]
        code = Code.MALFORMED_REQUEST if 400 <= (error.code or 500) < 500 else Code.INTERNAL_ERROR  # noqa: PLR2004
    kept = ("Allow", "Retry-After", "Content-Range")
    headers = {name: value for name, value in error.get_headers() if name in kept}
    return problem(code, headers=headers)


def _integrity_error(error: sa_exc.IntegrityError) -> Response:
    log.warning("constraint refused a write: %s", type(error.orig).__name__)
    return problem(Code.CONFLICT)


def _stale_data(_error: StaleDataError) -> Response:
    return problem(Code.CONFLICT)


def _database_error(error: sa_exc.SQLAlchemyError) -> Response:
    passing = isinstance(error, sa_exc.TimeoutError) or (
        isinstance(error, sa_exc.DBAPIError) and is_passing(error)
    )
    if not passing:
        return _unexpected(error)
    log.error("database unavailable: %s", str(getattr(error, "orig", error)).splitlines()[0])
    return problem(Code.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return problem(Code.INTERNAL_ERROR)
