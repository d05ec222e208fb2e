"""/metrics, for a Prometheus."""

from __future__ import annotations

import hmac
import ipaddress

from flask import Blueprint, Response, current_app, request

from marketplace.core.clock import utc_now
from marketplace.core.errors import Code, not_found
from marketplace.core.limits import client_address
from marketplace.core.permissions import Access, declare_access, unauthorized
from marketplace.core.request_log import FORWARDED, FORWARDING_HEADERS
from marketplace.settings_monitoring import LOCAL, OFF, MonitoringSettings
from marketplace.system.metrics import Metrics

blp = Blueprint("metrics", __name__)

_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def show() -> Response:
    """Everything in Prometheus' text format, to whom the setting lets in."""
    _admit(current_app.config["MARKETPLACE"].monitoring)
    shown: Metrics = current_app.extensions["marketplace_metrics"]
    response = Response(shown.text(utc_now()), content_type=_TEXT_FORMAT)
    response.headers["Cache-Control"] = "no-store"
    return response


blp.add_url_rule("/metrics/", view_func=declare_access(show, Access.INFRASTRUCTURE))


def _admit(monitoring: MonitoringSettings) -> None:
    """Raises 404 where there is nothing to see, 401 for want of the token."""
    if monitoring.metrics == OFF or (monitoring.metrics == LOCAL and not _is_this_machine()):
        raise not_found()
    if monitoring.metrics == LOCAL:
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized(Code.TOKEN_REQUIRED)
    if not hmac.compare_digest(given.strip().encode(), monitoring.metrics_token.encode()):
        raise unauthorized(Code.TOKEN_INVALID)


def _is_this_machine() -> bool:
    """Whether the request came from here and through nobody's hands: a proxy on this machine has
    this machine's address, and speaks for strangers.
    """
    environ = request.environ
    if environ.get(FORWARDED) or any(header in environ for header in FORWARDING_HEADERS):
        return False
    try:
        address = ipaddress.ip_address(client_address())
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
