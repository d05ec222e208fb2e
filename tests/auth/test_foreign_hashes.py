"""Hashes of the system people moved in from, each made here by other means than are tested."""

from __future__ import annotations

import base64
import hashlib
import hmac

import bcrypt
import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from marketplace.auth import foreign_hashes, passwords

PASSWORD = "тихий-вечер-7"
# 55 letters of two bytes each: bcrypt alone sees the first 36 of them.
LONG = "д" * 55


def pbkdf2(password: str, iterations: int = 1_000, salt: str = "Xq3bYt0pLs5v") -> str:
    """PBKDF2 as RFC 8018 writes it: one block of SHA-256 is all that is asked for."""
    secret = password.encode()
    block = hmac.new(secret, salt.encode() + b"\0\0\0\1", hashlib.sha256).digest()
    total = int.from_bytes(block, "big")
    for _ in range(iterations - 1):
        block = hmac.new(secret, block, hashlib.sha256).digest()
        total ^= int.from_bytes(block, "big")
    digest = base64.b64encode(total.to_bytes(32, "big")).decode()
    return f"pbkdf2_sha256${iterations}${salt}${digest}"


def plain_bcrypt(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


def bcrypt_sha256(password: str) -> str:
    digest = hashlib.sha256(password.encode()).hexdigest().encode()
    return "bcrypt_sha256$" + bcrypt.hashpw(digest, bcrypt.gensalt(4)).decode()


def django_bcrypt(password: str) -> str:
    return "bcrypt$" + plain_bcrypt(password)


def django_argon2(password: str) -> str:
    hasher = PasswordHasher(time_cost=2, memory_cost=1_024, parallelism=8, type=Type.ID)
    return "argon2" + hasher.hash(password)


FOREIGN = [pbkdf2, plain_bcrypt, bcrypt_sha256, django_bcrypt]


@pytest.mark.parametrize("make", [*FOREIGN, django_argon2])
def test_the_right_password_opens_and_is_to_be_hashed_anew(make) -> None:
    stored = foreign_hashes.stored_form(make(PASSWORD))

    assert stored is not None
    assert passwords.verify_password(stored, PASSWORD)
    assert passwords.needs_rehash(stored)


@pytest.mark.parametrize("make", [*FOREIGN, django_argon2])
@pytest.mark.parametrize("wrong", ["тихий-вечер-8", "", PASSWORD + " ", "x" * 128])
def test_a_wrong_password_does_not(make, wrong: str) -> None:
    stored = foreign_hashes.stored_form(make(PASSWORD))

    assert not passwords.verify_password(stored, wrong)


def test_a_hash_known_from_elsewhere() -> None:
    # Django's own documentation of the format, and RFC 7914's vector of PBKDF2-HMAC-SHA256.
    vector = bytes.fromhex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
    stored = f"pbkdf2_sha256$1$salt${base64.b64encode(vector).decode()}"

    assert foreign_hashes.verify(stored, "passwd")
    assert not foreign_hashes.verify(stored, "password")


def test_bcrypt_behind_sha256_sees_the_whole_of_a_long_password() -> None:
    assert foreign_hashes.verify(bcrypt_sha256(LONG), LONG)
    assert not foreign_hashes.verify(bcrypt_sha256(LONG), LONG[:36])


@pytest.mark.parametrize("make", [plain_bcrypt, django_bcrypt])
def test_bcrypt_alone_sees_72_bytes_as_when_the_hash_was_made(make) -> None:
    assert foreign_hashes.verify(make(LONG), LONG)
    assert foreign_hashes.verify(make(LONG), LONG[:36])
    assert not foreign_hashes.verify(make(LONG), LONG[:35])


def test_a_hash_of_ours_is_no_foreign_one() -> None:
    ours = passwords.hash_password(PASSWORD)

    assert not foreign_hashes.is_foreign(ours)
    assert not passwords.needs_rehash(ours)
    assert foreign_hashes.stored_form(ours) == ours


def test_an_account_without_a_password_stays_without() -> None:
    assert foreign_hashes.stored_form("!kGtVfWmQ0zX8wM1oJt3cPq7yR5sLb2nAeDhUvCxT") is None
    assert not foreign_hashes.verify("!", "!")


SALTED = "$2b$04$" + "a" * 53
REFUSED = [
    "",
    "plain",
    "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
    pbkdf2(PASSWORD).replace("$1000$", "$2000001$"),
    pbkdf2(PASSWORD).replace("$1000$", "$99999999999$"),
    pbkdf2(PASSWORD).replace("$1000$", "$0$"),
    pbkdf2(PASSWORD).replace("$1000$", "$-5$"),
    pbkdf2(PASSWORD)[:-2],
    pbkdf2(PASSWORD, salt="соль"),
    pbkdf2(PASSWORD, salt="x" * 300),
    SALTED.replace("$04$", "$15$"),
    SALTED.replace("$04$", "$31$"),
    SALTED.replace("$04$", "$03$"),
    SALTED[:-1],
    SALTED + "\n",
    "bcrypt_sha512$" + SALTED,
    "$argon2id$v=19$m=999999,t=2,p=1$c29tZXNhbHRzb21l$" + "a" * 43,
    "$argon2id$v=19$m=19456,t=99,p=1$c29tZXNhbHRzb21l$" + "a" * 43,
    "$argon2id$v=19$m=8,t=1,p=4$c29tZXNhbHRzb21l$" + "a" * 43,
]


@pytest.mark.parametrize("given", REFUSED)
def test_what_is_unknown_or_too_dear_is_refused_and_never_computed(given: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        foreign_hashes.stored_form(given)
    assert not foreign_hashes.verify(given, PASSWORD)
