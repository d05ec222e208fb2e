"""A child process for the tests: serves a tiny application with the settings given as JSON."""

import json
import os
import sys
import time
import types
from pathlib import Path
from urllib.parse import parse_qs

# The package without its factory: importing all features would take most of each test's time.
package = types.ModuleType("marketplace")
package.__path__ = [str(Path(__file__).resolve().parents[2] / "marketplace")]
sys.modules["marketplace"] = package

from marketplace.core import metrics  # noqa: E402
from marketplace.server.serve import StartError, open_listener, serve  # noqa: E402
from marketplace.settings import Settings  # noqa: E402

counter = metrics.Counter("tiny_requests_total", "Requests answered.")


def application(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("on purpose")
    if environ["PATH_INFO"] == "/empty":
        start_response(f"{query['status'][0]} Empty", [("ETag", '"1"')])
        return []
    if environ["PATH_INFO"] == "/metrics":
        content = metrics.text(metrics.families()).encode()
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return [content]
    counter.add()
    answer = {
        "pid": os.getpid(),
        "address": environ["REMOTE_ADDR"],
        "scheme": environ["wsgi.url_scheme"],
        "forwarded": environ.get("HTTP_X_FORWARDED_FOR"),
        "body": environ["wsgi.input"].read().decode("latin-1"),
        "padding": "x" * int(query.get("padding", ["0"])[0]),
    }
    # Announced, so that a test knows that the request is in flight.
    sys.stdout.write("working\n")
    sys.stdout.flush()
    time.sleep(float(query.get("sleep", ["0"])[0]))
    content = json.dumps(answer).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    )
    return [content]


def make_app():
    if os.environ.get("FAILS_AT_START"):
        raise RuntimeError("on purpose")
    return application


def announce(port):
    sys.stdout.write(f"listening on {port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    settings = Settings(**{"port": 0, **json.loads(sys.argv[1])})
    if os.environ.get("WRITES_LOG"):
        from marketplace.core.logging import send_to_stdout

        send_to_stdout(settings)
    try:
        sys.exit(serve(settings, make_app, open_listener(settings), announce))
    except StartError as error:
        sys.exit(str(error))
