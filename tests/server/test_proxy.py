"""Whose word on the client's address is taken."""

import pytest

FORWARDED = "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"


def test_without_a_trusted_proxy_forwarded_headers_are_dropped(start):
    _, _, seen = start().get(headers=FORWARDED)

    assert (seen["address"], seen["scheme"], seen["forwarded"]) == ("127.0.0.1", "http", None)


def test_another_peer_than_the_trusted_proxy_is_not_believed(start):
    _, _, seen = start(trusted_proxy="192.0.2.1").get(headers=FORWARDED)

    assert (seen["address"], seen["scheme"], seen["forwarded"]) == ("127.0.0.1", "http", None)


def test_the_trusted_proxy_is_believed_on_its_own_entry(behind_proxy):
    _, _, seen = behind_proxy.get(headers=FORWARDED)
    assert (seen["address"], seen["scheme"]) == ("198.51.100.7", "https")
    for said, meant in (
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ('"malformed, 198.51.100.7', "198.51.100.7"),
    ):
        assert behind_proxy.get(headers=f"X-Forwarded-For: {said}\r\n")[2]["address"] == meant
    assert behind_proxy.get()[2]["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For: unknown",
        'X-Forwarded-For: "198.51.100.7',
        "X-Forwarded-For:",
        "X-Forwarded-Proto: ftp",
        "X-Forwarded-Proto: https, http",
    ],
)
def test_what_the_trusted_proxy_cannot_mean_is_400(behind_proxy, header):
    status, headers, problem = behind_proxy.get(headers=header + "\r\n")

    assert status == 400
    assert headers["content-type"] == "application/problem+json"
    assert problem["code"] == "malformed_request"


def test_the_language_of_that_400_is_the_best_of_those_accepted(behind_proxy):
    for accepted, language in (("de, en;q=0.5", "en"), ("en;q=0.5, ru", "ru")):
        headers = f"X-Forwarded-For: unknown\r\nAccept-Language: {accepted}\r\n"
        assert behind_proxy.get(headers=headers)[1]["content-language"] == language
