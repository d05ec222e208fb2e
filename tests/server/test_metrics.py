"""What several processes count is one sum, whichever is asked, and outlives each of them."""

import json
import os
import signal
import time

import pytest
from prometheus_text import value

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork of POSIX")

DURATIONS = "marketplace_http_request_duration_seconds_count"


def told(server):
    """The text of one scrape on a connection of its own."""
    client = server.connect()
    client.get("/metrics")
    status, _, body = client.answer()
    client.close()
    assert status == 200
    return body.decode()


def work(server, times):
    """The processes that answered so many requests, up to eight at once."""
    answered = []
    for start in range(0, times, 8):
        clients = [server.connect() for _ in range(min(8, times - start))]
        for client in clients:
            client.get("/?sleep=0.02")
        for client in clients:
            answered.append(json.loads(client.answer()[2])["pid"])
            client.close()
    return answered


def test_a_killed_process_takes_no_count_along(start):
    server = start(processes=2)
    answered = work(server, 40)
    while len(set(answered)) < 2:
        answered += work(server, 8)
    assert {value(told(server), "tiny_requests_total") for _ in range(20)} == {len(answered)}

    os.kill(answered[0], signal.SIGKILL)
    more = work(server, 16)
    while not set(more) - set(answered):
        more += work(server, 8)

    count = len(answered) + len(more)
    assert {value(told(server), "tiny_requests_total") for _ in range(20)} == {count}


def test_what_the_server_answers_itself_is_counted(start):
    server = start()
    for _ in range(3):
        client = server.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n")
        assert client.answer()[0] == 413

    labels = {"route": "server", "method": "POST", "status": "4xx"}
    assert value(told(server), DURATIONS, **labels) == 3


def test_requests_that_wait_for_a_thread_are_told(start):
    server = start(threads=1)
    first, scrape, *others = [server.connect() for _ in range(5)]
    first.get("/?sleep=2")
    server.wait_until_working()
    scrape.get("/metrics")
    time.sleep(0.3)  # so that it is before the others in the line
    for client in others:
        client.get("/")

    assert value(scrape.answer()[2].decode(), "marketplace_requests_waiting", process="0") == 3
