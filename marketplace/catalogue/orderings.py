"""What the catalogue's lists may be ordered by."""

from __future__ import annotations

from marketplace.services.listing import ORDERINGS
from marketplace.services.ranking import RELEVANCE

NEWEST = "-created_at"
DISTANCE = "distance"
NEXT_SLOT = "next_slot"

OF_SERVICES = (*ORDERINGS, "-rating", DISTANCE, NEXT_SLOT, RELEVANCE)
OF_SPECIALISTS = (NEWEST, "name", DISTANCE, NEXT_SLOT)
