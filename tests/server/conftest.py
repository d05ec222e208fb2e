"""Real servers in real processes, and a raw client."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

TINY_SERVER = Path(__file__).with_name("tiny_server.py")
BEHIND_PROXY = {"trusted_proxy": "127.0.0.1"}


class Client:
    """One connection; reads one answer at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self.socket.makefile("rb")

    def send(self, raw):
        self.socket.sendall(raw)

    def get(self, path="/", headers=""):
        self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n".encode())

    def answer(self):
        """(status, headers with small letters, body) of the next answer."""
        status = int(self._file.readline().split()[1])
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value.strip()
        return status, headers, self._file.read(int(headers.get("content-length", 0)))

    def is_closed(self):
        """Whether the server has ended the connection; waits for it."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self._file.close()
        self.socket.close()


class Server:
    """The child process."""

    def __init__(self, environ, **settings):
        self.process = subprocess.Popen(
            [sys.executable, str(TINY_SERVER), json.dumps(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )
        self.clients = []

    def wait_until_listening(self):
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (line, self.process.stderr.read())
        self.port = int(line.split()[-1])

    def wait_until_working(self):
        assert self.process.stdout.readline() == "working\n"

    def connect(self):
        client = Client(self.port)
        self.clients.append(client)
        return client

    def get(self, path="/", headers=""):
        """Status, headers and JSON of one request on a connection of its own."""
        client = self.connect()
        client.get(path, headers)
        status, answered, body = client.answer()
        client.close()
        return status, answered, json.loads(body)

    def stop(self, which=signal.SIGTERM):
        self.process.send_signal(which)

    def refuses(self):
        """Whether new connections are refused, at the latest after two seconds."""
        for _ in range(40):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                pass  # made in the instant in which the listener closed
            time.sleep(0.05)
        return False

    def exit_code(self, seconds=10):
        return self.process.wait(seconds)

    def end(self):
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.stop()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(request):
    """Start a server with the given settings, its environment variables in `environ`."""

    def start_server(*, environ=None, listening=True, **settings):
        server = Server(environ or {}, **settings)
        request.addfinalizer(server.end)
        if listening:
            server.wait_until_listening()
        return server

    return start_server


@pytest.fixture(scope="module")
def shared_server():
    """One server for a whole module: nothing sent to it may take it down."""
    yield from _server_for_module()


@pytest.fixture(scope="module")
def behind_proxy():
    """One server for a whole module that trusts this machine as its proxy."""
    yield from _server_for_module(**BEHIND_PROXY)


@pytest.fixture(scope="module")
def logging_server():
    """One server for a whole module that writes its log to standard output."""
    yield from _server_for_module({"WRITES_LOG": "1"}, environment="production", **BEHIND_PROXY)


def _server_for_module(environ=None, **settings):
    server = Server(environ or {}, **settings)
    server.wait_until_listening()
    yield server
    assert server.process.poll() is None
    server.end()
