"""A fixed Monday morning, and a specialist who takes bookings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from actors import Actor
from bookings.support import NOW, open_diary


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def service(specialist: Actor, clock: time_machine.Coordinates) -> int:
    """An hour's service of a specialist who works from 10:00 to 18:00 every day."""
    open_diary(specialist)
    service_id: int = specialist.new_service()["id"]
    return service_id
