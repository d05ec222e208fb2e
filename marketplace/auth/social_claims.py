"""What a provider's word is worth: which claims prove a person, which vouch for an e-mail. Pure.

Rules: security checklist 27 to 29, RFC 7519, OpenID Connect Core 3.1.3.7.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from marketplace.auth.identifiers import EMAIL_MAX, email_form
from marketplace.core import text
from marketplace.settings_social import APPLE, GOOGLE

GOOGLE_ISSUERS = ("accounts.google.com", "https://accounts.google.com")
CLOCK_LEEWAY = timedelta(seconds=60)
SUBJECT_MAX = 255
FULL_NAME_MAX = 255
_LATEST = 2.0**53


class NotProven(ValueError):
    """A claim is missing, broken or meant for somebody else; the text names it, for the log."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A person as a provider knows them.

    `confirmed` says that the provider has seen the person receive mail at the address; `vouched`
    that the address is theirs today, so that an account may be found by it.
    """

    provider: str
    subject: str
    email: str | None = None
    confirmed: bool = False
    vouched: bool = False
    full_name: str | None = None


def google_person(
    claims: Mapping[str, Any], client_ids: Sequence[str], nonce: str | None, now: datetime
) -> Proven:
    """The person of Google's claims, the signature checked before. Raises `NotProven`."""
    _require_fit(claims, GOOGLE_ISSUERS, client_ids, now)
    carried = claims.get("nonce")
    if (nonce is not None or carried is not None) and not _same(carried, nonce):
        raise NotProven("nonce")
    email = _email(claims.get("email"))
    confirmed = claims.get("email_verified") is True
    # Google runs the mail of these two kinds of address itself; any other may have changed hands.
    own = email is not None and email.lower().endswith("@gmail.com")
    hosted = isinstance(claims.get("hd"), str) and claims["hd"] != ""
    return Proven(
        GOOGLE,
        _subject(claims.get("sub")),
        email,
        confirmed=confirmed,
        vouched=email is not None and confirmed and (own or hosted),
        full_name=full_name(claims.get("name")),
    )


def apple_person(
    claims: Mapping[str, Any],
    issuers: Sequence[str],
    client_ids: Sequence[str],
    nonce: str | None,
    now: datetime,
) -> Proven:
    """The person of Apple's claims, the signature checked before. Raises `NotProven`.

    The app keeps the nonce and sends it as it is; the token carries its SHA-256 in hex.
    """
    _require_fit(claims, issuers, client_ids, now)
    if nonce is None or not _same(claims.get("nonce"), sha256(nonce.encode()).hexdigest()):
        raise NotProven("nonce")
    email = _email(claims.get("email"))
    confirmed = email is not None and claims.get("email_verified") in (True, "true")
    return Proven(APPLE, _subject(claims.get("sub")), email, confirmed=confirmed, vouched=confirmed)


def full_name(*parts: Any) -> str | None:
    """A name for the profile, or None when the provider's is none or cannot be shown."""
    words = [text.normalise(part).strip() for part in parts if isinstance(part, str)]
    name = " ".join(word for word in words if word)[:FULL_NAME_MAX].strip()
    return None if text.is_blank(name) or not text.is_clean(name) else name


def contact(value: Any) -> str | None:
    """An e-mail address for showing, nobody vouching for it; None when it is none."""
    return _email(value)


def new_username() -> str:
    """A user name for somebody who chose none; it tells nothing of the person."""
    return f"user-{secrets.token_hex(6)}"


def _require_fit(
    claims: Mapping[str, Any],
    issuers: Sequence[str],
    client_ids: Sequence[str],
    now: datetime,
) -> None:
    if claims.get("iss") not in issuers:
        raise NotProven("iss")
    audience = claims.get("aud")
    # One meant for several would be as good in the hands of any of them.
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in client_ids:
        raise NotProven("aud")
    present, leeway = now.timestamp(), CLOCK_LEEWAY.total_seconds()
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if expires <= present - leeway:
        raise NotProven("exp")
    if issued > present + leeway or issued >= expires:
        raise NotProven("iat")
    if "nbf" in claims and _moment(claims, "nbf") > present + leeway:
        raise NotProven("nbf")
    _subject(claims.get("sub"))


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotProven(name)
    # Compared, not converted: of a number with hundreds of digits no float can be made.
    if not 0 <= value <= _LATEST:
        raise NotProven(name)
    return float(value)


def _subject(value: Any) -> str:
    known = isinstance(value, str) and 0 < len(value) <= SUBJECT_MAX and value.isascii()
    if not known or not value.isprintable():
        raise NotProven("sub")
    return str(value)


def _same(carried: Any, expected: str | None) -> bool:
    if not isinstance(carried, str) or expected is None:
        return False
    try:
        return hmac.compare_digest(carried.encode(), expected.encode())
    except UnicodeEncodeError:  # half of a character pair, which JSON can spell
        return False


def _email(value: Any) -> str | None:
    return email_form(value) if isinstance(value, str) and len(value) <= EMAIL_MAX else None
