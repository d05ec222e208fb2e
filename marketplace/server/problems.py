"""The answers of the server itself, to requests that never reach the application."""

from __future__ import annotations

from http import HTTPStatus

from marketplace.core.errors import STATUS, Code
from marketplace.core.json import encode
from marketplace.core.messages import problem_texts

CODES = {
    400: Code.MALFORMED_REQUEST,
    413: Code.PAYLOAD_TOO_LARGE,
    431: Code.HEADERS_TOO_LARGE,
    500: Code.INTERNAL_ERROR,
    501: Code.NOT_IMPLEMENTED,
}


def problem(
    status: int, language: str, request_id: str
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, headers and body (RFC 9457) for a status of `CODES`; any other becomes 500."""
    code = CODES.get(status, Code.INTERNAL_ERROR)
    title, detail = problem_texts(code, language)
    body = {
        "type": f"urn:marketplace:problem:{code}",
        "title": title,
        "status": STATUS[code],
        "detail": detail,
        "code": code,
    }
    content = encode(body).encode()
    headers = [
        ("Cache-Control", "no-store"),
        ("Content-Language", language),
        ("Content-Length", str(len(content))),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Content-Type", "application/problem+json"),
        ("Referrer-Policy", "no-referrer"),
        ("Vary", "Accept-Language"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("X-Request-ID", request_id),
    ]
    return f"{STATUS[code]} {HTTPStatus(STATUS[code]).phrase}", headers, content
