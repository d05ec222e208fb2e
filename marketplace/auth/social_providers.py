"""Talking to the sign-in providers: keys that are fetched and kept, a code that is exchanged.

Nothing here touches the database. What the provider refuses is `NotProven`; a provider that does
not answer, or not as documented, is `ProviderDown`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
from jwt import PyJWS, PyJWTError

from marketplace.auth import social_claims
from marketplace.auth.social_claims import NotProven, Proven
from marketplace.auth.social_keys import (
    LONG_AGO,
    PLAIN,
    KeySet,
    ProviderDown,
    bounded_body,
)
from marketplace.core.deadlines import NoRoom, Room, within
from marketplace.core.outbound import TIMEOUT_SECONDS, http_client
from marketplace.settings_social import VK, SocialSettings

VK_PAUSE = timedelta(seconds=10)
_ALGORITHM = "RS256"
_KID_MAX = 255
# Our own mistake or VK's trouble, neither of them the caller's fault.
_NOT_THE_CALLERS = frozenset(
    {"invalid_client", "unauthorized_client", "server_error", "temporarily_unavailable"}
)
_SERVER_ERROR, _TOO_MANY, _REDIRECT, _BAD_REQUEST = 500, 429, 300, 400
_jws = PyJWS(algorithms=[_ALGORITHM])


class Providers:
    """An application's providers and the keys it keeps of them."""

    def __init__(self, settings: SocialSettings, room: Room) -> None:
        self.settings = settings
        self._room = room
        self._google = KeySet(settings.google_jwks_url, self._room)
        self._apple = KeySet(settings.apple_jwks_url, self._room)
        self._vk_failed_at = LONG_AGO

    def google(self, id_token: str, nonce: str | None, now: datetime) -> Proven:
        """Who Google's token is of. Raises `NotProven` or `ProviderDown`."""
        claims = _signed_claims(id_token, self._google, now)
        return social_claims.google_person(claims, self.settings.google_client_ids, nonce, now)

    def apple(self, id_token: str, nonce: str | None, now: datetime) -> Proven:
        """Who Apple's token is of. Raises `NotProven` or `ProviderDown`."""
        claims = _signed_claims(id_token, self._apple, now)
        return social_claims.apple_person(
            claims, self.settings.apple_issuers, self.settings.apple_client_ids, nonce, now
        )

    def vk(
        self, now: datetime, *, code: str, code_verifier: str, device_id: str, state: str
    ) -> Proven:
        """Who VK gave the code for. Raises `NotProven` or `ProviderDown`."""
        # While VK cannot be reached, each who asked in vain would hold a thread for seconds.
        if abs(now - self._vk_failed_at) < VK_PAUSE:
            raise ProviderDown("resting")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": code_verifier,
            "client_id": self.settings.vk_client_id,
            "device_id": device_id,
            "redirect_uri": self.settings.vk_redirect_uri,
            "state": state,
        }
        try:
            with self._room.place():
                return within(TIMEOUT_SECONDS, lambda: self._vk_person(form))
        except NoRoom as error:
            raise ProviderDown("too many wait for it already") from error
        except (TimeoutError, httpx.HTTPError) as error:
            self._vk_failed_at = now
            raise ProviderDown(type(error).__name__) from error

    def _vk_person(self, form: dict[str, str]) -> Proven:
        with http_client() as client:
            granted = _vk_answer(client, f"{self.settings.vk_url}/oauth2/auth", form)
            if granted.get("state") != form["state"]:
                raise NotProven("state")
            token, subject = granted.get("access_token"), _vk_id(granted.get("user_id"))
            if not isinstance(token, str) or not token:
                raise ProviderDown("no access token")
            address = f"{self.settings.vk_url}/oauth2/user_info?client_id={form['client_id']}"
            told = _vk_answer(
                client, address, {"access_token": token, "device_id": form["device_id"]}
            )
        user = told.get("user")
        if not isinstance(user, dict):
            raise ProviderDown("no user")
        if _vk_id(user.get("user_id")) != subject:
            raise NotProven("user_id")
        return Proven(
            VK,
            subject,
            social_claims.contact(user.get("email")),
            full_name=social_claims.full_name(user.get("first_name"), user.get("last_name")),
        )


def _signed_claims(token: str, keys: KeySet, now: datetime) -> dict[str, Any]:
    """The claims of a token that one of the provider's keys signed; `jku`, `jwk` and `x5u` in its
    header are never looked at.
    """
    try:
        header = _jws.get_unverified_header(token)
        kid = header.get("kid")
        if header.get("alg") != _ALGORITHM or not isinstance(kid, str) or len(kid) > _KID_MAX:
            raise NotProven("header")
        key = keys.find(kid, now)
        if key is None:
            raise NotProven("kid")
        signed = _jws.decode(token, key, algorithms=[_ALGORITHM])
    except PyJWTError as error:
        raise NotProven("signature") from error
    claims = _json(signed)
    if not isinstance(claims, dict):
        raise NotProven("claims")
    return claims


def _json(document: bytes) -> Any:
    """The document, None when it is none."""
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def _vk_answer(client: httpx.Client, address: str, form: dict[str, str]) -> dict[str, Any]:
    with client.stream("POST", address, data=form, headers=PLAIN) as response:
        body = bounded_body(response)
    status = response.status_code
    if status >= _SERVER_ERROR or status == _TOO_MANY or _REDIRECT <= status < _BAD_REQUEST:
        raise ProviderDown(f"status {status}")
    answer = _json(body)
    error = answer.get("error") if isinstance(answer, dict) else None
    # VK's older interfaces tell of an error by an object.
    if isinstance(error, str) and error in _NOT_THE_CALLERS:
        raise ProviderDown(error)
    if status >= _BAD_REQUEST or error is not None:
        raise NotProven("code")
    if not isinstance(answer, dict):
        raise ProviderDown("malformed")
    return answer


def _vk_id(value: Any) -> str:
    """VK's number of a person, which it writes as a number or as a string."""
    written = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (written.isascii() and written.isdigit() and len(written) <= 20):  # noqa: PLR2004
        raise ProviderDown("no user id")
    return written
