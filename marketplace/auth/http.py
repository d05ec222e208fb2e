"""What the account routes share: the device, wrong passwords, answers that no cache may keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, request

from marketplace.auth.devices import USER_AGENT_MAX, Device
from marketplace.core import limits
from marketplace.core.conditional import json_response
from marketplace.core.errors import Code, DomainError
from marketplace.core.json import encode


def device() -> Device:
    """The device the request came from."""
    user_agent = request.headers.get("User-Agent", "")
    printable = "".join(char for char in user_agent if char.isprintable())
    return Device(printable[:USER_AGENT_MAX], limits.client_address())


def secret(payload: Any, status: int = 200) -> Response:
    """An answer no cache may keep."""
    response = json_response(encode(payload), status)
    response.headers["Cache-Control"] = "no-store"
    return response


@contextmanager
def counting_wrong_passwords(user_id: int) -> Iterator[None]:
    """Raise 429 to whoever gave too many already; count another one."""
    bucket = ("password_change", str(user_id))
    limits.require_room(bucket)
    try:
        yield
    except DomainError as error:
        if error.code is Code.WRONG_PASSWORD:
            limits.hit(bucket)
        raise
