"""Calls to other services over HTTP: short, verified, and never redirected."""

from __future__ import annotations

import httpx

TIMEOUT_SECONDS = 5.0


def http_client(timeout: float = TIMEOUT_SECONDS) -> httpx.Client:
    """A client that follows no redirects and takes no proxy from the environment. `timeout` holds
    for each of connecting, sending and each wait for bytes: bound the whole call where it matters.
    """
    return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)
