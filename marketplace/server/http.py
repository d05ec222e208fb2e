"""Waitress, set up for this product."""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import Any
from wsgiref.types import WSGIApplication

import waitress.server

from marketplace.server.channel import Channel
from marketplace.server.proxy import strict_proxy_headers, tell_forwarded
from marketplace.settings import Settings

BACKLOG = 1024
MAX_BODY_BYTES = 6 * 1024 * 1024
MAX_HEADER_BYTES = 16 * 1024
IDLE_CONNECTION_SECONDS = 30
CONNECTION_LIMIT = 500


def create_server(
    application: WSGIApplication, settings: Settings, listener: socket.socket, loop_map: Any
) -> Any:
    """A waitress server on the bound `listener`, in the event loop's `loop_map`, not yet polled."""
    _route_logs()
    proxy: dict[str, Any] = {}
    if settings.trusted_proxy:
        trusted = str(ipaddress.ip_address(settings.trusted_proxy))
        proxy = {
            "trusted_proxy": trusted,
            "trusted_proxy_count": 1,
            "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto",
        }
    server = waitress.server.create_server(
        application,
        map=loop_map,
        sockets=[listener],
        threads=settings.threads,
        backlog=BACKLOG,
        connection_limit=CONNECTION_LIMIT,
        channel_timeout=IDLE_CONNECTION_SECONDS,
        cleanup_interval=5,
        max_request_body_size=MAX_BODY_BYTES,
        max_request_header_size=MAX_HEADER_BYTES,
        ident=None,
        expose_tracebacks=False,
        clear_untrusted_proxy_headers=True,
        log_untrusted_proxy_headers=False,
        **proxy,
    )
    if settings.trusted_proxy:
        server.application = strict_proxy_headers(server.application, trusted)
    server.application = tell_forwarded(server.application)
    server.channel_class = Channel
    server.stopping = False
    return server


def _route_logs() -> None:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    ours = logging.getLogger("marketplace")
    if ours.handlers:
        theirs = logging.getLogger("waitress")
        theirs.handlers[:] = ours.handlers
        theirs.propagate = False
