"""Every notification speaks both languages, in the reader's zone."""

import re
from pathlib import Path
from string import Formatter

import pytest

from marketplace import bookings
from marketplace.notifications.texts import TEXTS, render

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
PAYLOAD = {"service": "SPA", "starts_at": "2026-12-31T21:30:00+00:00"}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_is_written_in_its_language_and_fills_in_the_same(kind: str) -> None:
    russian, english = TEXTS[kind]

    assert CYRILLIC.search(russian)
    assert not CYRILLIC.search(english)
    parts = [{part[1] for part in Formatter().parse(text)} for text in (russian, english)]
    assert parts[0] == parts[1]


@pytest.mark.parametrize(
    ("language", "timezone", "told"),
    [
        ("ru", "Europe/Moscow", "Вы записаны: SPA, 1 января, 00:30."),
        ("en", "Europe/Moscow", "You are booked: SPA, 1 January, 00:30."),
        ("en", "America/New_York", "You are booked: SPA, 31 December, 16:30."),
    ],
)
def test_a_moment_is_told_as_the_reader_s_clock_shows_it(
    language: str, timezone: str, told: str
) -> None:
    assert render("booking_confirmed", PAYLOAD, language, timezone) == told


def test_every_kind_that_bookings_write_has_a_text() -> None:
    source = (Path(bookings.__file__).parent / "notices.py").read_text(encoding="utf-8")
    kinds = set(re.findall('"((?:booking|reminder)_[a-z0-9_]+)"', source))
    kinds |= {f"booking_{action}" for action in ("confirmed", "declined", "expired")}
    kinds |= {f"booking_{action}" for action in ("cancelled", "rescheduled")}

    assert kinds == {kind for kind in TEXTS if kind.startswith(("booking_", "reminder_"))}


@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_is_about_no_booking_needs_none(language: str) -> None:
    payload = {"at": "2026-11-23T06:00:00+00:00"}

    told = render("account_erased", payload, language, "Europe/Moscow")

    assert told == TEXTS["account_erased"][("ru", "en").index(language)]
    # What was forgotten has no text any more.
    assert render("booking_confirmed", {}, language, "Europe/Moscow") == ""
