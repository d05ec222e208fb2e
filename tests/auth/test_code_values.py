"""What a one-time code is bound to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.auth.code_values import code_of, is_code, masked

BOUND = {"nonce": "a" * 64, "purpose": "email", "user_id": 7, "destination": "a@example.com"}
OTHERS = {"nonce": "b" * 64, "purpose": "password", "user_id": 8, "destination": "b@example.com"}
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)


@given(TEXT, TEXT, TEXT, st.integers(1, 2**31 - 1), TEXT)
def test_a_code_is_six_digits_and_is_its_own(
    secret: str, nonce: str, purpose: str, user_id: int, destination: str
) -> None:
    bound: dict[str, Any] = {
        "nonce": nonce,
        "purpose": purpose,
        "user_id": user_id,
        "destination": destination,
    }
    code = code_of(secret, **bound)

    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()
    assert is_code([secret], code, **bound)
    assert is_code(["another key", secret], code, **bound)


@pytest.mark.parametrize("changed", BOUND)
def test_a_code_is_bound_to_everything_it_was_made_for(changed: str) -> None:
    # Of a hundred keys one in a million would agree by chance.
    agreed = [
        key
        for key in map(str, range(100))
        if code_of(key, **BOUND) == code_of(key, **BOUND | {changed: OTHERS[changed]})  # type: ignore[arg-type]
    ]

    assert agreed == []


def test_codes_are_spread_evenly() -> None:
    first = Counter(code_of("key", **BOUND | {"nonce": str(n)})[0] for n in range(5_000))  # type: ignore[arg-type]

    assert set(first) == set("0123456789")
    assert max(first.values()) < 2 * min(first.values())


@pytest.mark.parametrize(
    ("destination", "shown"),
    [
        ("maria@example.com", "m…a@example.com"),
        ("me@example.com", "m…@example.com"),
        ("+79161234567", "+7…67"),
    ],
)
def test_a_masked_contact_tells_its_owner_which_it_is(destination: str, shown: str) -> None:
    assert masked(destination) == shown
