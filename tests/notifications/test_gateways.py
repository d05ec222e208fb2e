"""SMS.ru, SMSC.ru and FCM as they are documented, and in trouble, over real HTTP."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from notifications.web import SLOW, Gateway, gateway

from marketplace.notifications import push, senders, sms
from marketplace.notifications.senders import (
    Gone,
    Message,
    Permanent,
    Silent,
    Temporary,
    Unreachable,
)
from marketplace.settings_delivery import PushAccount, SmsGateway

PHONE, SECRET = "+79161234567", "api-id-which-nobody-may-see"
MESSAGE = Message(7, "k" * 32, "code_phone", PHONE, "Код", "BeautyGo: код 271828.")
RU, SMSC, FCM, TOKEN = "/sms/send", "/sys/send.php", "/v1/projects/market/messages:send", "/token"
ACCEPTED_RU = {
    "status": "OK",
    "status_code": 100,
    "sms": {"79161234567": {"status": "OK", "status_code": 100, "sms_id": "000000-10000000"}},
    "balance": 4122.56,
}
REFUSED_RU = ACCEPTED_RU | {
    "sms": {"79161234567": {"status": "ERROR", "status_code": 207, "status_text": "нельзя"}}
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    client = partial(httpx.Client, timeout=0.3, follow_redirects=False, trust_env=False)
    for module in (sms, push):
        monkeypatch.setattr(module, "http_client", client)


def sent(kind: str, told: Gateway) -> None:
    settings = SmsGateway(kind, told.base, "login", SECRET, "Market")
    sender = sms.SmsRuSender(settings) if kind == "smsru" else sms.SmscSender(settings)
    try:
        sender.send(MESSAGE)
    finally:
        sender.close()


def test_sms_ru_is_asked_as_it_documents() -> None:
    with gateway({RU: [(200, ACCEPTED_RU)]}) as told:
        sent("smsru", told)

    assert told.forms(RU) == [
        {"api_id": SECRET, "to": "79161234567", "msg": MESSAGE.text, "json": "1", "from": "Market"}
    ]
    assert SECRET not in told.asked[0][0]


def test_smsc_is_asked_as_it_documents() -> None:
    with gateway({SMSC: [(200, {"id": 41, "cnt": 1})]}) as told:
        sent("smsc", told)

    assert told.forms(SMSC) == [
        {
            "login": "login",
            "psw": SECRET,
            "phones": "79161234567",
            "mes": MESSAGE.text,
            "fmt": "3",
            "charset": "utf-8",
            "sender": "Market",
        }
    ]


def error_ru(code: int) -> dict[str, Any]:
    return {"status": "ERROR", "status_code": code, "status_text": f"{PHONE} {SECRET}"}


def error_smsc(code: int) -> dict[str, Any]:
    return {"error": f"{PHONE} {SECRET}", "error_code": code}


TROUBLE = [
    (500, "oops", Temporary),
    (502, "<html>bad gateway</html>", Temporary),
    (429, {}, Temporary),
    (200, "not json at all", Temporary),
    (200, "", Temporary),
    (200, [], Temporary),
    (200, {"status_code": None}, Temporary),
    (200, "[" * 30_000, Temporary),
    (200, "x" * 100_000, Temporary),
    (302, "", Temporary),
    (200, SLOW, Silent),
]
CASES = [
    *(("smsru", RU, status, body, kind) for status, body, kind in TROUBLE),
    *(("smsc", SMSC, status, body, kind) for status, body, kind in TROUBLE),
    ("smsru", RU, 200, REFUSED_RU, Permanent),
    ("smsru", RU, 200, error_ru(202), Permanent),
    ("smsru", RU, 200, error_ru(200), Unreachable),
    ("smsru", RU, 200, error_ru(201), Unreachable),
    ("smsru", RU, 200, error_ru(220), Temporary),
    ("smsru", RU, 200, ACCEPTED_RU | {"sms": {}}, Temporary),
    ("smsru", RU, 200, ACCEPTED_RU | {"sms": []}, Temporary),
    ("smsc", SMSC, 200, error_smsc(1), Permanent),
    ("smsc", SMSC, 200, error_smsc(2), Unreachable),
    ("smsc", SMSC, 200, error_smsc(3), Unreachable),
    ("smsc", SMSC, 200, error_smsc(7), Permanent),
    ("smsc", SMSC, 200, error_smsc(9), Temporary),
    ("smsc", SMSC, 200, {"cnt": 1}, Temporary),
]


@pytest.mark.parametrize(("kind", "path", "status", "body", "raised"), CASES)
def test_an_sms_gateway_in_trouble_is_told_of_without_secrets(
    kind: str, path: str, status: int, body: Any, raised: type[Exception]
) -> None:
    with gateway({path: [(status, body)]}) as told, pytest.raises(raised) as caught:
        sent(kind, told)

    assert type(caught.value) is raised
    assert str(caught.value)
    assert SECRET not in str(caught.value)
    assert "9161234567" not in str(caught.value)


@pytest.mark.parametrize("kind", ["smsru", "smsc"])
def test_a_gateway_that_is_away_is_unreachable(kind: str) -> None:
    with pytest.raises(Unreachable):
        sent(kind, Gateway({}, base="http://127.0.0.1:1"))


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "CALL_SECONDS", 0.0)
    with gateway({RU: [(200, ACCEPTED_RU)]}) as told, pytest.raises(Temporary, match="not end"):
        sent("smsru", told)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def fcm(told: Gateway, key: rsa.RSAPrivateKey) -> push.FcmSender:
    mail = "worker@market.iam.gserviceaccount.com"
    return push.FcmSender(
        PushAccount("market", mail, f"{told.base}{TOKEN}", told.base, "key-1", pem(key))
    )


GRANTED = (200, {"access_token": "ya29.first", "expires_in": 3599, "token_type": "Bearer"})
TAKEN = (200, {"name": "projects/market/messages/0:1500415314455276%31bd1c96"})
PUSHED = Message(
    9, "d" * 32, "reminder_2h", "device-token", "Скоро", "Скоро запись.", "", {"a": "b"}
)


def test_fcm_gets_a_signed_grant_once_and_the_message(key: rsa.RSAPrivateKey) -> None:
    with gateway({TOKEN: [GRANTED], FCM: [TAKEN]}) as told:
        sender = fcm(told, key)
        sender.send(PUSHED)
        sender.send(PUSHED)
        sender.close()

    [grant] = told.forms(TOKEN)
    claims = jwt.decode(
        grant["assertion"], key.public_key(), ["RS256"], audience=f"{told.base}{TOKEN}"
    )
    assert grant["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert jwt.get_unverified_header(grant["assertion"])["kid"] == "key-1"
    assert claims["iss"] == "worker@market.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    assert claims["exp"] - claims["iat"] == 3600
    first, second = told.bodies(FCM)
    assert first == second
    message = first["message"]
    assert message["token"] == "device-token"
    assert message["notification"] == {"title": "Скоро", "body": "Скоро запись."}
    assert message["data"] == {"a": "b", "kind": "reminder_2h", "key": "d" * 32}
    assert message["android"]["notification"]["tag"] == "d" * 32
    authorizations = [headers["Authorization"] for path, headers, _ in told.asked if path == FCM]
    assert authorizations == ["Bearer ya29.first"] * 2


def test_a_refused_access_token_is_asked_for_anew(key: rsa.RSAPrivateKey) -> None:
    second = (200, {"access_token": "ya29.second", "expires_in": 3599})
    with gateway({TOKEN: [GRANTED, second], FCM: [(401, {}), TAKEN]}) as told:
        sender = fcm(told, key)
        with pytest.raises(Temporary):
            sender.send(PUSHED)
        sender.send(PUSHED)
        sender.close()

    assert len(told.forms(TOKEN)) == 2
    assert told.asked[-1][1]["Authorization"] == "Bearer ya29.second"


def fcm_error(status: int, name: str, code: str = "") -> dict[str, Any]:
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    details = [{"@type": kind, "errorCode": code}] if code else []
    told = {"code": status, "message": "device-token", "status": name, "details": details}
    return {"error": told}


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (404, fcm_error(404, "NOT_FOUND", "UNREGISTERED"), Gone),
        (404, fcm_error(404, "NOT_FOUND"), Permanent),
        (400, fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), Permanent),
        (403, fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), Permanent),
        (403, fcm_error(403, "PERMISSION_DENIED"), Unreachable),
        (429, fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), Temporary),
        (503, fcm_error(503, "UNAVAILABLE", "UNAVAILABLE"), Temporary),
        (500, "oops", Temporary),
        (200, "oops", Temporary),
        (
            400,
            {"error": {"details": ["x", {"errorCode": 5}], "status": "А device-token"}},
            Permanent,
        ),
        (200, SLOW, Silent),
    ],
)
def test_fcm_s_refusals(
    key: rsa.RSAPrivateKey, status: int, body: Any, raised: type[Exception]
) -> None:
    with gateway({TOKEN: [GRANTED], FCM: [(status, body)]}) as told:
        sender = fcm(told, key)
        with pytest.raises(raised) as caught:
            sender.send(PUSHED)
        sender.close()

    assert type(caught.value) is raised
    assert not re.search("device-token|ya29", str(caught.value))


@pytest.mark.parametrize(
    "answer", [(400, {"error": "invalid_grant"}), (200, "oops"), (200, {"access_token": None})]
)
def test_no_access_token_breaks_the_whole_channel(
    key: rsa.RSAPrivateKey, answer: tuple[int, Any]
) -> None:
    with gateway({TOKEN: [answer], FCM: [TAKEN]}) as told:
        sender = fcm(told, key)
        with pytest.raises(Unreachable):
            sender.send(PUSHED)
        sender.close()

    assert told.bodies(FCM) == []


def test_a_key_that_cannot_sign_is_told(key: rsa.RSAPrivateKey) -> None:
    account = PushAccount("market", "a@b", "http://127.0.0.1:1/token", private_key="no key")
    with pytest.raises(Unreachable, match="cannot sign"):
        push.FcmSender(account).send(PUSHED)
    assert "no key" not in json.dumps(repr(account))
