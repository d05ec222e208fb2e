"""A stand-in for HTTP gateways: it answers as told and keeps what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

SLOW = "slow"


@dataclass
class Gateway:
    """`answers` maps a path to (status, body) pairs, used up one by one; the last one stays. A body
    that is no text is sent as JSON; one that is `SLOW` comes after the client's patience.
    """

    answers: dict[str, list[tuple[int, Any]]]
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    base: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def forms(self, path: str) -> list[dict[str, str]]:
        return [
            {k: v[0] for k, v in parse_qs(body).items()} for p, _, body in self.asked if p == path
        ]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(body) for p, _, body in self.asked if p == path]

    def answer(self, path: str) -> tuple[int, Any]:
        told = self.answers[path]
        return told.pop(0) if len(told) > 1 else told[0]


@contextmanager
def serving(**answers: list[tuple[int, Any]] | tuple[int, Any]) -> Iterator[Gateway]:
    """Serve; names of paths have `__` for a slash and `_PHP` for `.php`."""
    paths = {
        "/" + name.replace("__", "/").replace("_PHP", ".php"): told
        for name, told in answers.items()
    }
    with gateway(
        {p: told if isinstance(told, list) else [told] for p, told in paths.items()}
    ) as it:
        yield it


@contextmanager
def gateway(answers: dict[str, list[tuple[int, Any]]]) -> Iterator[Gateway]:
    state = Gateway(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            size = int(self.headers.get("Content-Length", 0))
            sent = self.rfile.read(size).decode()
            state.asked.append((self.path, dict(self.headers), sent))
            status, body = state.answer(self.path)
            if body == SLOW:
                state.over.wait(30)
                return
            content = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
        time.sleep(0)
