"""Access and refresh tokens: their claims, keys and life-times (security checklist 10 to 14)."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import ExpiredSignatureError, InvalidTokenError, PyJWTError
from jwt import encode as encode_jwt

from marketplace.core.errors import Code
from marketplace.core.fields import MAX_ID
from marketplace.core.permissions import unauthorized
from marketplace.settings import Settings

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=7)
SESSION_LIFETIME = timedelta(days=90)
# By how much the clocks of two machines may differ.
CLOCK_LEEWAY = timedelta(seconds=10)
ISSUER = "marketplace"
AUDIENCE = "marketplace-app"
_JTI = re.compile(r"[0-9a-f-]{36}")
_USER_ID = re.compile(r"[0-9]{1,10}")
_REQUIRED_CLAIMS = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub", "sid"})


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The signing key and, during a rotation, the one before; each known by its id."""

    current_id: str
    by_id: dict[str, str]


def key_id(secret: str) -> str:
    """The public name of a key: the start of its SHA-256."""
    return sha256(b"marketplace key id\0" + secret.encode()).hexdigest()[:12]


def new_jti() -> str:
    """An unguessable id for a token."""
    return str(uuid.uuid4())


def configure(app: Flask, settings: Settings, jwt: JWTManager) -> None:
    """Bind the extension: one algorithm, headers only, keys by id."""
    known = [secret for secret in (settings.secret_key, settings.secret_key_previous) if secret]
    keys = TokenKeys(key_id(settings.secret_key), {key_id(secret): secret for secret in known})
    app.extensions["marketplace_token_keys"] = keys
    app.config.update(
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_TOKEN_LOCATION=["headers"],
        # Against forged requests with cookies, of which there are none.
        JWT_COOKIE_CSRF_PROTECT=False,
        JWT_SECRET_KEY=settings.secret_key,
        JWT_ACCESS_TOKEN_EXPIRES=ACCESS_LIFETIME,
        JWT_REFRESH_TOKEN_EXPIRES=REFRESH_LIFETIME,
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_LEEWAY=CLOCK_LEEWAY,
    )
    jwt.init_app(app)
    _install_loaders(jwt)


def _install_loaders(jwt: JWTManager) -> None:
    # A token that names no known key is checked against one nobody has; so is one without a type,
    # because the extension would take it for an access token.
    nobodys_key = secrets.token_hex(32)

    @jwt.decode_key_loader
    def decode_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
        if "type" not in claims:
            return nobodys_key
        return _keys().by_id.get(header.get("kid", ""), nobodys_key)


def has_all_claims(claims: dict[str, Any], kind: str) -> bool:
    """Whether a decoded token has every claim of ours, of the right types, and is of this kind."""
    return (
        claims.keys() >= _REQUIRED_CLAIMS
        and claims.get("type") == kind
        and isinstance(claims["jti"], str)
        and _JTI.fullmatch(claims["jti"]) is not None
        and type(claims["sid"]) is int
        and 1 <= claims["sid"] <= MAX_ID
        and isinstance(claims["sub"], str)
        and _USER_ID.fullmatch(claims["sub"]) is not None
    )


def current_key_id() -> str:
    """The id of the key that signs today."""
    return _keys().current_id


def signing_secrets() -> list[str]:
    """The secrets in use, today's first: other secrets are derived from them, each for one use."""
    keys = _keys()
    before = [secret for key, secret in keys.by_id.items() if key != keys.current_id]
    return [keys.by_id[keys.current_id], *before]


def access_token(*, user_id: int, session_id: int, expires_at: datetime, now: datetime) -> str:
    """A token of 15 minutes, never outliving its session."""
    expires = min(now + ACCESS_LIFETIME, expires_at)
    claims = _times(now, expires) | {"sid": session_id, "jti": new_jti()}
    header = {"kid": current_key_id()}
    return str(
        create_access_token(str(user_id), additional_claims=claims, additional_headers=header)
    )


def refresh_token(
    *, user_id: int, session_id: int, jti: str, issued_at: datetime, expires_at: datetime, key: str
) -> str:
    """The session's refresh token, the same for the same arguments: 7 days from `issued_at`, never
    outliving its session. `key` is a key id; one no longer known gives way to today's.
    """
    keys = _keys()
    key = key if key in keys.by_id else keys.current_id
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "sid": session_id,
        "jti": jti,
        "type": "refresh",
        "fresh": False,
        **_times(issued_at, refresh_expiry(issued_at, expires_at)),
    }
    return encode_jwt(claims, keys.by_id[key], algorithm="HS256", headers={"kid": key})


def refresh_expiry(issued_at: datetime, session_expires_at: datetime) -> datetime:
    """When a refresh token stops working: 7 days sliding, within the session's 90."""
    return min(issued_at + REFRESH_LIFETIME, session_expires_at)


def _times(issued: datetime, expires: datetime) -> dict[str, Any]:
    seconds = int(issued.timestamp())
    return {"iat": seconds, "nbf": seconds, "exp": int(expires.timestamp())}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token of ours says."""

    user_id: int
    session_id: int
    jti: str
    expires_at: int


def read_access_token(token: str, now: datetime) -> Claims:
    """Check an access token. Raises 401 `token_expired` or `token_invalid`."""
    try:
        claims = _verified(token, "access", tuple(_keys().by_id))
    except ExpiredSignatureError:
        raise unauthorized(Code.TOKEN_EXPIRED) from None
    except _NOT_OURS:
        raise unauthorized(Code.TOKEN_INVALID) from None
    if claims.expires_at <= now.timestamp():
        raise unauthorized(Code.TOKEN_EXPIRED)
    return claims


def read_refresh_token(token: str) -> Claims:
    """Check a refresh token. Raises 401 `refresh_token_invalid`."""
    try:
        return _decode(token, "refresh")
    except _NOT_OURS:
        raise unauthorized(Code.REFRESH_TOKEN_INVALID) from None


def _decode(token: str, kind: str) -> Claims:
    claims = decode_token(token)
    if not has_all_claims(claims, kind):
        raise InvalidTokenError
    return Claims(int(claims["sub"]), claims["sid"], claims["jti"], claims["exp"])


@lru_cache(maxsize=2_048)
def _verified(token: str, kind: str, _key_ids: tuple[str, ...]) -> Claims:
    """A signature once found right stays right under the same keys; only the expiry is to be
    looked at again.
    """
    return _decode(token, kind)


_NOT_OURS = (PyJWTError, JWTExtendedException, ValueError, RecursionError)


def _keys() -> TokenKeys:
    keys: TokenKeys = current_app.extensions["marketplace_token_keys"]
    return keys
