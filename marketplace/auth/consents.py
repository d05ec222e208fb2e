"""What people agree to: each time in which wording, and when; a withdrawal ends the row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from marketplace.auth.models import Consent
from marketplace.core.database import session

TERMS, ADVERTISING = "terms", "advertising"
KINDS = (TERMS, ADVERTISING)


def latest(user_id: int) -> dict[str, Consent | None]:
    """The last row of each kind, in one query."""
    last = sa.select(sa.func.max(Consent.id)).where(Consent.user_id == user_id)
    rows = session().scalars(sa.select(Consent).where(Consent.id.in_(last.group_by(Consent.kind))))
    found = {row.kind: row for row in rows}
    return {kind: found.get(kind) for kind in KINDS}


def record(
    user_id: int, answers: Mapping[str, bool], versions: Mapping[str, str], now: datetime
) -> None:
    """Write yes and no, in the caller's transaction. What stands already is not written again."""
    present = latest(user_id)
    for kind, given in answers.items():
        row = present[kind]
        stands = row is not None and row.withdrawn_at is None
        if not given:
            if row is not None and stands:
                row.withdrawn_at = now
        elif row is None or not stands or row.text_version != versions[kind]:
            session().add(
                Consent(user_id=user_id, kind=kind, text_version=versions[kind], given_at=now)
            )
