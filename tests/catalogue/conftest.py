"""What is kept for a while is made anew for every test."""

from __future__ import annotations

import pytest

from marketplace.catalogue import counts, search_cost
from marketplace.services import few


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    counts.forget()


@pytest.fixture(autouse=True)
def fresh_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of the questions asked before."""
    monkeypatch.setattr(search_cost, "PLAN_SECONDS", 1e-9)


@pytest.fixture(params=[few.FEW, 1], ids=["few", "many"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a filter finds is looked up, or met while walking the list: SQLite does both."""
    few.forget()
    monkeypatch.setattr(few, "FEW", request.param)
