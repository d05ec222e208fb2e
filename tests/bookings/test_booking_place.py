"""Where the client is to come: told while the booking is confirmed, to its parties."""

from __future__ import annotations

from datetime import timedelta

import pytest
from actors import Actor
from bookings.support import BOOKINGS, add_bookings

from marketplace.core.clock import utc_now

PLACE = {"latitude": 55.7648, "longitude": 37.6055, "address": "Тверская улица, 7"}


@pytest.mark.parametrize("status", ["pending", "confirmed", "cancelled", "declined"])
def test_only_a_confirmed_booking_shows_the_exact_place(
    specialist: Actor, client: Actor, status: str
) -> None:
    specialist.patch("/api/auth/profile/me/", {"place": PLACE})
    row = {"status": status, "starts_at": utc_now() + timedelta(days=1)}
    service_id = specialist.new_service()["id"]
    number = add_bookings(client, specialist, service_id, [row])[0]

    for party in (specialist, client):
        one = party.get(f"{BOOKINGS}{number}/").get_json()
        assert "id" in one, one
        listed = party.get(BOOKINGS).get_json()[0]
        expected = PLACE if status == "confirmed" else None
        assert one["specialist_profile"]["place"] == expected
        assert listed["specialist_profile"]["place"] == expected
        assert "place" not in one["client_profile"]
