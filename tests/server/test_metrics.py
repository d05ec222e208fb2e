"""What several processes count is one sum, whichever is asked, and outlives each of them."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from databases import TestDatabase
from live_server import live_server
from prometheus_text import value

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork of POSIX")

DURATIONS = "marketplace_http_request_duration_seconds_count"
TOKEN = "b41a35c0f27e4d0c9a5be1d7a2c9ee01"


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


def get(base, path="/metrics", **headers):
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = httpx.get(base + path, headers=named, timeout=20)
    return answer.status_code, answer.text


def test_two_processes_on_a_real_database_tell_the_same(migrated: TestDatabase):
    with live_server(migrated, "metrics", PROCESSES="2") as base:
        with ThreadPoolExecutor(8) as many:
            statuses = [
                status for status, _ in many.map(lambda _: get(base, "/health/"), range(60))
            ]
        scrapes = [get(base)[1] for _ in range(20)]
        deadline = time.monotonic() + 20
        while not all(
            value(scrapes[-1], "marketplace_process_start_time_seconds", process=place)
            for place in "01"
        ):
            assert time.monotonic() < deadline
            scrapes.append(get(base)[1])

    assert statuses == [200] * 60
    labels = {"route": "/health/", "method": "GET", "status": "2xx"}
    assert {value(scrape, DURATIONS, **labels) for scrape in scrapes} == {60}
    last = scrapes[-1]
    assert value(last, DURATIONS, route="/metrics/", method="GET", status="2xx") == len(scrapes) - 1
    for place in "01":
        assert value(last, "marketplace_process_resident_memory_bytes", process=place) > 1e7
        assert value(last, "marketplace_database_pool_size", process=place) == 10


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_a_proxy_on_this_machine_is_not_this_machine(sqlite: TestDatabase, trusted: str):
    with live_server(sqlite, "proxied", TRUSTED_PROXY=trusted) as base:
        direct = get(base)
        forwarded = [
            get(base, X_Forwarded_For=address)[0] for address in ("127.0.0.1", "203.0.113.5")
        ]
        others = [get(base, Forwarded="for=127.0.0.1")[0], get(base, Via="1.1 proxy")[0]]

    assert direct[0] == 200
    assert forwarded + others == [404] * 4


def test_a_token_opens_them_through_a_proxy(sqlite: TestDatabase):
    variables = {"METRICS": "token", "METRICS_TOKEN": TOKEN, "TRUSTED_PROXY": "127.0.0.1"}
    with live_server(sqlite, "token", **variables) as base:
        through = {"X_Forwarded_For": "203.0.113.5", "X_Forwarded_Proto": "https"}
        statuses = [
            get(base)[0],
            get(base, **through)[0],
            get(base, **through, Authorization=f"Bearer {TOKEN}")[0],
        ]

    assert statuses == [401, 401, 200]
