"""The profile's part of moving many accounts in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from marketplace.core import fields, text
from marketplace.core.database import session, table_of
from marketplace.profile.models import DEFAULT_TIMEZONE, MAX_EXPERIENCE_YEARS, Profile

# As in a PATCH of one's own profile.
FIELDS: dict[str, ma.fields.Field[Any]] = {
    "full_name": fields.Text(max_length=255),
    "city": fields.Text(max_length=100),
    "bio": fields.Text(max_length=5_000, multiline=True),
    "experience_years": fields.Integer(low=0, high=MAX_EXPERIENCE_YEARS),
    "timezone": fields.TimeZone(),
}


def store(rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The profiles of many new accounts, in the transaction that makes them."""
    profiles = [
        {
            "user_id": row["user_id"],
            "full_name": row.get("full_name", ""),
            "full_name_folded": text.sort_form(row.get("full_name", "")),
            "avatar": None,
            "bio": row.get("bio", ""),
            "city": row.get("city", ""),
            "city_folded": text.caseless(row.get("city", "")),
            "experience_years": row.get("experience_years", 0),
            "timezone": row.get("timezone", DEFAULT_TIMEZONE),
            "links": [],
            "created_at": row["created_at"],
            "updated_at": now,
            "version": 1,
        }
        for row in rows
    ]
    session().execute(sa.insert(table_of(Profile)), profiles)
