"""Password hashes of the system people moved in from: Django's PBKDF2 and bcrypt. Pure.

They are verified until the next log-in, which puts an Argon2id hash in their place. What would
burn a core for seconds is refused when it is brought in, and never computed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

import bcrypt

HASH_MAX = 255
MAX_ITERATIONS = 2_000_000
MAX_BCRYPT_COST = 14
MAX_ARGON2_KIB = 131_072
MAX_ARGON2_PASSES = 10
MAX_ARGON2_LANES = 16
_BCRYPT_BYTES = 72

_PBKDF2 = re.compile(r"pbkdf2_sha256\$([1-9][0-9]{0,7})\$([!-#%-~]{1,128})\$([A-Za-z0-9+/]{43}=)")
_BCRYPT = re.compile(r"(bcrypt_sha256\$|bcrypt\$)?(\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53})")
_ARGON2 = re.compile(
    r"(?:argon2)?(\$argon2id?\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]{0,2}),p=([1-9][0-9]{0,2})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86})"
)
# Django's mark of an account without a password.
_UNUSABLE = "!"


def is_foreign(password_hash: str) -> bool:
    """Whether the hash is one of these, not Argon2's."""
    return password_hash.startswith(("pbkdf2_sha256$", "bcrypt_sha256$", "bcrypt$", "$2"))


def stored_form(given: str) -> str | None:
    """How a hash brought in is kept; None for one that marks an account without a password.

    Raises `ValueError` with the reason, which never shows the hash.
    """
    if given.startswith(_UNUSABLE):
        return None
    if len(given) > HASH_MAX:
        raise ValueError(f"longer than {HASH_MAX} characters")
    if found := _PBKDF2.fullmatch(given):
        if int(found[1]) > MAX_ITERATIONS:
            raise ValueError(f"more than {MAX_ITERATIONS} iterations")
        return given
    if found := _BCRYPT.fullmatch(given):
        if not 4 <= int(found[3]) <= MAX_BCRYPT_COST:  # noqa: PLR2004 - bcrypt's own least
            raise ValueError(f"a cost that is not from 4 to {MAX_BCRYPT_COST}")
        return given
    if found := _ARGON2.fullmatch(given):
        bounds = (MAX_ARGON2_KIB, MAX_ARGON2_PASSES, MAX_ARGON2_LANES)
        kib, passes, lanes = map(int, found.group(2, 3, 4))
        beyond = any(value > high for value, high in zip((kib, passes, lanes), bounds, strict=True))
        if beyond or kib < 8 * lanes:
            raise ValueError("parameters out of bounds")
        return found[1]
    raise ValueError("of a kind that is not known")


def verify(password_hash: str, password: str) -> bool:
    """Whether the password is the hash's. Whatever `stored_form` refuses is nobody's."""
    try:
        if stored_form(password_hash) is None:
            return False
        if found := _PBKDF2.fullmatch(password_hash):
            return _verify_pbkdf2(password, int(found[1]), found[2], found[3])
        found = _BCRYPT.fullmatch(password_hash)
        return found is not None and _verify_bcrypt(password, found[1] or "", found[2])
    except (ValueError, binascii.Error):
        return False


def _verify_pbkdf2(password: str, iterations: int, salt: str, expected: str) -> bool:
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), iterations)
    return hmac.compare_digest(made, base64.b64decode(expected))


def _verify_bcrypt(password: str, scheme: str, expected: str) -> bool:
    given = password.encode()
    if scheme == "bcrypt_sha256$":
        given = hashlib.sha256(given).hexdigest().encode()
    # Without the digest bcrypt never looked further than this, when the hash was made either.
    return bcrypt.checkpw(given[:_BCRYPT_BYTES], expected.encode())
