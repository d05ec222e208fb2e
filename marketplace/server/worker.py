"""One serving process: its event loop, and the stop that lets every request in flight finish."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore

from marketplace.core import metrics
from marketplace.server.http import create_server
from marketplace.settings import Settings

DRAIN_SECONDS = 30.0
POLL_SECONDS = 1.0
DRAIN_POLL_SECONDS = 0.25

log = logging.getLogger(__name__)

_waiting = metrics.Gauge(
    "marketplace_requests_waiting", "Requests that were read and wait for a free thread."
)


class Stop:
    """Whether the process was asked to stop; a signal handler."""

    def __init__(self) -> None:
        self.requested = False
        self.wake: Callable[[], object] = lambda: None

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        self.requested = True
        self.wake()

    def listen(self, signals: Iterable[signal.Signals]) -> None:
        for each in signals:
            signal.signal(each, self)


def stop_signals() -> list[signal.Signals]:
    """Ctrl-C, a service manager's request, and Windows' Ctrl-Break, where they exist."""
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def work(
    settings: Settings,
    application: WSGIApplication,
    listener: socket.socket,
    stop: Stop,
    *,
    announce: Callable[[], None] = lambda: None,
    parent: int | None = None,
    tend: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop` is requested or the `parent` process is gone, then drain.

    `announce` is called once connections are taken, `tend` every second or so.
    """
    loop_map: dict[int, Any] = {}
    server = create_server(application, settings, listener, loop_map)
    stop.wake = server.pull_trigger
    _waiting.read_from(lambda: len(server.task_dispatcher.queue))
    announce()
    while not stop.requested and (parent is None or os.getppid() == parent):
        _poll(loop_map, POLL_SECONDS)
        metrics.publish()
        tend()
    unfinished = _drain(server, loop_map)
    if unfinished:
        log.warning("stopped with %d requests unfinished after %d s", unfinished, DRAIN_SECONDS)
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(loop_map, ignore_all=True)


def _poll(loop_map: dict[int, Any], seconds: float) -> None:
    # poll() where the system has it: select() cannot watch descriptors above 1023.
    wasyncore.loop(timeout=seconds, use_poll=True, map=loop_map, count=1)


def _drain(server: Any, loop_map: dict[int, Any]) -> int:
    """Take no new connection, finish what was begun; the number of connections cut off."""
    server.stopping = True
    _take_waiting(server)
    # The listener only: the server's own close() would take the wake-up pipe with it, which the
    # working threads still use.
    wasyncore.dispatcher.close(server)
    deadline = time.monotonic() + DRAIN_SECONDS
    seconds = 0.0
    while time.monotonic() < deadline:
        # Read first: what a client has already sent is answered, not cut off.
        _poll(loop_map, seconds)
        for channel in list(server.active_channels.values()):
            if channel.idle:
                channel.handle_close()
        if not server.active_channels:
            return 0
        seconds = DRAIN_POLL_SECONDS
    return len(server.active_channels)


def _take_waiting(server: Any) -> None:
    """Accept the connections that the system made before the stop; closing would reset them."""
    before = -1
    while before < len(server.active_channels) < server.adj.connection_limit:
        before = len(server.active_channels)
        server.handle_accept()
