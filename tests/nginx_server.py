"""A real nginx with the committed configuration, a real application behind it, and their client."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "api.example.org"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def problem(self):
        assert self.headers["Content-Type"] == "application/problem+json"
        return json.loads(self.body)


def ask(sock, method, path, body=None, headers=None):
    """One request on a connected socket, which is closed after it."""
    connection = http.client.HTTPConnection(NAME)
    connection.sock = sock
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def connect(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def tell(method, path, document, headers=None):
    """The arguments of a request with a JSON body."""
    content = {"Content-Type": "application/json"}
    return method, path, json.dumps(document), content | (headers or {})


class Nginx:
    """A running nginx on free ports, with a certificate of its own."""

    def __init__(self, folder, application_port, media="/nonexistent"):
        shutil.copytree(ROOT / "nginx", folder)
        self.folder, (self.http_port, self.https_port) = folder, free_ports(2)
        make_certificate(folder / "tls")
        replaced = {
            "www-data": "root" if os.geteuid() == 0 else "nobody",
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/": f"{folder}/",
            "/var/lib/marketplace/media": str(media),
            "127.0.0.1:8000": f"127.0.0.1:{application_port}",
            "listen [::]:80": f"listen [::1]:{self.http_port}",
            "listen [::]:443": f"listen [::1]:{self.https_port}",
            "listen 80": f"listen 127.0.0.1:{self.http_port}",
            "listen 443": f"listen 127.0.0.1:{self.https_port}",
        }
        for path in folder.rglob("*.conf"):
            text = path.read_text(encoding="utf-8")
            for committed, ours in replaced.items():
                text = text.replace(committed, ours)
            if not has_ipv6():
                text = re.sub(r"\n *listen \[::1\].*", "", text)
            path.write_text(text, encoding="utf-8")
        command = [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        wait_for(lambda: (folder / "nginx.pid").exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.stderr.read().decode()
        self.context = ssl.create_default_context(cafile=folder / "tls" / "fullchain.pem")

    def tls(self, source="127.0.0.1", name=NAME, context=None):
        plain = connect(self.https_port, source)
        try:
            return (context or self.context).wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def https(self, *request, source="127.0.0.1"):
        return ask(self.tls(source), *request)

    def http(self, *request):
        return ask(connect(self.http_port), *request)

    def log_lines(self):
        lines = (self.folder / "access.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.communicate(timeout=20)


def make_certificate(folder):
    folder.mkdir()
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        f" -subj /CN={NAME} -addext subjectAltName=DNS:{NAME}"
        " -keyout privkey.pem -out fullchain.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.05)


@contextmanager
def running_application(folder, **environ):
    """The port of the application as it is run behind a proxy, its data in `folder`."""
    (port,) = free_ports(1)
    ours = {
        "MARKETPLACE_ENVIRONMENT": "development",
        "MARKETPLACE_INSTANCE_PATH": str(folder),
        "MARKETPLACE_DATABASE_URL": f"sqlite:///{folder}/nginx.sqlite3",
        "MARKETPLACE_REDIS_URL": "",
        "MARKETPLACE_LISTEN": f"127.0.0.1:{port}",
        "MARKETPLACE_TRUSTED_PROXY": "127.0.0.1",
        "MARKETPLACE_DEMO_DATA": "off",
        "MARKETPLACE_DELIVERY": "off",
        "MARKETPLACE_RATE_LIMITS": "on",
        "MARKETPLACE_LIMIT_LOGIN_ADDRESS": "3/hour",
    }
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace", "run"],
            cwd=ROOT,
            env={**os.environ, **ours, **environ},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: "Ctrl-C" in log.read_text("utf-8") or process.poll() is not None)
        assert process.poll() is None, log.read_text("utf-8")
        yield port
    finally:
        process.terminate()
        process.wait(40)
