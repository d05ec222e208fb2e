"""What the account routes share: the caller's device, answers that no cache may keep."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from marketplace.auth.devices import USER_AGENT_MAX, Device
from marketplace.core import limits
from marketplace.core.conditional import json_response
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
