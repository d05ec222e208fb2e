"""Push through Firebase Cloud Messaging, HTTP v1."""

from __future__ import annotations

import time
from typing import Any

import jwt

from marketplace.core.outbound import http_client
from marketplace.notifications.senders import (
    Gone,
    Message,
    Permanent,
    Temporary,
    Unreachable,
    call,
    refuse_trouble,
)
from marketplace.settings_delivery import PushAccount

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GRANT_SECONDS = 3600
# A token is not used up to its last second: the answer would be a refusal on the way.
_MARGIN_SECONDS = 60
_OK, _UNAUTHENTICATED = 200, 401


class FcmSender:
    """Sends with an access token that is kept until shortly before its end."""

    def __init__(self, account: PushAccount) -> None:
        self._account = account
        self._client = http_client()
        self._url = f"{account.base}/v1/projects/{account.project_id}/messages:send"
        self._token = ""
        self._token_until = 0.0

    def send(self, message: Message) -> None:
        authorization = {"Authorization": f"Bearer {self._access_token()}"}
        body = {"message": _body(message)}
        status, answer = call(self._client, self._url, json=body, headers=authorization)
        if status == _OK:
            if not isinstance(answer, dict) or "name" not in answer:
                raise Temporary("FCM's answer cannot be read")
            return
        refuse_trouble(status)
        if status == _UNAUTHENTICATED:
            self._token = ""
            raise Temporary("FCM refused our access token")
        code = _error_code(answer)
        if code == "UNREGISTERED":
            raise Gone("FCM knows no such device any more")
        if code == "PERMISSION_DENIED":
            raise Unreachable("FCM refused our account")
        raise Permanent(f"FCM refused the message with {status} {code}".strip())

    def close(self) -> None:
        self._client.close()

    def _access_token(self) -> str:
        # Wall time: what Google counts in, and what the claims hold.
        now = time.time()
        if not self._token or now >= self._token_until:
            grant = {"grant_type": _GRANT, "assertion": self._assertion(int(now))}
            status, answer = call(self._client, self._account.token_uri, data=grant)
            refuse_trouble(status)
            token = answer.get("access_token") if isinstance(answer, dict) else None
            if status != _OK or not isinstance(token, str) or not token.isascii():
                raise Unreachable(f"no access token for FCM ({status})")
            lasts = answer.get("expires_in")
            seconds = lasts if isinstance(lasts, int) else _GRANT_SECONDS
            self._token, self._token_until = token, now + seconds - _MARGIN_SECONDS
        return self._token

    def _assertion(self, now: int) -> str:
        account = self._account
        claims = {
            "iss": account.client_email,
            "scope": _SCOPE,
            "aud": account.token_uri,
            "iat": now,
            "exp": now + _GRANT_SECONDS,
        }
        try:
            return jwt.encode(claims, account.private_key, "RS256", headers={"kid": account.key_id})
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            reason = type(error).__name__
            raise Unreachable(f"the Firebase account's key cannot sign ({reason})") from None


def _body(message: Message) -> dict[str, Any]:
    # A duplicate replaces the first on the screen, by the same tag.
    return {
        "token": message.destination,
        "notification": {"title": message.title, "body": message.text},
        "data": {**message.data, "kind": message.kind, "key": message.key},
        "android": {"notification": {"tag": message.key}},
        "apns": {"headers": {"apns-collapse-id": message.key}},
    }


def _error_code(answer: Any) -> str:
    """FCM's own code in the details of an error, else the general status."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return ""
    details = error.get("details")
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict) and isinstance(each.get("errorCode"), str):
            return _word(each["errorCode"])
    status = error.get("status")
    return _word(status) if isinstance(status, str) else ""


def _word(value: str) -> str:
    return value if value.isascii() and value.replace("_", "").isalpha() else ""
