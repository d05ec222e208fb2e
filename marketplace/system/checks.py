"""What `flask doctor` asks of all features, of whichever database is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from marketplace.auth import privacy
from marketplace.auth.models import SPECIALIST, User
from marketplace.bookings import free_time_integrity, integrity
from marketplace.catalogue import search_integrity
from marketplace.core.database import session
from marketplace.services.models import Service


def faults(now: datetime, *, journal: Path | None) -> list[str]:
    """One sentence for each fault. Without the journal of erasures, which a backup is not to agree
    with, what stands in it is not compared.
    """
    found = [
        *integrity.faults(now),
        *_catalogue_faults(),
        *islice(search_integrity.faults(), integrity.MAX_TOLD),
        *(privacy.faults(journal) if journal else ()),
        *privacy.faults_of_notes(),
    ]
    if not found:  # it is made of what was looked at before, and wrong with it
        found += free_time_integrity.faults(now)
    return found


def _catalogue_faults() -> Iterator[str]:
    """Services whose note of their owner's standing is not what the owner's row says."""
    hidden = sa.or_(User.blocked_at.is_not(None), User.role != SPECIALIST)
    query = (
        sa.select(Service.id)
        .join(User, User.id == Service.specialist_id)
        .where(Service.owner_blocked != hidden)
        .limit(integrity.MAX_TOLD)
    )
    for service_id in session().scalars(query):
        yield f"service {service_id} does not know its owner's standing"
