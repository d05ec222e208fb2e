"""The real server in a process of its own, on a database of the suite."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from canaries import leaks
from databases import SECRET, TestDatabase

from marketplace.settings import PROJECT_ROOT

PATIENCE_SECONDS = 60


@contextmanager
def live_server(
    database: TestDatabase, name: str = "live_server", **variables: str
) -> Iterator[str]:
    """`python -m marketplace run` on a free port; its base address. Request limits and demo data
    are off unless `variables` say otherwise. Several at once are told apart by `name`.

    Fails when the server did not live to the end, or wrote a traceback.
    """
    settings = {
        "ENVIRONMENT": "development",
        "LISTEN": "127.0.0.1:0",
        "PUBLIC_URL": "http://127.0.0.1:0",
        "DATABASE_URL": database.url,
        "INSTANCE_PATH": str(database.folder),
        "SECRET_KEY": SECRET,
        "REDIS_URL": "",
        "RATE_LIMITS": "off",
        "DEMO_DATA": "off",
        "DELIVERY": "off",
        "LOG_LEVEL": "WARNING",
    }
    named = {f"MARKETPLACE_{name}": value for name, value in (settings | variables).items()}
    log = database.folder / f"{name}.log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "marketplace", "run"],
            cwd=PROJECT_ROOT,
            env={**os.environ, **named},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (address := _address(log.read_text(encoding="utf-8"))) is None:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        yield address
        assert process.poll() is None, "the server ended by itself"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
    written = log.read_text(encoding="utf-8")
    assert "Traceback" not in written
    assert leaks(written) == []


def _address(said: str) -> str | None:
    told = re.search(r"^Documentation: (http://[^/]+)/api/docs/$", said, re.MULTILINE)
    return told[1] if told and "Ctrl-C" in said else None
