"""The committed nginx, with nothing but paths and ports replaced, before the real application."""

import http.client
import json
import re
import ssl
import time
import warnings

import pytest
from nginx_server import (
    NAME,
    NGINX,
    ROOT,
    Nginx,
    ask,
    connect,
    free_ports,
    running_application,
    tell,
)

from marketplace.core.errors import STATUS, Code
from marketplace.core.messages import problem_texts

HSTS = "max-age=63072000"
LOGIN = "/api/auth/login/"
FORGED = {
    "X-Forwarded-For": "203.0.113.{0}",
    "X_Forwarded_For": "203.0.113.{0}",
    "Forwarded": "for=203.0.113.{0}",
    "X-Real-IP": "203.0.113.{0}",
    "True-Client-IP": "203.0.113.{0}",
}


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """The application's port."""
    with running_application(tmp_path_factory.mktemp("application")) as port:
        yield port


def running(tmp_path_factory, port):
    if NGINX is None:
        pytest.skip("nginx is not installed")
    nginx = Nginx(tmp_path_factory.mktemp("nginx") / "conf", port)
    yield nginx
    nginx.stop()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, application):
    yield from running(tmp_path_factory, application)


@pytest.fixture(scope="module")
def lonely_nginx(tmp_path_factory):
    """An nginx whose application is down."""
    yield from running(tmp_path_factory, free_ports(1)[0])


@pytest.mark.slow
def test_https_works_with_http_2_offered_and_strong_etags_kept(nginx):
    context = ssl.create_default_context(cafile=nginx.folder / "tls" / "fullchain.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with nginx.tls(context=context) as connection:
        assert connection.selected_alpn_protocol() == "h2"

    first = nginx.https("GET", "/api/services/", None, {"Accept-Encoding": "gzip"})
    again = nginx.https("GET", "/api/services/", None, {"If-None-Match": first.headers["ETag"]})

    assert (first.status, first.body) == (200, b"[]")
    assert first.headers["ETag"].startswith('"')
    assert first.headers["Server"] == "nginx"
    assert again.status == 304


@pytest.mark.slow
def test_over_plain_http_calls_are_refused_and_pages_redirected(nginx):
    secret = nginx.http(*tell("POST", LOGIN, {"username": "klient", "password": "secret word"}))
    read = nginx.http("GET", "/api/services/")
    page = nginx.http("GET", "/api/docs/?a=1")

    for refused in (secret, read, nginx.http("POST", "/api/docs/")):
        assert refused.status == 403
        assert refused.problem()["code"] == "https_required"
        assert "Strict-Transport-Security" not in refused.headers
    assert (page.status, page.headers["Location"]) == (301, f"https://{NAME}/api/docs/?a=1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "accepted"),
    [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)],
)
def test_only_tls_1_2_and_1_3_are_spoken(nginx, version, accepted):
    context = ssl.create_default_context(cafile=nginx.folder / "tls" / "fullchain.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")  # else this side would be the one to refuse
    with warnings.catch_warnings(action="ignore"):  # old versions are deprecated
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]

    if accepted:
        with nginx.tls(context=context) as connection:
            assert connection.version() == version.replace("_", ".")
    else:
        with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
            nginx.tls(context=context)


@pytest.mark.slow
def test_hsts_stands_on_every_answer_over_https(nginx, lonely_nginx):
    answers = [
        nginx.https("GET", "/health/"),
        nginx.https("GET", "/api/auth/me/"),
        nginx.https("GET", "/api/nothing/"),
        nginx.https(*tell("POST", LOGIN, "x" * 70_000)),
        lonely_nginx.https("GET", "/health/"),
    ]

    assert [answer.status for answer in answers] == [200, 401, 404, 413, 502]
    for answer in answers:
        assert answer.headers.get_all("Strict-Transport-Security") == [HSTS]
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.get_all("X-Request-ID")


@pytest.mark.slow
def test_what_nginx_answers_itself_is_a_problem_in_the_language_asked_for(nginx, lonely_nginx):
    english = {"Accept-Language": "en-GB"}
    answers = {
        413: nginx.https(*tell("POST", LOGIN, "x" * 70_000, english)),
        405: nginx.https("TRACE", "/api/services/", None, english),
        431: nginx.https("GET", "/api/services/", None, english | {"X-Long": "x" * 20_000}),
        404: nginx.https("GET", "/metrics/", None, english, source="127.0.0.2"),
        502: lonely_nginx.https(*tell("POST", LOGIN, {"username": "klient"}, english)),
    }

    for status, answer in answers.items():
        problem = answer.problem()
        assert (answer.status, problem["status"]) == (status, status)
        assert problem["title"] == problem_texts(Code(problem["code"]), "en")[0]
        assert answer.headers["Content-Language"] == "en"
    assert "GET" in answers[405].headers["Allow"]
    assert answers[502].headers["Retry-After"] == "2"
    assert lonely_nginx.https("GET", "/health/").problem()["title"] == "Сервис временно недоступен"


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw", [b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\nHost: api.example.org\r\n\r\n"]
)
def test_what_cannot_be_read_is_a_problem_too(nginx, raw):
    with nginx.tls() as connection:
        connection.sendall(raw)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json\r\n" in answer
    assert f"Strict-Transport-Security: {HSTS}".encode() in answer


@pytest.mark.slow
def test_a_flood_from_one_address_is_held_up_and_others_are_not(nginx):
    batch = f"GET /health/ HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode() * 249
    batch += f"GET /health/ HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()
    answered = b""
    for _ in range(12):
        with nginx.tls("127.0.0.9") as connection:
            connection.sendall(batch)
            answered = b"".join(iter(lambda: connection.recv(65_536), b""))
        if b" 429 " in answered:
            break

    refused = answered[answered.index(b"HTTP/1.1 429 ") :].partition(b"\r\n\r\n")[0]
    assert b"Content-Type: application/problem+json" in refused
    assert b"Retry-After: 1" in refused
    assert nginx.https("GET", "/health/").status == 200


def session_addresses(send):
    """Where the sessions of a new person were begun; `send` carries a request."""
    forged = {name: value.format(7) for name, value in FORGED.items()}
    person = {"username": f"klient{time.monotonic_ns()}", "password": "тихий-вечер-7"}
    new = person | {"email": f"{person['username']}@example.com", "role": "client"}
    registered = send(*tell("POST", "/api/auth/register/", new, forged))
    assert registered.status == 201, registered.body
    bearer = {"Authorization": f"Bearer {json.loads(registered.body)['access']}"}
    sessions = send("GET", "/api/auth/sessions/", None, bearer | forged)
    return [session["ip"] for session in json.loads(sessions.body)]


@pytest.mark.slow
def test_the_address_noted_is_the_real_one_through_the_proxy_and_past_it(nginx, application):
    def through(*request):
        return nginx.https(*request, source="127.0.0.3")

    def past(*request):
        return ask(connect(application, "127.0.0.4"), *request)

    assert session_addresses(through) == ["127.0.0.3"]
    assert session_addresses(past) == ["127.0.0.4"]


@pytest.mark.slow
def test_forged_addresses_open_no_new_bucket_through_the_proxy_or_past_it(nginx, application):
    def guesses(send):
        statuses = []
        for number in range(5):
            login = {"username": f"nobody{number}", "password": "wrong word"}
            forged = {name: value.format(number) for name, value in FORGED.items()}
            statuses.append(send(*tell("POST", LOGIN, login, forged)).status)
        return statuses

    through = guesses(lambda *request: nginx.https(*request, source="127.0.0.5"))
    past = guesses(lambda *request: ask(connect(application, "127.0.0.6"), *request))

    assert through == past == [401, 401, 401, 429, 429]


@pytest.mark.slow
def test_an_unknown_host_gets_no_answer(nginx):
    other = ssl.create_default_context()
    other.check_hostname, other.verify_mode = False, ssl.CERT_NONE
    evil = {"Host": "evil.example"}

    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        nginx.tls(name="evil.example", context=other)
    for send in (nginx.https, nginx.http):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            send("GET", "/health/", None, evil)


@pytest.mark.slow
def test_the_log_names_the_request_and_keeps_no_query_string(nginx, lonely_nginx):
    for each in (nginx, lonely_nginx):
        each.https("GET", "/api/services/?name=canary", None, {"X-Request-ID": "trace-7"})

    for each in (nginx, lonely_nginx):
        line = next(line for line in each.log_lines() if line["request_id"] == "trace-7")
        assert (line["method"], line["path"]) == ("GET", "/api/services/")
        logs = [path.read_text(encoding="utf-8") for path in each.folder.glob("*.log")]
        assert len(logs) == 2
        assert not [log for log in logs if "canary" in log]


def test_nginx_uses_the_applications_own_words():
    source = (ROOT / "nginx" / "includes" / "problems.conf").read_text(encoding="utf-8")
    documents = re.findall(r"^ +(\d{3}):(ru|en) '(.+)';$", source, re.MULTILINE)

    assert len(documents) == 2 * len({status for status, _, _ in documents}) >= 20
    for status, language, text in documents:
        document = json.loads(text)
        assert document["type"] == f"urn:marketplace:problem:{document['code']}"
        assert document["status"] == int(status)
        if document["code"] != "https_required":  # said by nginx only
            code = Code(document["code"])
            assert (document["title"], document["detail"]) == problem_texts(code, language)
            assert code is Code.SERVICE_UNAVAILABLE or STATUS[code] == int(status)
