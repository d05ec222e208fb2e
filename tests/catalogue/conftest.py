"""What is kept for a while is made anew for every test."""

from __future__ import annotations

import pytest

from marketplace.catalogue import counts, search_cost


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    counts.forget()


@pytest.fixture(autouse=True)
def fresh_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of the questions asked before."""
    monkeypatch.setattr(search_cost, "PLAN_SECONDS", 1e-9)
