"""Every notification speaks both languages in every form, in the reader's zone, escaped."""

import re
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta

from marketplace import bookings
from marketplace.notifications.phrases import KINDS, PHRASES
from marketplace.notifications.routing import CODES, SECURITY
from marketplace.notifications.texts import mask, render, write

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
PAYLOAD = {"service": "SPA", "starts_at": "2026-12-31T21:30:00+00:00"}
FULL = PAYLOAD | {
    "code": "271828",
    "destination": "n***@example.com",
    "device": "iPhone",
    "ip": "203.0.113.7",
    "at": "2026-12-31T21:30:00+00:00",
    "provider": "vk",
}
WRITTEN_ELSEWHERE = {*CODES, *SECURITY, "account_erased"}


def names(*sources: str) -> set[str]:
    environment = jinja2.Environment(autoescape=True)
    found = (meta.find_undeclared_variables(environment.parse(source)) for source in sources)
    return set().union(*found)


def test_both_languages_have_the_same_kinds() -> None:
    assert set(PHRASES["ru"]) == set(PHRASES["en"]) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_written_in_both_languages_and_in_every_form(kind: str) -> None:
    for language in ("ru", "en"):
        texts = write(kind, FULL, language, "Europe/Moscow", "Brand")

        for form in (texts.title, texts.short, texts.plain, texts.html):
            assert form.strip()
            assert bool(CYRILLIC.search(form)) == (language == "ru"), form
            assert "{" not in re.sub("<style.*", "", form)
        assert "\n" not in texts.title + texts.short
        assert "<h1" in texts.html
        assert "<" not in texts.plain
        assert texts.short.strip() == texts.short


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_fill_in_the_same(kind: str) -> None:
    russian, english = PHRASES["ru"][kind], PHRASES["en"][kind]

    for form in ("title", "short"):
        assert names(getattr(russian, form)) == names(getattr(english, form))
    assert names(*russian.letter) == names(*english.letter)


@pytest.mark.parametrize("kind", sorted(CODES))
@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_code_stands_in_every_body_and_in_no_title(kind: str, language: str) -> None:
    texts = write(kind, FULL, language, "Europe/Moscow", "Brand")

    assert all("271828" in form for form in (texts.short, texts.plain, texts.html))
    assert "271828" not in texts.title


@pytest.mark.parametrize("kind", sorted(CODES | SECURITY))
@pytest.mark.parametrize("language", ["ru", "en"])
def test_an_sms_is_two_parts_at_most(kind: str, language: str) -> None:
    # Two parts of Cyrillic hold 134 characters.
    assert len(write(kind, FULL, language, "Europe/Moscow", "BeautyGo").short) <= 134


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


def test_what_people_typed_is_escaped_and_makes_no_line() -> None:
    typed = "<script>alert(1)</script> & {{ code }}\r\nBcc: all@example.com\u2028x"

    texts = write("booking_created", FULL | {"service": typed}, "en", "Europe/Moscow", "A & B")

    assert "<script>" not in texts.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ code }} Bcc:" in texts.html
    assert "A &amp; B" in texts.html
    assert "<script>alert(1)</script> & {{ code }} Bcc: all@example.com x" in texts.short
    assert len(texts.short.splitlines()) == 1
    assert "\nBcc" not in texts.plain


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(jinja2.UndefinedError):
        write("code_email", {}, "ru", "Europe/Moscow", "Brand")


@pytest.mark.parametrize(
    ("destination", "shown"),
    [
        ("maria@example.com", "m***@example.com"),
        ("+79161234567", "+7***67"),
        (None, None),
        ("", None),
    ],
)
def test_a_destination_is_shown_masked(destination: str | None, shown: str | None) -> None:
    assert mask(destination) == shown


def test_every_kind_that_bookings_write_has_a_text() -> None:
    source = (Path(bookings.__file__).parent / "notices.py").read_text(encoding="utf-8")
    kinds = set(re.findall('"((?:booking|reminder)_[a-z0-9_]+)"', source))
    kinds |= {f"booking_{action}" for action in ("confirmed", "declined", "expired")}
    kinds |= {f"booking_{action}" for action in ("cancelled", "rescheduled")}

    assert kinds == set(KINDS) - WRITTEN_ELSEWHERE


def test_a_device_without_a_name_is_told_as_unknown() -> None:
    payload = {"device": "", "ip": "127.0.0.1", "at": "2030-01-01T12:00:00+03:00"}

    assert (
        ": неизвестное устройство, 127.0.0.1"
        in render("new_device", payload, "ru", "Europe/Moscow", "BeautyGo").lower()
    )
