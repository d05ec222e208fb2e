"""Callers who are limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from actors import Actor
from flask import Flask

from marketplace.settings import RateLimitSettings

FEW = RateLimitSettings(anonymous="5/minute", signed_in="7/minute")


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Callable[..., Actor]:
    """A caller of an application with small limits."""

    def make(**changes: Any) -> Actor:
        app = make_app(**{"rate_limits": True, "limits": FEW} | changes)
        return Actor(app.test_client())

    return make
