"""A person's avatar: two files in the media storage, and the address of the larger in the profile.

Files are written before the transaction and removed after it, so that what a profile names exists.
What a crash leaves between is swept.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from marketplace.auth.models import User
from marketplace.core import malware, media
from marketplace.core.after_commit import after_commit
from marketplace.core.database import read, release, session, transactional
from marketplace.core.errors import Code, DomainError, invalid
from marketplace.profile import avatar_names
from marketplace.profile.models import Profile
from marketplace.profile.operations import locked_profile
from marketplace.settings_media import Scanner

log = logging.getLogger(__name__)

FIELD = "avatar"
MAX_BYTES = 5 * 1024 * 1024
CONTENT_TYPE = "image/webp"
ORPHANS_KEPT = timedelta(days=1)
_SWEPT_AT_ONCE = 500
_QUEUE_SECONDS = 5.0
_RETRY_AFTER_SECONDS = 5
# One photo at a time is decoded, so that many cannot take the process's memory together.
_decoder = threading.BoundedSemaphore(1)

RequireMatch = Callable[[Profile], None]


def replace_avatar(
    user_id: int,
    photo: bytes,
    *,
    scanner: Scanner | None,
    require_match: RequireMatch,
    now: datetime,
) -> None:
    """Keep the photo as the person's avatar. Raises 422 `invalid_fields` for what is no fitting
    image, 503 while storage or scanner are away or too many photos wait, 401; `require_match` may
    raise 412.
    """
    release()
    if scanner is not None:
        with media.place_to_wait():
            is_infected = malware.is_infected(photo, scanner)
        if is_infected:
            raise invalid(FIELD, "image_infected")
    pictures = _squares(photo)
    large = avatar_names.new_name()
    names = dict(zip(pictures, avatar_names.names_of(large), strict=True))
    try:
        for size, name in names.items():
            media.storage().put(name, pictures[size], CONTENT_TYPE)
        _set_avatar(user_id, media.url_of(large), require_match, now)
    except BaseException as error:
        # Where the connection was lost the commit may stand all the same: then the sweep decides.
        if not (isinstance(error, DBAPIError) and error.connection_invalidated):
            _remove(names.values())
        raise


@transactional
def remove_avatar(user_id: int, *, require_match: RequireMatch, now: datetime) -> None:
    """Leave the person without an avatar; having none is no error. Raises 401; `require_match` may
    raise 412.
    """
    _set_avatar(user_id, None, require_match, now)


@transactional
def _set_avatar(
    user_id: int, address: str | None, require_match: RequireMatch, now: datetime
) -> None:
    profile = locked_profile(user_id)
    require_match(profile)
    _let_go(profile, address, now)


def _let_go(profile: Profile, address: str | None, now: datetime) -> None:
    before = profile.avatar
    if before == address:
        return
    profile.avatar = address
    profile.updated_at = now
    after_commit(partial(_remove, avatar_names.names_of(before)))


def erase(user: User, now: datetime) -> None:
    """The avatar's part of erasing a person, in that transaction."""
    query = sa.select(Profile).where(Profile.user_id == user.id).with_for_update()
    profile = session().scalar(query)
    if profile is not None:
        _let_go(profile, None, now)


def exported(user_id: int) -> dict[str, Any]:
    """What is kept of a person here."""
    query = sa.select(Profile.avatar).where(Profile.user_id == user_id)
    return {"avatar": read().execute(query).scalar()}


def sweep(now: datetime, dry_run: bool = False) -> int:
    """Remove files older than a day that no profile names; how many there were, or with `dry_run`
    are. Raises 503.
    """
    removed = 0
    after = ""
    while page := media.storage().page(avatar_names.PREFIX, after=after, limit=_SWEPT_AT_ONCE):
        after = page[-1].name
        old = [file.name for file in page if file.modified_at < now - ORPHANS_KEPT]
        for name in _orphans(old):
            if not dry_run:
                media.storage().delete(name)
            removed += 1
    return removed


def _orphans(names: Sequence[str]) -> list[str]:
    """Those that no profile names, compared without the address before them, which may have been
    another one when they were stored.
    """
    start = sa.func.length(Profile.avatar) - avatar_names.LENGTH + 1
    ending = sa.func.substr(Profile.avatar, start)
    wanted = avatar_names.large_names(names)
    # An address that is shorter is none of ours, and SQLite would count it from its end.
    query = sa.select(ending).where(start > 0, ending.in_(wanted))
    kept = set(read().execute(query).scalars()) if wanted else set()
    release()
    return [name for name in names if not avatar_names.large_names([name]) & kept]


def _squares(photo: bytes) -> dict[int, bytes]:
    # Most processes see no photo for long, and the decoders weigh megabytes.
    from marketplace.profile import images  # noqa: PLC0415

    with _one_at_a_time():
        try:
            return images.squares(photo)
        except images.RefusedImage as refused:
            raise invalid(FIELD, refused.key, **refused.values) from refused


@contextmanager
def _one_at_a_time() -> Generator[None]:
    if not _decoder.acquire(timeout=_QUEUE_SECONDS):
        headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
        raise DomainError(Code.SERVICE_UNAVAILABLE, headers=headers)
    try:
        yield
    finally:
        _decoder.release()


def _remove(names: Iterable[str]) -> None:
    for name in names:
        try:
            media.storage().delete(name)
        except DomainError:
            # The next would fail as well, and the person wait for it as long again.
            log.warning("%s and what belongs to it stay for the sweep", name)
            return
