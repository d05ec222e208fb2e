"""The delivery worker beside the server: started, replaced, ended with it."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from marketplace.server.companion import Companion

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


def workers_of(parent):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if b"--beside" in words and str(parent).encode() in words:
            found.append(int(path.parent.name))
    return found


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.1)
    return found


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(processes):
        ours = {
            "MARKETPLACE_ENVIRONMENT": "development",
            "MARKETPLACE_INSTANCE_PATH": str(tmp_path),
            "MARKETPLACE_DATABASE_URL": f"sqlite:///{tmp_path}/run.sqlite3",
            "MARKETPLACE_REDIS_URL": "",
            "MARKETPLACE_LISTEN": "127.0.0.1:0",
            "MARKETPLACE_PUBLIC_URL": "http://127.0.0.1:0",
            "MARKETPLACE_DEMO_DATA": "off",
            "MARKETPLACE_PROCESSES": processes,
            "MARKETPLACE_DELIVERY": "on",
        }
        log = tmp_path / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "marketplace", "run"],
                cwd=ROOT,
                env={**os.environ, **ours},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        wait_for(lambda: "Ctrl-C" in log.read_text("utf-8") or process.poll() is not None)
        return process, log

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_worker_is_replaced_when_it_dies_and_ends_with_the_server(serve, processes):
    server, log = serve(processes)
    [first] = wait_for(lambda: workers_of(server.pid))

    os.kill(first, signal.SIGKILL)
    wait_for(lambda: set(workers_of(server.pid)) - {first})
    server.terminate()

    assert server.wait(60) == 0
    assert workers_of(server.pid) == []
    said = log.read_text("utf-8")
    assert "Messages: e-mail, SMS, push to files in " in said
    assert "the delivery worker ended unexpectedly" in said
    assert "Traceback" not in said


def test_the_worker_of_a_killed_server_ends_by_itself(serve):
    server, _ = serve("1")
    wait_for(lambda: workers_of(server.pid))

    server.kill()
    server.wait()

    wait_for(lambda: not workers_of(server.pid))


def test_one_that_keeps_dying_is_started_ever_more_rarely(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    companion = Companion([sys.executable, "-c", ""])
    starts = []
    for _ in range(4):
        while companion._process is None:
            companion.tend()
            now[0] += 0.5
        starts.append(now[0])
        companion._process.wait()
        companion.tend()

    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses == [1.5, 2.5, 4.5]
    companion.stop()


def test_a_companion_that_cannot_be_started_is_no_end_of_the_server():
    companion = Companion(["/nowhere/at/all"])

    companion.tend()
    companion.tend()
    companion.stop()


def test_stop_ends_it():
    companion = Companion(SLEEPER)
    companion.tend()
    process = companion._process

    companion.stop()

    assert process.poll() == -signal.SIGTERM
