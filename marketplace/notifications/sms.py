"""SMS through SMS.ru (sms.ru/api/send) or SMSC.ru (smsc.ru/api/http)."""

from __future__ import annotations

from typing import Any

from marketplace.core.outbound import http_client
from marketplace.notifications.senders import (
    Message,
    Permanent,
    Temporary,
    Unreachable,
    call,
    refuse_trouble,
)
from marketplace.settings_delivery import SmsGateway

_ACCEPTED = 100
# Of one message: a wrong number, no text, a text too long, a number that takes none, a stop list.
_RU_PERMANENT = frozenset({202, 203, 205, 207, 209})
# Of our account: the key, the balance, the sender's name, the log-in.
_RU_ACCOUNT = frozenset({200, 201, 204, 206, 300, 301, 302})
# Parameters, date, forbidden text or sender, number, number that cannot be reached.
_SMSC_PERMANENT = frozenset({1, 5, 6, 7, 8})
# Log-in, balance, our address blocked.
_SMSC_ACCOUNT = frozenset({2, 3, 4})


class SmsRuSender:
    """SMS.ru: both the request and the message in it must be accepted."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway
        self._client = http_client()

    def send(self, message: Message) -> None:
        phone = message.destination.removeprefix("+")
        given = {"api_id": self._gateway.secret, "to": phone, "msg": message.text, "json": "1"}
        if self._gateway.sender:
            given["from"] = self._gateway.sender
        status, answer = call(self._client, f"{self._gateway.base}/sms/send", data=given)
        refuse_trouble(status)
        self._judge(_number(answer, "status_code"))
        told = answer.get("sms")
        self._judge(_number(told.get(phone) if isinstance(told, dict) else None, "status_code"))

    def close(self) -> None:
        self._client.close()

    def _judge(self, code: int) -> None:
        if code == _ACCEPTED:
            return
        if code in _RU_PERMANENT:
            raise Permanent(f"SMS.ru refused the message with {code}")
        if code in _RU_ACCOUNT:
            raise Unreachable(f"SMS.ru refused our account with {code}")
        raise Temporary(f"SMS.ru answered {code}")


class SmscSender:
    """SMSC.ru: an id means accepted, an `error_code` why not."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway
        self._client = http_client()

    def send(self, message: Message) -> None:
        given = {
            "login": self._gateway.login,
            "psw": self._gateway.secret,
            "phones": message.destination.removeprefix("+"),
            "mes": message.text,
            "fmt": "3",
            "charset": "utf-8",
        }
        if self._gateway.sender:
            given["sender"] = self._gateway.sender
        status, answer = call(self._client, f"{self._gateway.base}/sys/send.php", data=given)
        refuse_trouble(status)
        if isinstance(answer, dict) and "error_code" not in answer and "id" in answer:
            return
        code = _number(answer, "error_code")
        if code in _SMSC_PERMANENT:
            raise Permanent(f"SMSC.ru refused the message with {code}")
        if code in _SMSC_ACCOUNT:
            raise Unreachable(f"SMSC.ru refused our account with {code}")
        raise Temporary(f"SMSC.ru answered {code}")

    def close(self) -> None:
        self._client.close()


def _number(answer: Any, name: str) -> int:
    found = answer.get(name) if isinstance(answer, dict) else None
    if isinstance(found, str) and found.isascii() and found.isdigit():
        found = int(found[:9])
    if not isinstance(found, int):
        raise Temporary("the gateway's answer cannot be read")
    return found
