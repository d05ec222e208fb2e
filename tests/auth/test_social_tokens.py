"""Google's and Apple's tokens: one that is whole opens an account, one broken claim never does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from actors import Actor, assert_problem
from auth.provider import (
    ANDROID_ID,
    APPLE_ID,
    GOOGLE_ID,
    NONCE,
    Provider,
    public_jwk,
    rsa_key,
)
from auth.social import enter
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(claims: Any, header: dict[str, Any], signature: bytes = b"") -> str:
    return f"{segment(header)}.{segment(claims)}.{segment(signature)}"


def signed_by_hmac(claims: Any, provider: Provider) -> str:
    """HS256 with what everybody knows, the public key, as its secret."""
    public = rsa_key(provider.keys[0]).public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{segment({'alg': 'HS256', 'kid': provider.keys[0]})}.{segment(claims)}"
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{segment(digest)}"


def with_other_claims(token: str, claims: Any) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{segment(claims)}.{signature}"


def signed(payload: bytes) -> str:
    """Any bytes under a good signature."""
    return jwt.PyJWS().encode(payload, rsa_key("key-1"), "RS256", headers={"kid": "key-1"})


Forgery = Callable[[Provider], str]
FORGERIES: dict[str, Forgery] = {
    "alg none": lambda p: unsigned(p.google_claims(), {"alg": "none", "kid": "key-1"}),
    "alg None without kid": lambda p: unsigned(p.google_claims(), {"alg": "None"}),
    "HS256 with the public key": lambda p: signed_by_hmac(p.google_claims(), p),
    "RS512": lambda p: jwt.encode(
        p.google_claims(), rsa_key("key-1"), "RS512", headers={"kid": "key-1"}
    ),
    "PS256": lambda p: jwt.encode(
        p.google_claims(), rsa_key("key-1"), "PS256", headers={"kid": "key-1"}
    ),
    "another key": lambda p: p.sign(p.google_claims(), key="thief", kid="key-1"),
    "an unknown kid": lambda p: p.sign(p.google_claims(), key="thief"),
    "no kid": lambda p: jwt.encode(p.google_claims(), rsa_key("key-1"), "RS256"),
    "kid is no string": lambda p: unsigned(p.google_claims(), {"alg": "RS256", "kid": 1}, b"x"),
    "jku": lambda p: p.sign(p.google_claims(), key="thief", kid="key-1", jku=f"{p.url}/thief"),
    "x5u": lambda p: p.sign(p.google_claims(), key="thief", kid="key-1", x5u=f"{p.url}/thief"),
    "jwk": lambda p: p.sign(
        p.google_claims(), key="thief", kid="key-1", jwk=public_jwk("thief", kid="key-1")
    ),
    "other claims under a good signature": lambda p: with_other_claims(
        p.sign(p.google_claims()), p.google_claims(sub="somebody")
    ),
    "no signature": lambda p: p.sign(p.google_claims()).rpartition(".")[0] + ".",
    "claims that are no object": lambda _: signed(b'["sub"]'),
    "claims that are no JSON": lambda _: signed(b"\xff\xfe"),
    "claims nested for ever": lambda _: signed(b"[" * 3_000),
    "a number without end": lambda _: signed(b'{"exp":' + b"9" * 5_000 + b"}"),
    "a header nested for ever": lambda _: f"{segment(b'[' * 3_000)}.e30.e30",
    "words": lambda _: "not.a.token",
    "one word": lambda _: "token",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_opens_nothing(
    stranger: Actor, provider: Provider, forgery: Forgery
) -> None:
    refused = enter(stranger, "google", {"id_token": forgery(provider)})

    assert_problem(refused, 401, "identity_token_invalid")
    assert set(provider.asked) <= {"/google/certs"}


SLIGHTLY_OFF = {
    "iat": timedelta(seconds=30),
    "nbf": timedelta(seconds=30),
    "exp": timedelta(seconds=3600),
}


def from_now(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with spans as moments that much from now."""
    now = int(time.time())
    return {
        name: now + value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }


BROKEN: dict[str, dict[str, Any]] = {
    "iss": {"iss": "https://accounts.example.com"},
    "iss of Apple": {"iss": "https://appleid.apple.com"},
    "no iss": {"iss": None},
    "iss is a list": {"iss": ["https://accounts.google.com"]},
    "aud": {"aud": "another.apps.googleusercontent.com"},
    "aud of Apple's": {"aud": APPLE_ID},
    "no aud": {"aud": None},
    "aud for several": {"aud": [GOOGLE_ID, "another.apps.googleusercontent.com"]},
    "expired": {"iat": timedelta(seconds=-7200), "exp": timedelta(seconds=-120)},
    "no exp": {"exp": None},
    "exp is a string": {"exp": "1795618962"},
    "exp is true": {"exp": True},
    "exp is infinite": {"exp": float("inf")},
    "exp is no number": {"exp": float("nan")},
    "exp beyond all floats": {"exp": 10**400},
    "no iat": {"iat": None},
    "iat to come": {"iat": timedelta(seconds=1800)},
    "iat after exp": {"iat": timedelta(seconds=50), "exp": timedelta(seconds=40)},
    "nbf to come": {"nbf": timedelta(seconds=1800)},
    "no sub": {"sub": None},
    "sub is empty": {"sub": ""},
    "sub is a number": {"sub": 107691503500061507151},
    "sub too long": {"sub": "1" * 256},
    "sub not ASCII": {"sub": "личность"},
    "sub with a line break": {"sub": "1\n2"},
    "a nonce that was not sent": {"nonce": NONCE},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_one_broken_claim_of_google_opens_nothing(
    stranger: Actor, provider: Provider, changes: dict[str, Any]
) -> None:
    token = signed(json.dumps(provider.google_claims(**from_now(changes))).encode())

    refused = enter(stranger, "google", {"id_token": token})

    assert_problem(refused, 401, "identity_token_invalid")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


BROKEN_AT_APPLE: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "another"},
    "nonce as it was sent, not its hash": {"nonce": NONCE},
    "no nonce": {"nonce": None},
    "iss": {"iss": "https://accounts.google.com"},
    "aud": {"aud": GOOGLE_ID},
    "expired": {"exp": timedelta(seconds=-120), "iat": timedelta(seconds=-900)},
    "no sub": {"sub": None},
}


@pytest.mark.parametrize("changes", BROKEN_AT_APPLE.values(), ids=BROKEN_AT_APPLE.keys())
def test_one_broken_claim_of_apple_opens_nothing(
    stranger: Actor, provider: Provider, changes: dict[str, Any]
) -> None:
    refused = enter(stranger, "apple", provider.apple_body(**from_now(changes)))

    assert_problem(refused, 401, "identity_token_invalid")


def test_apple_takes_no_token_without_the_nonce(stranger: Actor, provider: Provider) -> None:
    for claims in (provider.apple_claims(), provider.apple_claims(nonce=None)):
        refused = enter(stranger, "apple", {"id_token": provider.sign(claims)})
        assert_problem(refused, 401, "identity_token_invalid")


@pytest.mark.parametrize(("carried", "sent"), [(NONCE, "another"), (None, NONCE)])
def test_googles_nonce_must_be_the_one_sent(
    stranger: Actor, provider: Provider, carried: str | None, sent: str
) -> None:
    refused = enter(stranger, "google", provider.google_body(nonce=carried) | {"nonce": sent})

    assert_problem(refused, 401, "identity_token_invalid")


def test_a_whole_token_opens_an_account(stranger: Actor, provider: Provider) -> None:
    for body in (
        provider.google_body(),
        provider.google_body(iss="accounts.google.com", aud=ANDROID_ID),
        provider.google_body(aud=[GOOGLE_ID]),
        provider.google_body(nonce=NONCE) | {"nonce": NONCE},
        provider.google_body(**from_now(SLIGHTLY_OFF)),
    ):
        assert enter(stranger, "google", body).status_code in (200, 201)
    assert enter(stranger, "apple", provider.apple_body()).status_code == 201


def test_the_two_providers_keys_are_not_each_others(stranger: Actor, provider: Provider) -> None:
    """A subject of one is nobody at the other, and each is asked at its own address."""
    google = enter(stranger, "google", provider.google_body(sub="42", email=None)).get_json()
    apple = enter(stranger, "apple", provider.apple_body(sub="42", email=None)).get_json()

    assert google["user"]["id"] != apple["user"]["id"]
    assert provider.asked == ["/google/certs", "/apple/keys"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["id_token"]),
        ({"id_token": ""}, ["id_token"]),
        ({"id_token": "x" * 8_001}, ["id_token"]),
        ({"id_token": 1}, ["id_token"]),
        ({"id_token": "x", "nonce": ""}, ["nonce"]),
        ({"id_token": "x", "nonce": "x" * 256}, ["nonce"]),
        ({"id_token": "x", "role": "admin"}, ["role"]),
        ({"id_token": "x", "email": "me@example.com"}, ["email"]),
    ],
    ids=str,
)
def test_a_malformed_body_is_told_by_field(
    stranger: Actor, body: dict[str, Any], fields: list[str]
) -> None:
    assert_problem(enter(stranger, "google", body), 422, "invalid_fields", *fields)


def test_failed_sign_ins_are_counted_by_address(
    make_app: Callable[..., Any], provider: Provider
) -> None:
    app = make_app(social=provider.settings, rate_limits=True)
    caller = Actor(app.test_client())
    body = provider.google_body(aud="another")

    statuses = [enter(caller, "google", body).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]
    good = enter(caller, "google", provider.google_body())
    assert_problem(good, 429, "too_many_requests")
    assert int(good.headers["Retry-After"]) >= 1
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    assert (
        enter(caller, "google", provider.google_body(), environ_base=elsewhere).status_code == 201
    )
