"""A request's identity and its one log line, whoever answers: the application or the server."""

from __future__ import annotations

import logging
import re
import uuid

from marketplace.core import request_metrics

_access = logging.getLogger("marketplace.access")
# Where a request says whether it came through a proxy, and what it is seen by.
FORWARDED = "marketplace.forwarded"
FORWARDING_HEADERS = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"),
    *("HTTP_VIA", "HTTP_X_REAL_IP"),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)


def request_id_of(given: str | None) -> str:
    """The caller's `X-Request-ID` when it is fit for a log, else a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def is_wanted() -> bool:
    """Whether a line would be written at the present level."""
    return _access.isEnabledFor(logging.INFO)


def write_line(
    request_id: str | None,
    *,
    method: str | None,
    status: int,
    ms: float | None,
    address: str,
    route: str | None = None,
    user_id: int | None = None,
) -> None:
    """Write the line; `method` is None when the request could not be read so far."""
    fields = {
        "method": method,
        "route": route,
        "status": status,
        "ms": ms,
        "user_id": user_id,
        "address": address,
    }
    _access.info("request", extra={"fields": fields, "request_id": request_id})


def answered_by_server(
    request_id: str, *, method: str | None, status: int, seconds: float, address: str
) -> None:
    """Count and write down what never reached the application."""
    request_metrics.observe(request_metrics.SERVER, method, status, seconds)
    ms = round(seconds * 1000, 1)
    write_line(request_id, method=method, status=status, ms=ms, address=address)
