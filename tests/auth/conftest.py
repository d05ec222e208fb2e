"""Callers for the account tests."""

from __future__ import annotations

import pytest
from actors import Actor
from flask import Flask


@pytest.fixture
def visitor(shared_app: Flask) -> Actor:
    """A stranger whose calls are all refused, so that no database need be emptied before."""
    return Actor(shared_app.test_client())
