"""Request limits: counted per user or address, in Redis when given, else in memory.

Redis down means memory and a log line; a limit is never simply switched off.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from marketplace.core.errors import Code, DomainError
from marketplace.core.permissions import optional_viewer
from marketplace.settings import Settings

log = logging.getLogger(__name__)

_IPV6_CUSTOMER_BITS = 64
_STORAGE_REST_SECONDS = 5.0
_STRIKES_BETWEEN_CLEANINGS = 1_000


def client_address() -> str:
    """The client's address: the peer's, or what the trusted proxy says (the server decides)."""
    return request.remote_addr or "unknown"


def address_key(address: str) -> str:
    """What counts as one address: an IPv6 customer holds a whole /64, and an IPv4 one on a socket
    of both kinds is seen as `::ffff:a.b.c.d`.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_CUSTOMER_BITS), strict=False))


def by_address(name: str) -> tuple[str, str]:
    """The bucket of a named limit that counts the caller's address."""
    return name, address_key(client_address())


def limit_key() -> str:
    """The bucket of a request: the user when signed in, else the address."""
    viewer = optional_viewer()
    if viewer is not None:
        return f"user:{viewer.user_id}"
    return f"address:{address_key(client_address())}"


def configure(app: Flask, settings: Settings) -> None:
    """Make the extension, which owns the storage, and the named limits over it."""
    patience = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    limiter = Limiter(
        limit_key,
        strategy="moving-window",
        storage_uri=settings.redis_url or "memory://",
        storage_options=patience if settings.redis_url else {},  # type: ignore[arg-type]
        key_prefix="marketplace",
    )
    # Known to the application already, so that it adds no hooks of its own: limits are checked
    # after authentication, by user, in `requests.admit`.
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
    app.extensions["marketplace_limits"] = _Limits(settings, limiter)


class _Limits:
    """The application's limits over the extension's storage."""

    def __init__(self, settings: Settings, limiter: Limiter) -> None:
        self.enabled = settings.rate_limits
        values = settings.limits
        self.items: dict[str, RateLimitItem] = {
            "login_address": parse(values.login_address),
            "login_account": parse(values.login_account),
            # Its own count: strangers' failed log-ins must not stop the signed-in owner.
            "password_change": parse(values.login_account),
            "registration": parse(values.registration),
            "code_address": parse(values.code_address),
            "code_guess": parse(values.code_guess),
            "upload": parse(values.upload),
            "anonymous": parse(values.anonymous),
            "signed_in": parse(values.signed_in),
            "export": parse(values.export),
        }
        self._limiter = limiter
        self._fallback = MovingWindowRateLimiter(MemoryStorage())
        self._retry_storage_at = 0.0
        self._strikes = 0

    def strike(self, name: str, key: str) -> bool:
        """Count one event; False when the bucket is full."""
        self._strikes += 1
        if self._strikes % _STRIKES_BETWEEN_CLEANINGS == 0:
            _forget_idle_keys(self._limiter.storage)
            _forget_idle_keys(self._fallback.storage)
        return bool(self._call(lambda strategy: strategy.hit(self.items[name], name, key)))

    def has_room(self, name: str, key: str) -> bool:
        """Whether another event would fit."""
        return bool(self._call(lambda strategy: strategy.test(self.items[name], name, key)))

    def seconds_to_wait(self, name: str, key: str) -> int:
        """Whole seconds until an event fits again, at least 1."""
        item = self.items[name]
        stats = self._call(lambda strategy: strategy.get_window_stats(item, name, key))
        return max(1, math.ceil(float(stats.reset_time) - time.time()))

    def _call(self, act: Callable[[RateLimiter], Any]) -> Any:
        """Run `act` on the shared storage, or in memory while that does not answer."""
        if time.monotonic() >= self._retry_storage_at:
            try:
                return act(self._limiter.limiter)
            except Exception as error:  # noqa: BLE001 - whatever the storage's client raises
                self._retry_storage_at = time.monotonic() + _STORAGE_REST_SECONDS
                log.warning("limits fall back to memory: %s", type(error).__name__)
        return act(self._fallback)


def _forget_idle_keys(storage: Storage) -> None:
    """Drop what the library's memory keeps of every key for ever: a list, empty by now."""
    if not isinstance(storage, MemoryStorage):
        return
    for key in list(storage.events):
        with storage.locks[key]:
            if not storage.events.get(key):
                storage.events.pop(key, None)
                storage.locks.pop(key, None)


def _limits() -> _Limits:
    limits: _Limits = current_app.extensions["marketplace_limits"]
    return limits


def check_request() -> None:
    """Count this request against the caller's general limit. Raises 429."""
    hit(("signed_in" if optional_viewer() is not None else "anonymous", limit_key()))


def hit(*buckets: tuple[str, str]) -> None:
    """Count one event in each bucket (limit name, key). Raises 429 with `Retry-After` when one of
    them is used up.
    """
    limits = _limits()
    if limits.enabled:
        _refuse_full(limits, [bucket for bucket in buckets if not limits.strike(*bucket)])


def require_room(*buckets: tuple[str, str]) -> None:
    """Raise 429 when one of the buckets is used up, without counting."""
    limits = _limits()
    if limits.enabled:
        _refuse_full(limits, [bucket for bucket in buckets if not limits.has_room(*bucket)])


def _refuse_full(limits: _Limits, full: list[tuple[str, str]]) -> None:
    if full:
        seconds = max(limits.seconds_to_wait(*bucket) for bucket in full)
        raise DomainError(Code.TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds)})
