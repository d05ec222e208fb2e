"""Settings of delivery: what is refused, in which words, and what is never shown."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path

import pytest
from settings_support import assert_sentence, refusal, settings

from marketplace.settings import SettingsError
from marketplace.settings_delivery import DeliverySettings, SmsGateway, SmtpServer

SECRET = "hunter2-and-more"
FROM = {"MAIL_FROM": "noreply@example.org"}


def delivery(folder: Path, **variables: str) -> DeliverySettings:
    return settings(folder, **variables).delivery


WRONG = [
    ("SMTP_URL", "mail.example.org"),
    ("SMTP_URL", f"http://user:{SECRET}@mail.example.org"),
    ("SMTP_URL", f"smtp://user:{SECRET}@mail.example.org:port"),
    ("SMTP_URL", f"smtp://user:{SECRET}@mail.example.org/path"),
    ("SMTP_URL", f"smtp://:{SECRET}@mail.example.org"),
    ("SMTP_URL", f"smtp://{SECRET}@mail.example.org"),
    ("MAIL_FROM", "nobody"),
    ("MAIL_FROM", "a b <c d@example.org>"),
    ("SMS_URL", "sms.ru"),
    ("SMS_URL", f"https://{SECRET}@sms.ru"),
    ("SMS_URL", "smsru://sms.ru"),
    ("SMS_URL", f"smsru://{SECRET}:x@sms.ru"),
    ("SMS_URL", f"smsc://{SECRET}@smsc.ru"),
    ("SMS_URL", f"smsru://{SECRET}@sms.ru?test=1"),
    ("SMS_URL", f"smsru://{SECRET}@sms.ru/path"),
    ("SMS_URL", f"smsru://{SECRET}@sms.ru?from=%0ABcc"),
    ("PUSH_CREDENTIALS", "/nowhere/at/all.json"),
    ("PUSH_URL", "http://fcm.googleapis.com"),
    ("PUSH_URL", "https://fcm.googleapis.com/v1"),
    ("DAILY_CAP", "0"),
    ("QUIET_HOURS", "22-8"),
    ("QUIET_HOURS", "22:00-22:00"),
    ("QUIET_HOURS", "24:00-08:00"),
    ("DELIVERY", "yes"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    told = refusal(tmp_path, **FROM | {name: value})

    assert_sentence(told, name)
    assert SECRET not in told


def test_a_mail_server_needs_a_sender(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MARKETPLACE_MAIL_FROM holds nothing"):
        delivery(tmp_path, SMTP_URL="smtp://127.0.0.1")


@pytest.mark.parametrize(
    ("value", "server"),
    [
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, "none")),
        ("smtp://[::1]:25", SmtpServer("::1", 25, "none")),
        ("smtp://localhost", SmtpServer("localhost", 587, "none")),
        (
            "smtp://a%40b:c%2Fd@mx.example.org",
            SmtpServer("mx.example.org", 587, "starttls", "a@b", "c/d"),
        ),
        ("smtps://a:b@127.0.0.1", SmtpServer("127.0.0.1", 465, "tls", "a", "b")),
    ],
)
def test_a_connection_that_leaves_the_machine_is_encrypted(
    tmp_path: Path, value: str, server: SmtpServer
) -> None:
    assert delivery(tmp_path, **FROM, SMTP_URL=value).smtp == server


@pytest.mark.parametrize(
    ("value", "gateway"),
    [
        ("smsru://KEY-1@sms.ru", SmsGateway("smsru", "https://sms.ru", "", "KEY-1")),
        (
            "smsc://me:p%40ss@smsc.ru?from=Market",
            SmsGateway("smsc", "https://smsc.ru", "me", "p@ss", "Market"),
        ),
        ("smsru://k@127.0.0.1:81", SmsGateway("smsru", "http://127.0.0.1:81", "", "k")),
    ],
)
def test_sms_gateways_are_reached_over_https(
    tmp_path: Path, value: str, gateway: SmsGateway
) -> None:
    assert delivery(tmp_path, SMS_URL=value).sms == gateway


ACCOUNT = {
    "type": "service_account",
    "project_id": "market-1",
    "private_key_id": "k1",
    "private_key": SECRET,
    "client_email": "worker@market-1.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}


def test_a_firebase_account_is_read_and_its_key_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "firebase.json"
    path.write_text(json.dumps(ACCOUNT))
    urls = {"SMTP_URL": f"smtp://u:{SECRET}@mx.example.org", "SMS_URL": f"smsru://{SECRET}@sms.ru"}

    found = delivery(tmp_path, **FROM, **urls, PUSH_CREDENTIALS=str(path))

    assert found.push is not None
    assert (found.push.project_id, found.push.private_key) == ("market-1", SECRET)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "account",
    [
        "no json",
        "[]",
        "{}",
        json.dumps(ACCOUNT | {"private_key": None}),
        json.dumps(ACCOUNT | {"project_id": "../x"}),
        json.dumps(ACCOUNT | {"token_uri": "http://oauth2.googleapis.com/token"}),
        json.dumps(ACCOUNT | {"token_uri": "http://[::1"}),
    ],
)
def test_a_spoilt_firebase_account_is_told_of(tmp_path: Path, account: str) -> None:
    path = tmp_path / "firebase.json"
    path.write_text(account)

    with pytest.raises(SettingsError, match="MARKETPLACE_PUSH_CREDENTIALS holds") as caught:
        delivery(tmp_path, PUSH_CREDENTIALS=str(path))
    assert SECRET not in str(caught.value)


def test_the_worker_runs_beside_the_server_in_development_only(tmp_path: Path) -> None:
    production = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": "f3b1c97de8240a6655fe01ab9cd37742",
        "PUBLIC_URL": "https://api.example.org",
    }
    assert delivery(tmp_path).worker
    assert not delivery(tmp_path, **production).worker
    assert delivery(tmp_path, **production, DELIVERY="on").worker
    assert not delivery(tmp_path, DELIVERY="off").worker


def test_quiet_hours(tmp_path: Path) -> None:
    assert delivery(tmp_path).quiet_hours == (time(22), time(8))
    assert delivery(tmp_path, QUIET_HOURS="23:30-07:15").quiet_hours == (time(23, 30), time(7, 15))
    assert delivery(tmp_path, QUIET_HOURS="off").quiet_hours is None
