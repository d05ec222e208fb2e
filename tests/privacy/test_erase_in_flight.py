"""Being forgotten while the person's own requests are still being answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from bookings.support import NOW
from flask import Flask
from privacy.support import Traced, canaries, erase, traces

from marketplace.auth import operations
from marketplace.auth.models import User
from marketplace.core.database import session
from marketplace.core.idempotency import IdempotencyKey


def test_the_answer_of_a_booking_that_was_in_flight_goes_too(
    app: Flask, traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_block_parts = operations.run_block_parts

    # A booking holds the diaries and not the account, so erasing waits for it here.
    def booked_meanwhile(user: User, now: datetime) -> None:
        session().add(
            IdempotencyKey(
                user_id=user.id,
                route="bookings.create",
                key="in-flight",
                fingerprint="",
                status=201,
                body=canaries("client")["note"],
                expires_at=NOW + timedelta(hours=24),
            )
        )
        session().flush()
        run_block_parts(user, now)

    monkeypatch.setattr(operations, "run_block_parts", booked_meanwhile)

    erase(traced.client)

    assert traces(app, "client") == set()
