"""What the races read and compare."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from actors import Actor
from bookings.racing import (
    Answer,
    Call,
    Offer,
)
from flask import Flask

from marketplace.bookings.models import TimeClaim
from marketplace.extensions import db

BOOKINGS, HOLDS = "/api/bookings/", "/api/holds/"
CROWD = 50
HOUR = timedelta(hours=1)
THREADS = "12"


def spans_of(app: Flask, offer: Offer) -> list[tuple[datetime, datetime]]:
    """The claimed spans of a specialist's time, in order."""
    # Through the model's own type: SQLite keeps numbers.
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(
            sa.select(TimeClaim.busy_from, TimeClaim.busy_until)
            .where(TimeClaim.specialist_id == offer.specialist.user_id)
            .order_by(TimeClaim.busy_from)
        )
        return [(row.busy_from, row.busy_until) for row in found]


def overlaps(spans: list[tuple[datetime, datetime]]) -> int:
    return sum(one[1] > following[0] for one, following in pairwise(spans))


def told(answers: list[Answer]) -> Counter[tuple[int, str]]:
    return Counter((answer.status, answer.code) for answer in answers)


def booked(address: str, caller: Actor, body: dict[str, Any]) -> dict[str, Any]:
    answer = Call(address, caller, "POST", BOOKINGS, body).answer()
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.body
    return made
