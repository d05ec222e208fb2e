"""One connection: its requests, our error answers, and an end that loses no answer."""

from __future__ import annotations

import socket
import time

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from marketplace.core.messages import DEFAULT_LANGUAGE
from marketplace.core.request_log import answered_by_server, request_id_of
from marketplace.server.parser import StrictParser
from marketplace.server.problems import problem

HEADERS_TOO_LARGE = 431
LINGER_IDLE_SECONDS = 2.0
LINGER_SECONDS = 10.0
PARTIAL_REQUEST_SECONDS = 3.0


class Task(WSGITask):  # type: ignore[misc]
    """An application's answer; the last one of a stopping server says that it is the last."""

    _stays_open = False

    def build_response_header(self) -> bytes:
        if self.channel.server.stopping and len(self.channel.requests) == 1:
            self.request.headers["CONNECTION"] = "close"
        asked = self.request.headers.get("CONNECTION", "").lower()
        persistent = asked == "keep-alive" if self.version == "1.0" else asked != "close"
        self._stays_open = persistent and not self.has_body and not self.close_on_finish
        if self._stays_open and self.version == "1.0":
            self.response_headers.append(("Connection", "Keep-Alive"))
        header: bytes = super().build_response_header()
        self._stays_open = False
        return header

    def set_close_on_finish(self) -> None:
        # Waitress closes for want of a Content-Length, which a 204 or 304 has no need of: it ends
        # with its headers.
        if not self._stays_open:
            super().set_close_on_finish()


class ProblemTask(ErrorTask):  # type: ignore[misc]
    """The server's own answer, as problem details; the connection ends with it."""

    def execute(self) -> None:
        # A failed application's error is served with a fresh request, so the language is
        # asked of the one that was read. So are its id and its method.
        original = self.channel.requests[0] if self.channel.requests else self.request
        language = getattr(original, "language", DEFAULT_LANGUAGE)
        request_id = request_id_of(original.headers.get("X_REQUEST_ID"))
        code = self.request.error.code
        self.status, self.response_headers, body = problem(code, language, request_id)
        self.content_length = len(body)
        # HTTP/1.0 with keep-alive would get a second, contradicting Connection header.
        self.request.headers.pop("CONNECTION", None)
        self.set_close_on_finish()
        self.channel.refused = True
        answered_by_server(
            request_id,
            # Of headers that are too large waitress reads nothing and makes up a GET.
            method=None if code == HEADERS_TOO_LARGE else getattr(original, "command", None),
            status=int(self.status.split(" ", 1)[0]),
            seconds=max(0.0, time.time() - self.start_time),
            address=self.channel.addr[0],
        )
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that, after a refusal, goes on reading for a moment before it is closed.

    Closing with unread bytes resets the connection, and a client still sending its too large body
    would lose the answer that says so.
    """

    parser_class = StrictParser
    task_class = Task
    error_task_class = ProblemTask
    refused = False
    _linger_end = 0.0
    _linger_idle_end = 0.0

    @property
    def idle(self) -> bool:
        """Nothing is received, worked on or still to be sent.

        A request received in part counts as idle when its sender pauses, so that it cannot hold
        up a stop.
        """
        busy = (
            self.requests
            or self.total_outbufs_len
            or self.will_close
            or self.close_when_flushed
            or self._linger_end
        )
        paused = time.time() - self.last_activity > PARTIAL_REQUEST_SECONDS
        return not busy and (self.request is None or paused)

    def handle_read(self) -> None:
        if not self._linger_end:
            super().handle_read()
            return
        self._linger_idle_end = time.monotonic() + LINGER_IDLE_SECONDS
        try:
            self.recv(self.adj.recv_bytes)
        except OSError:
            self.handle_close()

    def handle_write(self) -> None:
        if self._linger_end:
            self.handle_close()
            return
        if self.refused and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)
            if self.will_close:
                self.handle_close()
            elif self.connected and not self.total_outbufs_len:
                self._linger()
            return
        super().handle_write()

    def handle_expt(self) -> None:
        # Urgent data has no meaning in HTTP, and left unread it would wake the loop for ever.
        self.handle_close()

    def _linger(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()
            return
        now = time.monotonic()
        self._linger_idle_end = now + LINGER_IDLE_SECONDS
        self._linger_end = now + LINGER_SECONDS
        # The loop asks both of every connection at every turn, so only this one pays for lingering.
        self.readable = lambda: True
        self.writable = self._is_linger_over

    def _is_linger_over(self) -> bool:
        return time.monotonic() >= min(self._linger_end, self._linger_idle_end)
