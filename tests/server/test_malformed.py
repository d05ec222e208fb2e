"""Requests that never reach the application: problem details, a closed connection, no wait."""

import json
import socket
import time

import pytest

HOST = b"Host: test\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    "no request line": b"hello\r\n\r\n",
    "small letters": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "version 2": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "version 1.2": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n\r\n",
    "broken address": b"GET http://[::1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost test\r\n\r\n",
    "space before colon": POST + b"Content-Length : 3\r\n\r\nabc",
    "folded line": POST + b"X-A: a\r\n b\r\n\r\n",
    "folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare line feed": b"GET / HTTP/1.1\nHost: test\r\n\r\n",
    "bare line feed in a header": POST + b"X-A: a\nContent-Length: 3\r\n\r\nabc",
    "zero byte": POST + b"X-A: a\0b\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "two equal lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "negative length": POST + b"Content-Length: -3\r\n\r\nabc",
    "signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "empty length": POST + b"Content-Length:\r\n\r\nabc",
    "length in words": POST + b"Content-Length: three\r\n\r\nabc",
    "length of 5000 digits": POST + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n",
    "length and chunks": POST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + b"GET /stolen HTTP/1.1\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two codings": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "empty coding": POST + b"Transfer-Encoding:\r\n\r\n",
    "chunks in version 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length with expectation": POST + b"Expect: 100-continue\r\nContent-Length: x\r\n\r\n",
    "chunk size in words": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
    "prefixed chunk size": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "spaced chunk size": CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n",
    "huge chunk size": CHUNKED + b"1" * 20 + b"\r\nabc\r\n0\r\n\r\n",
    "empty chunk size": CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n",
    "chunk line by line feed": CHUNKED + b"3\nabc\r\n0\r\n\r\n",
    "line feed within chunk line": CHUNKED + b"3\n\r\nabc\r\n0\r\n\r\n",
    "chunk longer than its size": CHUNKED + b"3\r\nabcd",
    "endless chunk line": CHUNKED + b"3;" + b"a" * 5000,
    "endless trailer": CHUNKED + b"0\r\n" + b"X-A: " + b"a" * 5000,
    "long trailer": CHUNKED + b"0\r\n" + 100 * (b"X-A: " + b"a" * 500 + b"\r\n"),
}


def check_problem(answer, status, code, language="ru"):
    answered, headers, body = answer
    assert answered == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-language"] == language
    assert "server" not in headers
    problem = json.loads(body)
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:marketplace:problem:{code}"
    assert b"\\u" not in body
    assert any("а" <= letter <= "я" for letter in problem["detail"]) == (language == "ru")


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request_is_400_and_closed(shared_server, raw):
    client = shared_server.connect()
    began = time.monotonic()

    client.send(raw)

    check_problem(client.answer(), 400, "malformed_request")
    assert client.is_closed()
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("name", ["two lengths", "length and chunks", "chunk size in words"])
def test_malformed_request_byte_by_byte(shared_server, name):
    client = shared_server.connect()
    raw = MALFORMED[name]
    end = raw.index(b"\r\n\r\n") + 8

    for position in range(end):
        try:
            client.send(raw[position : position + 1])
        except OSError:
            break

    check_problem(client.answer(), 400, "malformed_request")
    assert client.is_closed()


def test_headers_too_large(shared_server):
    client = shared_server.connect()
    client.send(POST + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n")

    check_problem(client.answer(), 431, "headers_too_large")
    assert client.is_closed()


def test_headers_without_end(shared_server):
    client = shared_server.connect()
    client.send(b"GET / HTTP/1.1\r\nAccept-Language: en-GB,ru;q=0.5\r\nX-A: " + b"a" * 20_000)

    check_problem(client.answer(), 431, "headers_too_large", "en")


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_declared_body_too_large_is_refused_before_it_is_sent(shared_server, expect):
    client = shared_server.connect()
    client.send(POST + expect + b"Content-Length: 7000000\r\n\r\n")

    check_problem(client.answer(), 413, "payload_too_large")


def test_a_client_still_sending_its_too_large_body_gets_the_answer(shared_server):
    client = shared_server.connect()
    client.send(POST + b"Content-Length: 7000000\r\n\r\n")
    for _ in range(7):
        client.send(b"x" * 1_000_000)

    check_problem(client.answer(), 413, "payload_too_large")
    assert client.is_closed()


def test_chunks_too_large_in_sum(shared_server):
    client = shared_server.connect()
    client.send(CHUNKED)
    for _ in range(7):
        client.send(b"F4240\r\n" + b"x" * 1_000_000 + b"\r\n")

    check_problem(client.answer(), 413, "payload_too_large")
    assert client.is_closed()


def test_unknown_transfer_coding(shared_server):
    client = shared_server.connect()
    client.send(POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n")

    check_problem(client.answer(), 501, "not_implemented")
    assert client.is_closed()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_failing_application(shared_server, version):
    client = shared_server.connect()
    client.send(
        f"GET /fails HTTP/{version}\r\nHost: test\r\nConnection: keep-alive\r\n"
        "Accept-Language: en\r\n\r\n".encode()
    )

    check_problem(client.answer(), 500, "internal_error", "en")
    assert client.is_closed()


@pytest.mark.parametrize("accepted", ["de, en;q=0.5", "ru;q=0.1, en-US"])
def test_language_by_quality(shared_server, accepted):
    for line in ("X-A: a\r\n", "no colon\r\n"):
        client = shared_server.connect()
        client.get(headers=f"Accept-Language: {accepted}\r\nContent-Length: x\r\n{line}")
        check_problem(client.answer(), 400, "malformed_request", "en")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_language_of_an_error_within_the_headers(shared_server, language):
    client = shared_server.connect()
    client.send(
        b"POST / HTTP/1.1\r\nContent-Length: x\r\naccept-language: "
        + language.encode()
        + b"\r\n\r\n"
    )

    check_problem(client.answer(), 400, "malformed_request", language)


def test_well_formed_requests_are_served(shared_server):
    client = shared_server.connect()
    for raw in (
        POST + b"Content-Length: 3\r\n\r\nabc",
        CHUNKED + b"1\r\na\r\n2;ext=1\r\nbc\r\n0\r\nX-Trailer: 1\r\n\r\n",
        CHUNKED + b"3\r\nabc\r\n000\r\n\r\n",
    ):
        client.send(raw)
        status, headers, body = client.answer()
        assert status == 200
        assert json.loads(body)["body"] == "abc"
        assert "server" not in headers


def test_chunks_byte_by_byte(shared_server):
    client = shared_server.connect()
    for byte in CHUNKED + b"A\r\n0123456789\r\n0\r\nX: 1\r\n\r\n":
        client.send(bytes([byte]))

    assert json.loads(client.answer()[2])["body"] == "0123456789"


def test_expectation_is_met(shared_server):
    client = shared_server.connect()
    client.send(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")

    assert client.answer()[0] == 200


def test_expectation_without_a_body_does_not_hang(shared_server):
    client = shared_server.connect()
    client.get(headers="Expect: 100-continue\r\n")

    assert client.answer()[0] == 200


def test_urgent_data_closes_the_connection(shared_server):
    client = shared_server.connect()
    client.socket.send(b"!", socket.MSG_OOB)

    assert client.is_closed()
