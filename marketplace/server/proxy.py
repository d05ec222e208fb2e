"""What the trusted proxy says of the client is checked before it is believed."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from marketplace.core.accept_language import accepted_language
from marketplace.server.problems import problem


def strict_proxy_headers(application: WSGIApplication, trusted_proxy: str) -> WSGIApplication:
    """Leave one plain IP address in `X-Forwarded-For`, the proxy's own entry, or answer 400.

    An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is made plain, so that one client is one
    address everywhere.
    """

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REMOTE_ADDR"] == trusted_proxy and not _tidy(environ):
            language = accepted_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
            status, headers, body = problem(400, language, uuid.uuid4().hex)
            start_response(status, headers)
            return [body]
        return application(environ, start_response)

    return checked


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
