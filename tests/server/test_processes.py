"""Several processes over one socket."""

import os
import signal
import socket
import time

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork of POSIX")


def pids(server, *, wanted, but_not=(), seconds=15):
    """The processes that answer, until `wanted` different ones have done so."""
    seen = set()
    until = time.monotonic() + seconds
    while len(seen) < wanted and time.monotonic() < until:
        # Two at once, so that one process does not take them all.
        clients = [server.connect() for _ in range(4)]
        for client in clients:
            client.get("/?sleep=0.05")
        for client in clients:
            seen.add(_pid(client))
            client.close()
        seen -= set(but_not)
    return seen


def _pid(client):
    _, _, body = client.answer()
    return int(body.split(b'"pid": ')[1].split(b",")[0])


def test_all_processes_answer(start):
    server = start(processes=2)

    seen = pids(server, wanted=2)

    assert len(seen) == 2
    assert server.process.pid not in seen


def test_a_killed_process_is_replaced(start):
    server = start(processes=2)
    first = pids(server, wanted=2)
    victim = first.pop()

    os.kill(victim, signal.SIGKILL)

    assert len(pids(server, wanted=2, but_not=[victim])) == 2
    server.stop()
    assert server.exit_code() == 0


def test_a_process_told_to_stop_alone_finishes_its_request_and_is_replaced(start):
    server = start(processes=2)
    both = pids(server, wanted=2)
    client = server.connect()
    client.get("/?sleep=1")
    time.sleep(0.3)

    for pid in both:
        os.kill(pid, signal.SIGTERM)

    assert client.answer()[0] == 200
    assert len(pids(server, wanted=2, but_not=both)) == 2


def test_processes_that_die_at_their_start_are_given_up(start):
    server = start(processes=2, environ={"FAILS_AT_START": "1"})

    assert server.exit_code(30) == 1
    assert "giving up" in server.process.stderr.read()


def test_orphaned_processes_end(start):
    server = start(processes=2)
    both = pids(server, wanted=2)

    server.stop(signal.SIGKILL)

    server.exit_code()
    assert server.refuses()
    assert not any(_alive(pid) for pid in both)


def _alive(pid):
    for _ in range(60):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
                if file.read().split()[2] == "Z":
                    return False
        except (ProcessLookupError, FileNotFoundError):
            return False
        time.sleep(0.05)
    return True


def test_a_busy_port_is_one_sentence(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = start(listening=False, port=port)

        assert server.exit_code() == 1

    said = server.process.stderr.read()
    assert said.startswith(f"Cannot listen on 127.0.0.1:{port}")
    assert said.count("\n") == 1
