"""The account's own part of what is told of a person, and of what is forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.auth.models import Consent, OneTimeCode, Session, User
from marketplace.core.audit import AuditEntry
from marketplace.core.database import Base, session, table_of
from marketplace.core.export import stream
from marketplace.core.idempotency import IdempotencyKey

# Secrets, and forms of another column that only the database needs.
_HIDDEN = {
    *("password_hash", "username_folded", "email_folded", "version", "nonce", "user_id"),
    *("refresh_jti", "refresh_issued_at", "refresh_key_id", "previous_jti", "rotated_at"),
}


def exported(user_id: int) -> dict[str, Any]:
    """The account and what hangs on it."""
    audit = table_of(AuditEntry).c
    about = sa.select(audit.at, audit.actor, audit.action, audit.details)
    mine = sa.and_(audit.target_type == "user", audit.target_id == user_id)
    told: dict[str, Any] = {"account": _account(user_id)}
    for name, model in (
        ("sessions", Session),
        ("consents", Consent),
        ("codes", OneTimeCode),
    ):
        columns = table_of(model).c
        query = sa.select(*_shown(model)).where(columns.user_id == user_id)
        told[name] = stream(query.order_by(columns.id))
    # Which of the admins acted is told by nobody's name.
    told["audit"] = (
        {**row, "actor": row["actor"].partition(":")[0]}
        for row in stream(about.where(mine).order_by(audit.id))
    )
    return told


def _account(user_id: int) -> dict[str, Any]:
    query = sa.select(*_shown(User)).where(table_of(User).c.id == user_id)
    return dict(session().execute(query).mappings().one())


def _shown(model: type[Base]) -> list[sa.Column[Any]]:
    return [column for column in table_of(model).c if column.name not in _HIDDEN]


def forget(user: User, now: datetime) -> None:
    """Make the account nameless. Consents stay: they prove what was agreed to, and name nobody."""
    user.erased_at = now
    # Whoever is erased is blocked for good, so every check of a block holds for them too.
    user.blocked_at = user.blocked_at or now
    user.blocked_reason = None
    # No user name may hold a colon, so nobody can ever register this one.
    user.username = user.username_folded = f"erased:{user.id}"
    user.email = user.email_folded = user.email_verified_at = None
    user.phone = user.phone_verified_at = None
    user.password_hash = None
    user.updated_at = now
    session().flush()
    session().execute(
        sa.update(table_of(Session))
        .where(Session.user_id == user.id)
        .values(device="", user_agent="", ip="")
    )
    session().execute(
        sa.update(table_of(Consent))
        .where(Consent.user_id == user.id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    # The act stays; why somebody was blocked is a text about the person, as it is in the account.
    audit = table_of(AuditEntry)
    blocks = sa.and_(audit.c.target_id == user.id, audit.c.action == "user.block")
    session().execute(
        sa.update(audit).where(audit.c.target_type == "user", blocks).values(details={})
    )
    codes = table_of(OneTimeCode)
    session().execute(sa.delete(codes).where(codes.c.user_id == user.id))


def forget_answers(user_id: int) -> None:
    """Delete the answers kept for repeated requests. A booking in flight is kept out by its diaries
    and not by the account's lock, so this comes after whatever locks those.
    """
    keys = table_of(IdempotencyKey)
    session().execute(sa.delete(keys).where(keys.c.user_id == user_id))
