"""What the trusted proxy says of the client is checked before it is believed."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from marketplace.core.accept_language import accepted_language
from marketplace.core.request_log import (
    FORWARDED,
    FORWARDING_HEADERS,
    answered_by_server,
    request_id_of,
)
from marketplace.server.problems import problem


def strict_proxy_headers(application: WSGIApplication, trusted_proxy: str) -> WSGIApplication:
    """Leave one plain IP address in `X-Forwarded-For`, the proxy's own entry, or answer 400.

    An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is made plain, so that one client is one
    address everywhere.
    """

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        if environ["REMOTE_ADDR"] == trusted_proxy and not _tidy(environ):
            language = accepted_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
            request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID"))
            status, headers, body = problem(400, language, request_id)
            start_response(status, headers)
            answered_by_server(
                request_id,
                method=environ["REQUEST_METHOD"],
                status=400,
                seconds=time.perf_counter() - started,
                # The proxy's: whom it speaks for is what could not be read.
                address=environ["REMOTE_ADDR"],
            )
            return [body]
        return application(environ, start_response)

    return checked


def tell_forwarded(application: WSGIApplication) -> WSGIApplication:
    """Note that somebody says to have handed the request on, before what strangers say is removed.

    A proxy on this machine looks like this machine.
    """

    def noted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[FORWARDED] = any(header in environ for header in FORWARDING_HEADERS)
        return application(environ, start_response)

    return noted


def _tidy(environ: WSGIEnvironment) -> bool:
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    if forwarded is not None:
        try:
            address = ipaddress.ip_address(forwarded.rpartition(",")[2].strip())
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        environ["HTTP_X_FORWARDED_FOR"] = str(mapped or address)
    return environ.get("HTTP_X_FORWARDED_PROTO", "http").lower() in ("http", "https")
