"""What a person may ask of us: consents, everything we hold, being forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from marketplace.auth import (
    administration,
    codes,
    consents,
    erasure_journal,
    operations,
    own_records,
    parts,
    reauthentication,
    sessions,
)
from marketplace.auth.erasure_journal import Erased
from marketplace.auth.models import Consent, Erasure, User
from marketplace.core import audit
from marketplace.core.database import session, transactional
from marketplace.notifications import outbox
from marketplace.notifications import privacy as notifications
from marketplace.notifications.models import EMAIL
from marketplace.notifications.outbox import Notice

log = logging.getLogger(__name__)

ERASED_NOTICE = "account_erased"
_MAX_TOLD = 100


@transactional
def change_consents(
    user_id: int,
    answers: Mapping[str, bool],
    *,
    versions: Mapping[str, str],
    require_match: Callable[[dict[str, Consent | None]], None],
    now: datetime,
) -> dict[str, Consent | None]:
    """Give or withdraw consents. Raises 401; `require_match` may raise 412."""
    sessions.lock_signed_in(user_id)
    require_match(consents.latest(user_id))
    consents.record(user_id, answers, versions, now)
    return consents.latest(user_id)


def export(user_id: int, now: datetime) -> dict[str, Any]:
    """Everything stored about a person; long members are iterators over rows still to be read."""
    return {
        "exported_at": now,
        **own_records.exported(user_id),
        **notifications.exported(user_id),
        **parts.exported(user_id),
    }


def erase(
    *, user_id: int, session_id: int, password: str | None, journal: Path, now: datetime
) -> None:
    """Forget the caller. Raises 401, 422 `wrong_password`, and 403 `reauthentication_required`
    without a password that fits or a social sign-in of this moment.
    """
    old_hash = reauthentication.prove(user_id, session_id, password, field="password", now=now)
    erasure_journal.append(journal, _erase_own(user_id, old_hash, now))


@transactional
def _erase_own(user_id: int, old_hash: str | None, now: datetime) -> Erased:
    user = sessions.lock_signed_in(user_id)
    if user.password_hash != old_hash:
        raise reauthentication.wrong_password("password")
    return _forget(user, actor=f"user:{user_id}", told=True, now=now)


def erase_by_admin(user_id: int, *, actor: str, journal: Path, now: datetime) -> bool:
    """Forget a person; False when the journal could not be written. Raises `NotPossible`."""
    return erasure_journal.append(journal, _erase_locked(user_id, actor, now))


@transactional
def _erase_locked(user_id: int, actor: str, now: datetime) -> Erased:
    return _forget(administration.locked_user(user_id), actor=actor, told=True, now=now)


def _forget(user: User, *, actor: str, told: bool, now: datetime) -> Erased:
    """All of erasing, in the caller's transaction."""
    address = user.email if user.email_verified_at is not None else None
    own_records.forget(user, now)
    operations.end_all_sessions(user.id, "erased", now)
    # Cancels coming bookings and tells of it; what the person would be told is forgotten after it.
    operations.run_block_parts(user, now)
    codes.keep_count(user.id, now)
    notifications.forget(user.id, now)
    parts.run_erase_parts(user, now)
    own_records.forget_answers(user.id)
    session().execute(sa.delete(Erasure).where(Erasure.user_id == user.id))
    session().add(Erasure(user_id=user.id, erased_at=now))
    audit.record("user.erase", "user", user.id, actor=actor, now=now)
    if told and address is not None:
        key = f"user:{user.id}:{ERASED_NOTICE}"
        notice = Notice(
            *(user.id, ERASED_NOTICE, "user", user.id, {"at": now.isoformat()}, now, key),
            channel=EMAIL,
            destination=address,
            urgent=True,
        )
        outbox.enqueue([notice], now)
    log.info("erased user %s", user.id)
    return Erased(user.id, user.created_at, now)


def replay(journal: Path, *, actor: str, now: datetime) -> int:
    """Erase again whoever a restored backup brought back; how many there were. Twice does no
    harm.
    """
    again = [each for each in _entries(journal) if _has_come_back(each)]
    return sum(_erase_again(each, actor, now) for each in again)


@transactional
def _erase_again(erased: Erased, actor: str, now: datetime) -> int:
    user = sessions.lock_user(erased.user_id)
    if user is None or user.created_at != erased.created_at or user.erased_at is not None:
        return 0
    _forget(user, actor=actor, told=False, now=now)
    return 1


def complete_journal(journal: Path) -> int:
    """Add the lines of erasures that could not be written at their time; how many."""
    return sum(erasure_journal.append(journal, each) for each in _missing(journal))


def faults(journal: Path) -> Iterator[str]:
    """What is wrong with the journal, one sentence a fault."""
    for line in erasure_journal.read_lines(journal):
        if isinstance(line, int):
            yield f"line {line} of {journal} cannot be read"
        elif _has_come_back(line):
            yield f"user {line.user_id} was erased and is here again"
    for each in _missing(journal):
        yield f"the erasure of user {each.user_id} is not in {journal}"


def faults_of_notes() -> Iterator[str]:
    """What the database's own notes of erasures say wrongly, one sentence a fault."""
    query = sa.select(User.id).join(Erasure, Erasure.user_id == User.id)
    for user_id in session().scalars(query.where(User.erased_at.is_(None)).limit(_MAX_TOLD)):
        yield f"user {user_id} is noted as erased and is not"


def _entries(journal: Path) -> Iterator[Erased]:
    return (one for one in erasure_journal.read_lines(journal) if isinstance(one, Erased))


def _has_come_back(erased: Erased) -> bool:
    query = sa.select(User.id).where(
        User.id == erased.user_id, User.created_at == erased.created_at, User.erased_at.is_(None)
    )
    return session().scalar(query) is not None


def _missing(journal: Path) -> list[Erased]:
    known = {(one.user_id, one.created_at) for one in _entries(journal)}
    query = sa.select(User.id, User.created_at, Erasure.erased_at).join(
        Erasure, Erasure.user_id == User.id
    )
    rows = session().execute(query.where(User.erased_at.is_not(None)).order_by(User.id))
    return [Erased(*row) for row in rows if (row.id, row.created_at) not in known]
