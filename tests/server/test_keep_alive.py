"""Answers without a body leave the connection open for the next request."""

import time

import pytest


@pytest.mark.parametrize("status", [204, 304])
def test_a_connection_outlives_an_answer_without_a_body(shared_server, status):
    client = shared_server.connect()

    for _ in range(2):
        client.get(f"/empty?status={status}")
        answered, headers, _ = client.answer()
        assert answered == status
        assert not {"connection", "content-length", "transfer-encoding"} & headers.keys()
    # Read from where the headers ended, so that a stray byte would spoil its first line.
    client.get()
    assert client.answer()[0] == 200


@pytest.mark.parametrize("status", [204, 304])
def test_nothing_follows_the_headers(shared_server, status):
    client = shared_server.connect()
    client.get(f"/empty?status={status}")
    time.sleep(0.3)

    received = client.socket.recv(4096)

    assert received.endswith(b"\r\n\r\n")
    assert received.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("status", [204, 304])
def test_a_connection_is_closed_when_that_is_asked_for(shared_server, status):
    client = shared_server.connect()
    client.get(f"/empty?status={status}", "Connection: close\r\n")

    assert client.answer()[1]["connection"] == "close"
    assert client.is_closed()


def test_version_1_0_stays_open_only_when_asked_for(shared_server):
    client = shared_server.connect()
    for _ in range(2):
        client.send(b"GET /empty?status=204 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert client.answer()[1]["connection"].lower() == "keep-alive"
    client.send(b"GET /empty?status=204 HTTP/1.0\r\n\r\n")

    assert client.answer()[1]["connection"] == "close"
    assert client.is_closed()
