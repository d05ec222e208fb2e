"""A stop loses no request: SIGTERM, SIGINT, with idle connections, with several processes."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and fork of POSIX")


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("processes", [1, 2])
def test_request_in_flight_finishes_and_new_ones_are_refused(start, which, processes):
    server = start(processes=processes)
    client = server.connect()
    client.get("/?sleep=0.8")
    server.wait_until_working()

    server.stop(which)

    assert server.refuses()
    status, headers, _ = client.answer()
    assert status == 200
    assert headers["connection"] == "close"
    assert client.is_closed()
    assert server.exit_code() == 0


def test_answer_larger_than_the_socket_buffers_is_written_whole(start):
    server = start()
    client = server.connect()
    client.get("/?padding=12000000")
    server.wait_until_working()
    time.sleep(0.3)

    server.stop()

    time.sleep(0.5)
    status, _, body = client.answer()
    assert status == 200
    assert len(body) > 12_000_000
    assert server.exit_code() == 0


def test_queued_requests_finish_too(start):
    server = start(threads=1)
    first, second = server.connect(), server.connect()
    first.get("/?sleep=0.7")
    server.wait_until_working()
    second.get("/")
    time.sleep(0.2)

    server.stop()

    assert first.answer()[0] == 200
    assert second.answer()[0] == 200
    assert server.exit_code() == 0


def test_pipelined_requests_finish_and_only_the_last_answer_says_close(start):
    server = start()
    client = server.connect()
    client.send(2 * b"GET /?sleep=0.4 HTTP/1.1\r\nHost: test\r\n\r\n")
    server.wait_until_working()

    server.stop()

    assert "connection" not in client.answer()[1]
    assert client.answer()[1]["connection"] == "close"
    assert server.exit_code() == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_idle_connections_do_not_delay_the_stop(start, processes):
    server = start(processes=processes)
    used, fresh = server.connect(), server.connect()
    used.get()
    assert used.answer()[0] == 200

    began = time.monotonic()
    server.stop()

    assert server.exit_code() == 0
    assert time.monotonic() - began < 2
    assert used.is_closed()
    assert fresh.is_closed()


def test_half_a_request_is_waited_for_and_an_abandoned_one_is_not(start):
    server = start()
    slow, abandoned = server.connect(), server.connect()
    for client in (slow, abandoned):
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab")
    time.sleep(0.3)

    server.stop()

    time.sleep(0.5)
    slow.send(b"cd")
    status, _, body = slow.answer()
    assert status == 200
    assert b'"abcd"' in body
    assert abandoned.is_closed()
    assert server.exit_code() == 0


def test_a_second_signal_does_not_cut_requests_off(start):
    server = start()
    client = server.connect()
    client.get("/?sleep=0.7")
    server.wait_until_working()

    server.stop(signal.SIGINT)
    time.sleep(0.2)
    server.stop(signal.SIGTERM)

    assert client.answer()[0] == 200
    assert server.exit_code() == 0
