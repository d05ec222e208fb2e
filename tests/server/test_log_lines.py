"""The lines of what the server answers itself: the same as an application's."""

import json

import pytest

CHUNKS = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
# Per status: what is sent after the request line, and whether the method could be read.
REFUSED = [
    (400, "GET / HTTP/1.1", "", "GET"),
    (400, "POST / HTTP/1.1", f"Host: test\r\n{CHUNKS}", "POST"),
    (400, "hello", "", None),
    (413, "POST / HTTP/1.1", "Host: test\r\nContent-Length: 99999999\r\n", "POST"),
    (431, "GET / HTTP/1.1", "X-A: " + "a" * 20_000 + "\r\n", None),
    (501, "POST / HTTP/1.1", "Host: test\r\nTransfer-Encoding: gzip\r\n", "POST"),
]


def line_of(server):
    line = json.loads(server.process.stdout.readline())
    assert line.pop("time")
    assert line.pop("ms") >= 0
    return line


def expected(status, method, request_id):
    return {
        "level": "INFO",
        "request_id": request_id,
        "method": method,
        "route": None,
        "status": status,
        "user_id": None,
        "address": "127.0.0.1",
    }


@pytest.mark.parametrize(("status", "first", "headers", "method"), REFUSED)
def test_a_refusal_is_one_line_with_the_id_of_the_answer(
    logging_server, status, first, headers, method
):
    client = logging_server.connect()
    client.send(f"{first}\r\n{headers}\r\n".encode())

    answered, received, _ = client.answer()

    assert answered == status
    assert line_of(logging_server) == expected(status, method, received["x-request-id"])


@pytest.mark.parametrize("given", ["r-1", "two words"])
def test_the_callers_id_is_kept_when_it_is_fit(logging_server, given):
    for headers in ("Content-Length: 99999999\r\n", "X-Forwarded-For: unknown\r\n"):
        client = logging_server.connect()
        client.get(headers=f"X-Request-ID: {given}\r\n{headers}")

        status, received, _ = client.answer()

        assert (received["x-request-id"] == given) == (given == "r-1")
        assert len(received["x-request-id"]) in (3, 32)
        assert line_of(logging_server) == expected(status, "GET", received["x-request-id"])
