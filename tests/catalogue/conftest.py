"""Counts that are kept for a while are made anew for every test."""

from __future__ import annotations

import pytest

from marketplace.catalogue import counts


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    counts.forget()
