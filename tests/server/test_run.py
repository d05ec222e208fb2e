"""`python -m marketplace run`, from an empty folder to a clean end."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """The command in a process, with a database of its own."""

    def __init__(self, instance_path, **environ):
        ours = {
            "MARKETPLACE_ENVIRONMENT": "development",
            "MARKETPLACE_INSTANCE_PATH": str(instance_path),
            "MARKETPLACE_DATABASE_URL": f"sqlite:///{instance_path}/run.sqlite3",
            "MARKETPLACE_REDIS_URL": "",
            "MARKETPLACE_LISTEN": "127.0.0.1:0",
            "MARKETPLACE_PUBLIC_URL": "http://127.0.0.1:0",
            "MARKETPLACE_DEMO_DATA": "on",
            "MARKETPLACE_PROCESSES": "1",
            "MARKETPLACE_DELIVERY": "off",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "marketplace", "run"],
            cwd=ROOT,
            env={**os.environ, **ours, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_until_ready(self):
        said = ""
        while "Ctrl-C" not in said:
            line = self.process.stdout.readline()
            assert line, (said, self.process.stderr.read())
            said += line
        self.port = int(re.search(r"^Documentation: .*:(\d+)/api/docs/$", said, re.MULTILINE)[1])
        return said

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content

    def end_by_itself(self):
        """Exit code, standard output and error."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def end(self):
        """Exit code, standard output and error after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.end_by_itself()


@pytest.fixture
def run(tmp_path):
    """Start the command; whatever still runs at the end is killed."""
    started = []

    def start(**environ):
        started.append(Run(tmp_path, **environ))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGTERM of POSIX")
def test_first_start_prepares_everything_and_the_second_starts_at_once(run):
    first = run()
    said = first.read_until_ready()
    assert "Bringing the database up to date" in said
    assert "Loading demo data" in said
    password = re.search(
        r"^Demo log-ins: demo_client and demo_specialist.* (\S+)$", said, re.MULTILINE
    )[1]
    for username in ("demo_client", "demo_specialist"):
        login = {"username": username, "password": password}
        status, tokens = first.ask("POST", "/api/auth/login/", login)
        assert status == 200
        assert tokens["access"]
    assert first.end()[0] == 0

    began = time.monotonic()
    second = run(MARKETPLACE_PROCESSES="2")
    said = second.read_until_ready()
    assert "Loading" not in said
    assert "Bringing" not in said
    assert "Demo log-ins" in said
    assert second.ask("GET", "/ready/")[0] == 200
    assert time.monotonic() - began < 20
    code, _, err = second.end()
    assert code == 0
    told = r"^MARKETPLACE_REDIS_URL holds nothing: .* 2 times as high\.$"
    assert re.search(told, err, re.MULTILINE)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children as Linux tells them")
def test_the_parent_of_several_processes_writes_the_same_log(run):
    server = run(MARKETPLACE_PROCESSES="2", MARKETPLACE_DEMO_DATA="off")
    server.read_until_ready()
    assert server.ask("GET", "/health/")[0] == 200

    os.kill(_children(server.process.pid)[0], signal.SIGKILL)
    time.sleep(1)

    _, out, err = server.end()
    assert re.search(r"^[0-9:]{8} ERROR +process \d+ ended unexpectedly", out, re.MULTILINE)
    assert "ended unexpectedly" not in err


def _children(parent):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found


def test_wrong_setting_is_one_sentence(run):
    code, out, err = run(MARKETPLACE_THREADS="many").end_by_itself()

    assert code == 2
    assert out == ""
    assert err.startswith("MARKETPLACE_THREADS holds 'many'")
    assert err.count("\n") == 1


def test_production_refuses_a_database_that_is_not_migrated(run):
    code, _, err = run(
        MARKETPLACE_ENVIRONMENT="production",
        MARKETPLACE_SECRET_KEY="f3b1c97ad02e48d5a6610b7e9f4c2d83",
        MARKETPLACE_PUBLIC_URL="https://api.example.org",
        MARKETPLACE_DEMO_DATA="",
    ).end_by_itself()

    assert code == 1
    assert "`flask db upgrade`" in err
    assert err.count("\n") == 1


def test_unreachable_database_is_one_sentence(run):
    code, _, err = run(
        MARKETPLACE_DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/nothing?password=hunter2",
    ).end_by_itself()

    assert code == 1
    assert err.startswith("The database cannot be used")
    assert "it is at postgresql+psycopg://nobody:***@127.0.0.1:1/nothing)" in err
    assert "hunter2" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_file_that_is_no_database_is_one_sentence(run, tmp_path, processes):
    file = tmp_path / "run.sqlite3"
    file.write_bytes(b"not a database at all " * 100)

    code, _, err = run(
        MARKETPLACE_PROCESSES=processes, MARKETPLACE_RATE_LIMITS="off"
    ).end_by_itself()

    assert code == 1
    assert err == (
        f"The database cannot be used (file is not a database; it is at sqlite:///{file}).\n"
    )


def test_a_folder_that_is_not_there_is_named(run, tmp_path):
    place = f"sqlite:///{tmp_path}/none/run.sqlite3"

    code, _, err = run(MARKETPLACE_DATABASE_URL=place).end_by_itself()

    assert code == 1
    assert err == f"The database cannot be used (unable to open database file; it is at {place}).\n"
