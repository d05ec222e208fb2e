"""What nobody means well by: always a problem in JSON, never a failure, and nothing is changed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from journeys.wire import SPECIALIST, Answer, Server

SERVICE = b'{"name": "x", "price": 1, "duration_minutes": 60}'
PRICE = b'{"name": "x", "price": %s, "duration_minutes": 60}'
NAME = b'{"name": "%s", "price": 1, "duration_minutes": 60}'
DEEP = 100_000

BODIES = {
    "nothing": b"",
    "a NUL": b"\x00",
    "invalid UTF-8": NAME % b"\xff\xfe",
    "overlong UTF-8": NAME % b"\xc0\xaf",
    "a raw surrogate": NAME % b"\xed\xa0\x80",
    "an escaped surrogate": NAME % b"\\ud800",
    "a surrogate for a name": b'{"\\ud800": 1}',
    "an escaped NUL": NAME % b"a\\u0000b",
    "a raw control character": NAME % b"a\x1bb",
    "an escaped control character": NAME % b"a\\u001bb",
    "deep arrays": b"[" * DEEP,
    "deep arrays within the limit": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 12_000 + b"1" + b"}" * 12_000,
    "a deep field": NAME.replace(b'"%s"', b"[" * 25_000 + b"]" * 25_000),
    "5000 digits": PRICE % (b"9" * 5_000),
    "4000 digits": PRICE % (b"9" * 4_000),
    "5000 places": PRICE % (b"0." + b"1" * 5_000),
    "a huge exponent": PRICE % b"1e999999999999999999",
    "an exponent no number has": PRICE % b"1e99999999999999999999",
    "a tiny exponent": PRICE % b"1e-999999999999999999",
    "NaN": PRICE % b"NaN",
    "Infinity": PRICE % b"-Infinity",
    "true for a price": PRICE % b"true",
    "hexadecimal": PRICE % b"0x10",
    "a name twice": b'{"name": "x", "name": "y", "price": 1, "duration_minutes": 60}',
    "a name twice by escapes": b'{"price": 1, "pri\\u0063e": 2}',
    "an unknown field": SERVICE.replace(b"{", b'{"specialist": 2, ', 1),
    "a prototype": b'{"__proto__": {"price": 1}, "constructor": 1}',
    "an array": b"[" + SERVICE + b"]",
    "a byte order mark": b"\xef\xbb\xbf" + SERVICE,
    "UTF-16": SERVICE.decode().encode("utf-16"),
    "two documents": SERVICE + SERVICE,
    "2 MB": b'{"name": "' + b"x" * 2_000_000 + b'"}',
    "2 MB of spaces": b" " * 2_000_000 + SERVICE,
}
TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
    "\\",
    "a/b/c",
)
PATHS = [
    b"/%00",
    b"/api/services/%00/",
    b"/api/services/\x00/",
    b"/api/services/%ff%fe/",
    b"/api/services/%ed%a0%80/",
    b"/api/services/%c0%af/",
    b"/api/services/\xff\xfe/",
    b"/api/services/\xd0\xbf/",
    b"/api/services/1%0d%0aX-Injected:%201/",
    b"/api/services/99999999999999999999/",
    b"/api/services/" + b"9" * 5_000 + b"/",
    b"/api/services/-1/",
    b"/api/services/1e3/",
    b"/api/services/../../etc/passwd",
    b"/api/services/%2e%2e/%2e%2e/etc/passwd",
    b"/api/docs/assets/..%2f..%2froutes.py",
    b"/api/docs/assets/%00",
    b"/" + b"a" * 100_000,
    b"/api/services/?name=%00",
    b"/api/services/?name=a%0ab",
    b"/api/services/?name=" + b"x" * 5_000,
    b"/api/services/?name=a&name=b",
    b"/api/services/?%00=1",
    b"/api/services/?%ff=1",
    b"/api/services/?limit=%ff",
    b"/api/services/?limit=" + b"9" * 5_000,
    b"/api/services/?min_price=NaN",
    b"/api/services/?min_price=1e999",
    b"/api/services/?cursor=%00",
    b"/api/services/?cursor=" + b"W10" * 1_000,
    b"/api/services/?" + b"a=1&" * 3_000,
    b"/api/services/?" + b"&".join(b"p%d=1" % n for n in range(1_500)),
    b"/api/services/?access_token=x",
    b"/api/services/?%6e%6d%65=1",
]
HEADERS = [
    b"Authorization: Bearer \xff\xfe",
    b"Authorization: Bearer",
    b"Authorization: Basic YTpi",
    b"Authorization: Bearer a.b.c",
    b"Authorization: Bearer " + b"a" * 10_000,
    b"Authorization: Bearer " + b"e30." * 2_000,
    b"Authorization: \x01",
    b"X-Broken: a\x00b",
    b"X-Broken: a\rb",
    b"X-Broken : 1",
    b"No colon",
    b": no name",
    b"X-Folded: a\r\n b",
    b"X-Long: " + b"a" * 300_000,
    b"\r\n".join(b"X-%d: 1" % n for n in range(20_000)),
    b"Host: second",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: -1",
    b"Content-Length: +5",
    b"Content-Length: 0x5",
    b"Content-Length: 5, 6",
    b"Content-Length: " + b"9" * 30,
    b"Content-Length: " + b"9" * 5_000,
    b"Content-Length: abc",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: \x0bchunked",
]
HARMLESS_HEADERS = [
    b"X-Request-ID: \xff\xfe",
    b"X-Request-ID: " + b"a" * 5_000,
    b"X-Request-ID: a\tb",
    b"Accept-Language: \xff\xfe",
    b"Accept-Language: " + b"en," * 2_000,
    b"Accept: text/html",
    b"If-None-Match: \xff",
    b"If-None-Match: " + b'"a",' * 2_000,
    b"If-Match: \xff\xfe",
    b"User-Agent: \xff\xfe",
    b"Cookie: \xff=\xfe; session=x",
    b"Origin: \xff",
    b"Forwarded: for=\xff",
    b"X-Forwarded-For: \xff, 1.2.3.4",
    b"X-HTTP-Method-Override: DELETE",
    b"Range: bytes=0-1",
    b"Expect: 100-continue",
    b"Upgrade: h2c",
]
CHUNKS = [
    b"5\r\nabc",
    b"zz\r\nabc\r\n0\r\n\r\n",
    b"-1\r\nabc\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nabc\r\n",
    b"5;" + b"x" * 5_000 + b"\r\nabcde\r\n0\r\n\r\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"0\r\nContent-Length: 5\r\n\r\n",
    b"1\r\n{\r\n0\r\n\r\n",
    b"".join(b"8000\r\n" + b" " * 0x8000 + b"\r\n" for _ in range(64)) + b"0\r\n\r\n",
]
NO_HTTP = [
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /api/services/\r\n\r\n",
    b"GET /api/services/ HTTP/9.9\r\nHost: test\r\n\r\n",
    b"GET /api/services/ HTTP/1.1 x\r\nHost: test\r\n\r\n",
    b"G\xffT /api/services/ HTTP/1.1\r\nHost: test\r\n\r\n",
    b"CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n",
    b"\r\n\r\n\r\n\r\n",
    b"GET /api/services/ HTTP/1.1\r\n\r\n",
]


@pytest.fixture
def token(server: Server) -> str:
    return server.register(SPECIALIST)["access"]


@pytest.fixture
def untouched(server: Server, token: str) -> Iterator[None]:
    """Nothing stored is changed meanwhile, and the server goes on as before."""
    assert server.call("POST", "/api/auth/services/", SERVICE, token=token).status == 201
    before = server.stored()
    logged = server.log.stat().st_size
    yield
    assert server.stored() == before
    assert server.process.poll() is None
    assert server.call("GET", "/ready/").status == 200
    assert server.call("GET", "/api/auth/services/", token=token).json[0]["id"] == 1
    log = server.log.read_bytes()[logged:].decode()
    assert "Traceback" not in log
    assert " 500 " not in log


def head(method: str, path: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join(
        [method.encode() + b" " + path + b" HTTP/1.1", b"Host: test", *lines, b"", b""]
    )


def assert_refused(answer: Answer | None, case: object) -> None:
    """A problem in JSON that blames the request."""
    shown = case if len(str(case)) < 200 else str(case)[:200]
    assert answer is not None, shown
    assert 400 <= answer.status < 500 or answer.status in (501, 505), (shown, answer)
    assert answer.headers["Content-Type"] == "application/problem+json", shown
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status
    assert problem["code"]
    assert problem["title"]
    assert "Traceback" not in answer.text


@pytest.mark.usefixtures("untouched")
def test_bodies(server: Server, token: str) -> None:
    authorised = b"Authorization: Bearer " + token.encode()
    for case, body in BODIES.items():
        for method, path in (
            ("POST", b"/api/auth/services/"),
            ("PUT", b"/api/auth/services/1/"),
            ("PATCH", b"/api/auth/services/1/"),
            ("PATCH", b"/api/auth/profile/me/"),
            ("POST", b"/api/auth/login/"),
            ("POST", b"/api/auth/register/"),
        ):
            length = b"Content-Length: %d" % len(body)
            lines = (authorised, b"Content-Type: application/json", length)
            assert_refused(server.send(head(method, path, *lines) + body), (case, method, path))


@pytest.mark.usefixtures("untouched")
def test_types_of_bodies(server: Server, token: str) -> None:
    for each in TYPES:
        answer = server.call("POST", "/api/auth/services/", SERVICE, token=token, Content_Type=each)
        assert_refused(answer, each)
        assert answer.status == 415


@pytest.mark.usefixtures("untouched")
def test_paths_and_queries(server: Server, token: str) -> None:
    authorised = b"Authorization: Bearer " + token.encode()
    for path in PATHS:
        assert_refused(server.send(head("GET", path, authorised)), path)
        if b"?" not in path:
            assert_refused(server.send(head("DELETE", path, authorised)), path)


@pytest.mark.usefixtures("untouched")
def test_headers(server: Server) -> None:
    for line in HEADERS:
        answer = server.send(head("GET", b"/api/auth/services/", line) + b"abcde")
        assert_refused(answer, line)


@pytest.mark.usefixtures("untouched")
def test_strange_headers_that_mean_nothing(server: Server) -> None:
    for line in HARMLESS_HEADERS:
        answer = server.send(head("GET", b"/api/auth/services/", line))
        assert answer is not None, line
        assert answer.status in (200, 400), line
        assert "json" in answer.headers["Content-Type"]
        assert "\xff" not in answer.headers["X-Request-ID"]


@pytest.mark.usefixtures("untouched")
def test_broken_lengths(server: Server, token: str) -> None:
    lines = [b"Authorization: Bearer " + token.encode(), b"Content-Type: application/json"]
    chunked = head("POST", b"/api/auth/services/", *lines, b"Transfer-Encoding: chunked")
    for chunks in CHUNKS:
        answer = server.send(chunked + chunks)
        if answer is not None:
            assert_refused(answer, chunks)
    for claimed in (1, len(SERVICE) - 1, len(SERVICE) + 1, 60_000, 10**9):
        length = b"Content-Length: %d" % claimed
        answer = server.send(head("POST", b"/api/auth/services/", *lines, length) + SERVICE)
        if answer is not None:
            assert_refused(answer, claimed)


@pytest.mark.usefixtures("untouched")
def test_what_is_no_http(server: Server) -> None:
    noise = random.Random(1).randbytes(2_000)  # noqa: S311 - the same noise each time
    for raw in [*NO_HTTP, noise, noise[:100] + b"\r\n\r\n"]:
        answer = server.send(raw)
        if answer is not None:
            assert_refused(answer, raw)


@pytest.mark.usefixtures("untouched")
def test_a_second_request_hidden_in_the_first_is_not_served(server: Server, token: str) -> None:
    hidden = head("DELETE", b"/api/auth/services/1/", b"Authorization: Bearer " + token.encode())
    for lines in (
        (b"Content-Length: 0", b"Transfer-Encoding: chunked"),
        (b"Content-Length: 0\r\nContent-Length: %d" % len(hidden),),
        (b"Transfer-Encoding: xchunked", b"Content-Length: 0"),
        (b"Content-Length : %d" % len(hidden), b"Content-Length: 0"),
    ):
        answer = server.send(head("POST", b"/api/auth/login/", *lines) + hidden)
        assert_refused(answer, lines)
