"""Names of devices in the list of sessions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.auth.devices import NAME_MAX, Device


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 8 Build/AP4A.250105.002; wv) AppleWebKit/537.36",
            "Pixel 8, Android 15",
        ),
        ("Dalvik/2.1.0 (Linux; U; Android 14; SM-S921B Build/UP1A)", "SM-S921B, Android 14"),
        (
            "Mozilla/5.0 (Linux; U; Android 13; ru-ru; Redmi Note 12 Build/TKQ1) AppleWebKit",
            "Redmi Note 12, Android 13",
        ),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36", "Android 10"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0", "Android 14"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1", "iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1", "iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36", "Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Linux"),
        ("Marketplace/12 CFNetwork/1568.200.51 Darwin/24.1.0", "Marketplace 12"),
        ("okhttp/4.12.0", "okhttp 4.12.0"),
        ("Dart/3.5 (dart:io)", "Dart 3.5"),
        ("", ""),
        ("Mozilla/5.0", ""),
    ],
)
def test_a_device_is_named_as_its_owner_would_know_it(user_agent: str, name: str) -> None:
    assert Device(user_agent, "127.0.0.1").name == name


@settings(deadline=None, max_examples=200, database=None)
@given(st.one_of(st.text(max_size=300), st.text("(;Android iPhone)", max_size=300)))
def test_any_user_agent_has_a_name_that_fits_its_column(user_agent: str) -> None:
    assert len(Device(user_agent, "127.0.0.1").name) <= NAME_MAX
