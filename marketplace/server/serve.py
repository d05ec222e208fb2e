"""Listening and serving, in one process or several."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from wsgiref.types import WSGIApplication

from marketplace.core import metrics
from marketplace.server.companion import Companion
from marketplace.server.http import BACKLOG
from marketplace.server.supervisor import Supervisor
from marketplace.server.worker import Stop, stop_signals, work
from marketplace.settings import Settings


class StartError(Exception):
    """Why the server cannot start, in one sentence."""


def can_fork() -> bool:
    """Whether several processes can share one socket here."""
    return hasattr(os, "fork")


def open_listener(settings: Settings) -> socket.socket:
    """A socket bound to the settings' address, not yet listening. Raises `StartError`."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise StartError(f"The address {settings.host} cannot be resolved ({error}).") from error
    # A name such as localhost may mean both; most clients try IPv4.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _cannot_listen(settings, error) from error
    return listener


def serve(
    settings: Settings,
    make_app: Callable[[], WSGIApplication],
    listener: socket.socket,
    announce: Callable[[int], None] = lambda _port: None,
    companion: Companion | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; the exit code.

    `make_app` is called in each serving process. `announce` gets the port once the socket
    listens. Requests in flight are finished for up to 30 s. A `companion` runs from then on and
    ends with the server. Raises `StartError`.
    """
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(settings, error) from error
    port: int = listener.getsockname()[1]
    tend = companion.tend if companion is not None else None
    try:
        return _serve(settings, make_app, listener, lambda: announce(port), tend)
    finally:
        if companion is not None:
            companion.stop()


def _serve(
    settings: Settings,
    make_app: Callable[[], WSGIApplication],
    listener: socket.socket,
    announce: Callable[[], None],
    tend: Callable[[], None] | None,
) -> int:
    if settings.processes == 1:
        stop = Stop()
        stop.listen(stop_signals())
        look_after = tend or (lambda: None)
        work(settings, make_app(), listener, stop, announce=announce, tend=look_after)
        return 0
    parent = os.getpid()
    metrics.cells.share(settings.processes)

    def child(stop: Stop, place: int) -> None:
        application = make_app()
        metrics.cells.become(place)
        metrics.publish(at_once=True)
        work(settings, application, listener, stop, parent=parent)
        _flush_logs()

    return Supervisor(settings.processes, child, tend).run(listener, announce)


def _flush_logs() -> None:
    # A forked process ends without the interpreter's own farewell.
    for handler in logging.getLogger("marketplace").handlers:
        handler.flush()


def _cannot_listen(settings: Settings, error: Exception) -> StartError:
    reason = getattr(error, "strerror", None) or str(error)
    return StartError(
        f"Cannot listen on {settings.host}:{settings.port} ({reason}); "
        "stop what uses it or set MARKETPLACE_LISTEN to another HOST:PORT."
    )
