"""Which language a header asks for."""

import pytest
from actors import Actor
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.accept_language import accepted_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ru"),
        ("en", "en"),
        ("EN-us", "en"),
        ("en-US,ru;q=0.5", "en"),
        ("en;q=0.4, ru-RU;q=0.5", "ru"),
        ("de, fr;q=0.9, en;q=0.1", "en"),
        ("de, en;q=0.3, *;q=0.5", "ru"),
        ("en, ru", "en"),
        ("ru, en", "ru"),
        ("*", "ru"),
        ("ru;q=0, *", "en"),
        ("en;q=0, *", "ru"),
        ("en;q=0, en-GB", "ru"),
        ("en-GB;q=0, en;q=0.2", "en"),
        ("en;q=0.000", "ru"),
        ("en ; q=1.000 , ru;q=0.999", "en"),
        ("en;q=2, ru;q=0.1", "ru"),
        ("en;q=0.1234, de", "ru"),
        ("english", "ru"),
        ("e\u0274, *;q=0", "ru"),
        (";;,,=q", "ru"),
    ],
)
def test_the_best_of_what_is_asked_for(header: str, language: str) -> None:
    assert accepted_language(header) == language


@given(st.text(st.sampled_from("enru-,;q=01. *"), max_size=60))
def test_whatever_is_sent_has_an_answer(header: str) -> None:
    assert accepted_language(header) in ("ru", "en")


def test_a_region_is_no_reason_to_answer_in_another_language(anonymous: Actor) -> None:
    answer = anonymous.get("/api/nowhere/", headers={"Accept-Language": "en-US,ru;q=0.5"})

    assert answer.headers["Content-Language"] == "en"
