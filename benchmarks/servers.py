"""Starts the servers under test, tells when they answer, and what CPU and memory they used."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import usage

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out"
START_SECONDS = 60.0
STOP_SECONDS = 40.0
SHOWN_LOG_BYTES = 3000


class BenchmarkError(Exception):
    """The benchmark cannot go on; the text says why."""


@dataclass(frozen=True)
class Workers:
    processes: int
    threads: int


@dataclass(frozen=True)
class Reading:
    """CPU seconds so far, and the PostgreSQL backends they include."""

    seconds: float
    backends: frozenset[int]


@dataclass
class Server:
    """A running server. `postgresql` names the database whose backends count as the server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    postgresql: str = ""

    def read(self) -> Reading:
        backends = usage.postgresql_backends(self.postgresql) if self.postgresql else frozenset()
        pids = [*usage.tree(self.process.pid), *backends]
        return Reading(usage.cpu_seconds(pids), backends)

    def peak_megabytes(self) -> float:
        return usage.peak_resident_megabytes(usage.tree(self.process.pid))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for pid in usage.tree(self.process.pid):
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def call(port: int, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """(status, decoded JSON or None) of one request."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        content = json.dumps(body).encode() if body is not None else None
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    try:
        return response.status, json.loads(answer)
    except ValueError:
        return response.status, None


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The process's environment with only the given `MARKETPLACE_*` settings.

    A local `.env` file may still bring those that are not given.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MARKETPLACE_")}
    emptied = {
        f"MARKETPLACE_{name}": ""
        for name in (
            "ENVIRONMENT",
            "REDIS_URL",
            "TRUSTED_PROXY",
            "PUBLIC_URL",
            "CORS_ORIGINS",
            "LOG_LEVEL",
            "SECRET_KEY",
            "SECRET_KEY_PREVIOUS",
            "MEDIA_URL",
            "MEDIA_PUBLIC_URL",
            "CLAMAV_URL",
        )
    }
    given = {f"MARKETPLACE_{name}": value for name, value in settings.items()}
    return {**kept, **emptied, **given}


def _wait(server: Server, path: str) -> None:
    stop = time.monotonic() + START_SECONDS
    status = 0
    while time.monotonic() < stop and server.process.poll() is None:
        try:
            status, _ = call(server.port, "GET", path)
        except OSError:
            status = 0
        if status == http.HTTPStatus.OK:
            return
        time.sleep(0.1)
    server.stop()
    log = server.log.read_bytes()[-SHOWN_LOG_BYTES:].decode("utf-8", "replace")
    raise BenchmarkError(f"{server.name} did not get ready (last status {status}):\n{log}")


def _start(
    name: str,
    port: int,
    command: list[str],
    *,
    settings: Mapping[str, str],
    ready: str,
    postgresql: str = "",
) -> Server:
    log = OUT / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(name, port, process, log, postgresql)
    _wait(server, ready)
    return server


@contextmanager
def ceiling(workers: Workers) -> Iterator[Server]:
    """The bare Flask application behind waitress."""
    port = free_port()
    arguments = [str(port), str(workers.processes), str(workers.threads)]
    server = _start(
        "ceiling", port, ["-m", "benchmarks.ceiling", *arguments], settings={}, ready="/"
    )
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def marketplace(
    name: str,
    workers: Workers,
    settings: Mapping[str, str],
    *,
    postgresql: str = "",
) -> Iterator[Server]:
    """The real server over a database that `settings` name, limits off unless they say so."""
    port = free_port()
    complete = {
        "LISTEN": f"127.0.0.1:{port}",
        "RATE_LIMITS": "off",
        "DEMO_DATA": "off",
        "DELIVERY": "off",
        "PROCESSES": str(workers.processes),
        "THREADS": str(workers.threads),
        **settings,
    }
    command = ["-m", "marketplace", "run"]
    server = _start(name, port, command, settings=complete, ready="/ready/", postgresql=postgresql)
    try:
        yield server
    finally:
        server.stop()
