"""The Redis of the suite."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest
import redis

REQUIRED = "MARKETPLACE_TEST_REQUIRE_REDIS"


def redis_url() -> str:
    """Database 15 of the server: tests empty it, and whoever named a server may use the others."""
    server = os.environ.get("MARKETPLACE_TEST_REDIS_URL", "redis://127.0.0.1:6379")
    return urlsplit(server)._replace(path="/15").geturl()


def connected(url: str) -> redis.Redis:
    """A client of a server that answers; without one the test is skipped, or fails where needed."""
    server = redis.Redis.from_url(url)
    try:
        server.ping()
    except redis.ConnectionError:
        server.close()
        if os.environ.get(REQUIRED):
            pytest.fail("Redis is required here and cannot be reached", pytrace=False)
        pytest.skip("no Redis can be reached")
    return server
