"""A provider's public keys: fetched from its one address, kept as long as it says, within bounds.

An unknown key id may be a new key or a stranger's invention, so it fetches again, but seldom.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import PyJWTError

from marketplace.core.deadlines import NoRoom, Room, within
from marketplace.core.outbound import TIMEOUT_SECONDS, http_client

log = logging.getLogger(__name__)

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=24)
# How long keys serve while the provider does not answer.
STALE = timedelta(days=3)
PAUSE = timedelta(seconds=30)
_BYTES = 64 * 1024
_KEYS = 50
_RSA_BITS = 2048
_OK = 200
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:$|[\s,])", re.ASCII | re.IGNORECASE)
# What comes packed could be far longer than it looks.
PLAIN = {"Accept-Encoding": "identity"}
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ProviderDown(Exception):
    """The provider did not answer in time, or not as it documents; the text is for the log."""


def bounded_body(response: httpx.Response) -> bytes:
    """The answer as it was sent, to a length that no provider's answer reaches."""
    body = b""
    for part in response.iter_raw():
        body += part
        if len(body) > _BYTES:
            raise ProviderDown("an answer too long")
    return body


class KeySet:
    """The keys of one address, by key id."""

    def __init__(self, url: str, room: Room) -> None:
        self._url = url
        self._room = room
        self._lock = threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._fresh_until = self._stale_until = self._asked_at = LONG_AGO
        self._failed = False

    def find(self, kid: str, now: datetime) -> RSAPublicKey | None:
        """The key of this id, None when the provider has none such. Raises `ProviderDown`."""
        if now < self._fresh_until and kid in self._keys:
            return self._keys[kid]
        usable = self._keys.get(kid) if now < self._stale_until else None
        try:
            with self._room.place():
                # Who waits for another's fetch has its outcome; one with an older key need not.
                if not self._lock.acquire(timeout=-1 if usable is None else 0):
                    return usable
                try:
                    return self._find_anew(kid, now)
                finally:
                    self._lock.release()
        except (ProviderDown, NoRoom) as error:
            if usable is None:
                raise ProviderDown("too many wait for it already") from error
            return usable

    def _find_anew(self, kid: str, now: datetime) -> RSAPublicKey | None:
        # Both ways, for a clock that was set back must not stop fetching for hours.
        if abs(now - self._asked_at) >= PAUSE:
            self._asked_at = now
            self._failed = True
            try:
                keys, age = within(TIMEOUT_SECONDS, self._fetch)
            except (ProviderDown, TimeoutError, httpx.HTTPError) as error:
                log.warning("no keys from %s: %s", self._url, type(error).__name__)
            else:
                self._failed = False
                self._fresh_until = now + min(max(age, SHORTEST), LONGEST)
                self._stale_until = self._fresh_until + STALE
                self._keys = keys
        key = self._keys.get(kid) if now < self._stale_until else None
        if key is None and self._failed:
            raise ProviderDown(self._url)
        return key

    def _fetch(self) -> tuple[dict[str, RSAPublicKey], timedelta]:
        with http_client() as client, client.stream("GET", self._url, headers=PLAIN) as response:
            if response.status_code != _OK:
                raise ProviderDown(f"status {response.status_code}")
            body = bounded_body(response)
            found = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
        return _keys_of(body), timedelta(seconds=int(found.group(1)) if found else 0)


def _keys_of(body: bytes) -> dict[str, RSAPublicKey]:
    try:
        listed = json.loads(body)["keys"]
        entries = [entry for entry in listed if isinstance(entry, dict)][:_KEYS]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise ProviderDown("malformed keys") from error
    keys = {}
    for entry in entries:
        key = _key_of(entry)
        if key is not None:
            keys[entry["kid"]] = key
    if not keys:
        raise ProviderDown("no keys")
    return keys


def _key_of(entry: dict[str, Any]) -> RSAPublicKey | None:
    """A public key that signs with RS256; None for one that is of no use here."""
    if entry.get("kty") != "RSA" or not isinstance(entry.get("kid"), str) or "d" in entry:
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        key = RSAAlgorithm.from_jwk(entry)
    except (PyJWTError, ValueError, TypeError, LookupError, AttributeError):
        return None
    if not isinstance(key, RSAPublicKey) or key.key_size < _RSA_BITS:
        return None
    return key
