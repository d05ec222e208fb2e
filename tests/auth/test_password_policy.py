"""Which passwords are refused, and how those that are accepted are kept."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from marketplace.auth.password_policy import password_faults
from marketplace.auth.passwords import hash_password, needs_rehash, verify_password

PERSONAL = ["Maria.Sokolova", "masha.home@example.com", "+79161234567"]


def faults(password: str) -> list[str]:
    found = password_faults(password, personal=PERSONAL, brand="BeautyGo")
    return [message.key for message in found]


@pytest.mark.parametrize(
    "password",
    [
        "тихий-вечер-7",
        "correct horse battery staple",
        "        spaces        ",
        "пароль с ёжиком",
        "🐈🐈🐈🐈🐈🐈🐈🐈",
        "maria.sokolova.and.something.else",
        "a1234567890123",
        "x" * 128,
    ],
)
def test_a_password_needs_no_special_composition(password: str) -> None:
    assert faults(password) == []


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("9318457120", "password_digits"),
        ("９３１８４５７１２０", "password_digits"),
        ("٩٣١٨٤٥٧١٢٠", "password_digits"),
        ("password", "password_common"),
        ("password123", "password_common"),
        ("PassWord123", "password_common"),
        ("qwertyuiop", "password_common"),
        ("ｐａｓｓｗｏｒｄ", "password_common"),
        ("beautygo2026", "password_common"),
        ("BeautyGo!", "password_common"),
        ("2026-BEAUTYGO", "password_common"),
        ("maria.sokolova", "password_personal"),
        ("MARIA.SOKOLOVA", "password_personal"),
        ("maria.sokolova1", "password_personal"),
        ("masha.home@example.com", "password_personal"),
        ("Masha.Home@Example.com", "password_personal"),
        ("masha.home", "password_personal"),
        ("masha.home99", "password_personal"),
        ("+79161234567", "password_personal"),
    ],
)
def test_a_password_that_would_be_guessed_first_is_refused(password: str, reason: str) -> None:
    assert reason in faults(password)


def test_a_hash_is_argon2id_with_at_least_the_recommended_cost() -> None:
    made = hash_password("тихий-вечер-7")

    cost = extract_parameters(made)

    assert made.startswith("$argon2id$v=19$")
    assert cost.type is Type.ID
    assert (cost.memory_cost, cost.time_cost, cost.parallelism) >= (19_456, 2, 1)
    assert cost.salt_len >= 16
    assert cost.hash_len >= 32
    assert not needs_rehash(made)


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password("тихий-вечер-7") != hash_password("тихий-вечер-7")


def test_a_password_is_compared_to_its_last_byte() -> None:
    made = hash_password(" тихий-вечер-7 ")

    assert verify_password(made, " тихий-вечер-7 ")
    for other in ("тихий-вечер-7", " тихий-вечер-7", " Тихий-вечер-7 ", " тихий-вечер-8 ", ""):
        assert not verify_password(made, other)


def test_no_hash_and_a_broken_hash_match_nothing() -> None:
    assert not verify_password(None, "the password of nobody at all")
    assert not verify_password("!", "тихий-вечер-7")
    assert not verify_password("$argon2id$v=19$m=19456,t=2,p=1$broken", "тихий-вечер-7")


@pytest.mark.parametrize(
    "weaker",
    [
        PasswordHasher(time_cost=1, memory_cost=19_456, parallelism=1),
        PasswordHasher(time_cost=2, memory_cost=8_192, parallelism=1),
        PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.I),
    ],
)
def test_a_weaker_hash_still_matches_and_is_known_to_need_renewal(weaker: PasswordHasher) -> None:
    made = weaker.hash("тихий-вечер-7")

    assert verify_password(made, "тихий-вечер-7")
    assert needs_rehash(made)
