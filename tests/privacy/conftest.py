"""A Monday morning, and two people who have left traces everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from actors import Actor
from bookings.support import NOW, open_diary
from command_line import CommandLine
from flask import Flask
from privacy.support import Traced, leave_traces, sign_up


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


@pytest.fixture
def service(specialist: Actor, clock: time_machine.Coordinates) -> int:
    """An hour's service of a specialist who works from 10:00 to 18:00 every day."""
    open_diary(specialist)
    service_id: int = specialist.new_service()["id"]
    return service_id


@pytest.fixture
def traced(app: Flask, anonymous: Actor) -> Traced:
    """A client and a specialist who have a past and a future with each other."""
    return leave_traces(app, sign_up(anonymous, "client"), sign_up(anonymous, "specialist"))
