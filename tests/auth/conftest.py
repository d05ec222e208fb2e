"""Callers for the account tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from actors import Actor
from auth.provider import Provider, running_provider
from auth.support import registered
from flask import Flask


@pytest.fixture
def visitor(shared_app: Flask) -> Actor:
    """A stranger whose calls are all refused, so that no database need be emptied before."""
    return Actor(shared_app.test_client())


@pytest.fixture
def maria(anonymous: Actor) -> Actor:
    """Somebody with all three names, registered where nothing is limited."""
    return registered(anonymous)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A sign-in provider that works until it is told to fail."""
    with running_provider() as running:
        yield running


@pytest.fixture
def social_app(make_app: Callable[..., Flask], provider: Provider) -> Flask:
    """An application that offers all three providers, on an empty database."""
    # More of them come at once than a process of the usual size would let wait for a provider.
    return make_app(social=provider.settings, threads=16)


@pytest.fixture
def stranger(social_app: Flask) -> Actor:
    return Actor(social_app.test_client())
