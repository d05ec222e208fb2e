"""The load generator: pre-built requests over raw keep-alive sockets, as its own process.

Reads one `Plan` as JSON from standard input, prints one `Outcome` as JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

DRAIN_SECONDS = 10.0
MAXIMUM_BROKEN_CONNECTIONS = 100
RECEIVE_BYTES = 262_144
HEAD_END = b"\r\n\r\n"
STATUS_AT = slice(9, 12)


@dataclass(frozen=True)
class Plan:
    """What to send. `rate` is requests per second on a clock; None sends the next on each answer.

    `requests` are whole HTTP/1.1 requests as text, taken in turn beginning with number `first`.
    """

    port: int
    requests: Sequence[str]
    seconds: float
    connections: int = 16
    maximum: int = 1_000_000
    rate: float | None = None
    first: int = 0


@dataclass
class Outcome:
    """`latencies` are microseconds from the moment a request was due to its last byte.

    An error is any answer but 2xx, a broken connection, or no answer when the time is up.
    """

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0
    bytes: int = 0
    latencies: list[int] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    first_error: str = ""


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._selector = selector
        self.due = 0.0
        self.busy = False
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._received = bytearray()
        self._expected = -1
        self._head_length = 0
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()

    def reopen(self) -> None:
        self.close()
        self.busy = False
        self._open()

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.busy = True
        if self._socket.send(request) != len(request):
            raise ConnectionError("a request did not fit into the socket's buffer")

    def receive(self) -> tuple[bytes, int, bytes] | None:
        """(status, length, body) of a finished answer, or None while it goes on."""
        chunk = self._socket.recv(RECEIVE_BYTES)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._received += chunk
        if self._expected < 0:
            end = self._received.find(HEAD_END)
            if end < 0:
                return None
            self._head_length = end + len(HEAD_END)
            self._expected = self._head_length + _content_length(bytes(self._received[:end]))
        if len(self._received) < self._expected:
            return None
        answer = bytes(self._received)
        self._received.clear()
        self._expected = -1
        self.busy = False
        return answer[STATUS_AT], len(answer), answer[self._head_length :]


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        if lowered[STATUS_AT] in (b"204", b"304"):
            return 0
        raise ConnectionError("an answer without Content-Length")
    end = lowered.find(b"\r\n", at + 2)
    return int(lowered[at + 17 : end if end >= 0 else None])


class _Generator:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = [text.encode("latin-1") for text in plan.requests]
        self._selector = selectors.DefaultSelector()
        self._connections = [
            _Connection(plan.port, self._selector) for _ in range(plan.connections)
        ]
        self._idle: deque[_Connection] = deque(self._connections)
        self._sent = 0
        self._broken = 0
        self._statuses: Counter[str] = Counter()
        self._outcome = Outcome()

    def run(self) -> Outcome:
        outcome = self._outcome
        started = time.perf_counter()
        stop = started + self._plan.seconds
        while True:
            now = time.perf_counter()
            if now < stop:
                self._send_due(now, started)
            elif len(self._idle) == len(self._connections) or now > stop + DRAIN_SECONDS:
                break
            for key, _ in self._selector.select(self._pause(now, started, stop)):
                self._read(key.data)
        outcome.seconds = time.perf_counter() - started
        for connection in self._connections:
            if connection.busy:
                self._fail("no answer in time")
            connection.close()
        outcome.statuses = dict(self._statuses)
        return outcome

    def _next_due(self, now: float, started: float) -> float:
        rate = self._plan.rate
        return now if rate is None else started + self._sent / rate

    def _pause(self, now: float, started: float, stop: float) -> float:
        if now >= stop:
            return 0.5
        wait = stop - now
        if self._plan.rate is not None and self._idle:
            wait = min(wait, self._next_due(now, started) - now)
        return max(wait, 0.0)

    def _send_due(self, now: float, started: float) -> None:
        while self._idle and self._sent < self._plan.maximum:
            due = self._next_due(now, started)
            if due > now:
                return
            self._send(self._idle.popleft(), due)

    def _send(self, connection: _Connection, due: float) -> None:
        request = self._requests[(self._plan.first + self._sent) % len(self._requests)]
        self._sent += 1
        try:
            connection.send(request, due)
        except OSError as error:
            self._break(connection, str(error))

    def _read(self, connection: _Connection) -> None:
        try:
            answer = connection.receive()
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            self._break(connection, str(error))
            return
        if answer is None:
            return
        status, length, body = answer
        outcome = self._outcome
        outcome.latencies.append(int((time.perf_counter() - connection.due) * 1e6))
        outcome.requests += 1
        outcome.bytes += length
        self._statuses[status.decode("latin-1")] += 1
        if not status.startswith(b"2"):
            self._fail(f"{status.decode('latin-1')} {body[:300].decode('utf-8', 'replace')}")
        self._idle.append(connection)

    def _break(self, connection: _Connection, reason: str) -> None:
        if connection.busy:
            self._fail(reason)
        if connection in self._idle:
            self._idle.remove(connection)
        self._broken += 1
        if self._broken > MAXIMUM_BROKEN_CONNECTIONS:
            raise SystemExit(f"{self._broken} connections broke: {reason}")
        connection.reopen()
        self._idle.append(connection)

    def _fail(self, reason: str) -> None:
        self._outcome.errors += 1
        self._outcome.first_error = self._outcome.first_error or reason


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    json.dump(asdict(_Generator(plan).run()), sys.stdout)


if __name__ == "__main__":
    main()
