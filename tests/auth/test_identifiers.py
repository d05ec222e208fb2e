"""User names, e-mail addresses and phone numbers: what is accepted, and that none is another."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from marketplace.auth.identifiers import (
    Identifier,
    Kind,
    email_form,
    email_key,
    identify,
    phone_form,
    username_fault,
    username_form,
)
from marketplace.core import text

quick = settings(deadline=None, max_examples=100, database=None)

LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
names = st.one_of(
    st.text(LATIN + "0123456789@.+-_", min_size=3, max_size=20),
    st.text(CYRILLIC + "0123456789@.+-_", min_size=3, max_size=20),
    st.text("0123456789@.+-_", min_size=3, max_size=20),
)
emails = st.from_regex(
    r"[A-Za-z0-9]{1,12}([._+-][A-Za-z0-9]{1,8})?@[A-Za-z]{1,12}(-[a-z]{2,5})?\.(com|ru|org)",
    fullmatch=True,
)
mobiles = st.from_regex(r"9[0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    "name",
    [
        "bob",
        "Мария",
        "maria.sokolova",
        "anna+nails",
        "user@home",
        "jean-luc_7",
        "Ёлка2026",
        "x" * 150,
        "12345",
        "Ελένη",
        "김철수",
    ],
)
def test_a_name_of_one_script_with_digits_and_signs_is_accepted(name: str) -> None:
    assert username_fault(username_form(name)) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ab", "too_short"),
        ("x" * 151, "too_long"),
        ("with space", "username_characters"),
        ("semi;colon", "username_characters"),
        ("slash/es", "username_characters"),
        ("emoji😀", "username_characters"),
        ("zero\u200bwidth", "username_characters"),
        ("turned\u202eround", "username_characters"),
        ("arabic٣٤٥", "username_characters"),
        ("bare\u0301accent\u20dd", "username_characters"),
        ("\u3164\u3164\u3164", "username_characters"),
        ("김\u115f철수", "username_characters"),
        ("аdmin", "username_scripts"),
        ("pаypal", "username_scripts"),
        ("adminο", "username_scripts"),
        ("марияmaria", "username_scripts"),
        ("maria@example.com", "username_contact"),
        ("мария@пример.рф", "username_contact"),
        ("+79161234567", "username_contact"),
        ("89161234567", "username_contact"),
        ("8-916-123-45-67", "username_contact"),
        ("1234567", "username_contact"),
        ("12.34.56.78", "username_contact"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_for_that_rule(name: str, reason: str) -> None:
    fault = username_fault(username_form(name))

    assert fault is not None
    assert fault.key == reason


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("ｍａｒｉａ", "maria"),
        ("ﬁona", "fiona"),
        ("Elena①", "Elena1"),
        ("и\u0306ога", "йога"),
        ("ＡＤＭＩＮ＠ＥＸＡＭＰＬＥ．ＣＯＭ", "ADMIN@EXAMPLE.COM"),
    ],
)
def test_compatible_writings_of_a_name_are_stored_alike(written: str, stored: str) -> None:
    assert username_form(written) == stored


def test_a_wide_writing_does_not_hide_an_address_or_a_number() -> None:
    for name in ("ａｄｍｉｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "８９１６１２３４５６７"):
        fault = username_fault(username_form(name))

        assert fault is not None
        assert fault.key == "username_contact"


@pytest.mark.parametrize(
    "written",
    [
        "+79161234567",
        "79161234567",
        "89161234567",
        "9161234567",
        "8 (916) 123-45-67",
        "+7 (916) 123-45-67",
        "+7 916 123 45 67",
        "8-916-123-45-67",
        "8.916.123.45.67",
        "(916) 123-45-67",
        "  +7 916 1234567  ",
        "8\u00a0(916)\u00a0123\u201145\u201167",
        "+7 (916) 123–45–67",
        "\u202a+7 916 123-45-67\u202c",
        "８（９１６）１２３－４５－６７",
    ],
)
def test_a_russian_number_in_any_usual_writing_is_one_number(written: str) -> None:
    assert phone_form(written) == "+79161234567"
    assert identify(written) == Identifier(Kind.PHONE, "+79161234567")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("8 495 123-45-67", "+74951234567"),
        ("+375 29 123-45-67", "+375291234567"),
        ("+7 701 123 45 67", "+77011234567"),
        ("+1 (212) 555-2368", "+12125552368"),
    ],
)
def test_other_numbers_keep_their_own_country(written: str, stored: str) -> None:
    assert phone_form(written) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "112",
        "+7",
        "0000000000",
        "+7 916 123-45-6",
        "+7 916 123-45-67 доб. 5",
        "+7 916 123-45-67 ext 5",
        "+7916123456789012345",
        "phone",
        "8 (916) ABC-DE-FG",
        "tel:+79161234567",
        "+79161234567;ext=5",
        "٨٩١٦١٢٣٤٥٦٧x",
    ],
)
def test_what_cannot_be_dialled_as_it_stands_is_no_phone(written: str) -> None:
    assert phone_form(written) is None


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("maria@example.com", "maria@example.com"),
        ("Maria@EXAMPLE.com", "Maria@example.com"),
        ("maria+nails@example.com", "maria+nails@example.com"),
        ("user@xn--e1afmkfd.xn--p1ai", "user@пример.рф"),
        ("user@Пример.рф", "user@пример.рф"),
    ],
)
def test_an_address_keeps_its_name_and_normalises_its_domain(written: str, stored: str) -> None:
    assert email_form(written) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "maria",
        "maria@",
        "@example.com",
        "maria@localhost",
        "maria@example",
        "ma ria@example.com",
        "maria@exa mple.com",
        "maria@@example.com",
        "Maria <maria@example.com>",
        "maria@example.com\nbcc:other@example.com",
        "maria@[127.0.0.1]",
        '"maria"@example.com',
        "maria@-example.com",
        "maria@" + "a" * 250 + ".com",
    ],
)
def test_what_cannot_be_written_to_is_no_address(written: str) -> None:
    assert email_form(written) is None


def test_a_domain_is_the_same_in_letters_and_in_punycode() -> None:
    assert identify("User@ПРИМЕР.рф") == identify("user@xn--e1afmkfd.xn--p1ai")


def test_domains_that_fold_alike_are_still_two() -> None:
    assert identify("aN@straße.de") == Identifier(Kind.EMAIL, "an@xn--strae-oqa.de")
    assert identify("aN@strasse.de") == Identifier(Kind.EMAIL, "an@strasse.de")


@pytest.mark.parametrize(
    "written", ["User@ПРИМЕР.рф", "user@xn--e1afmkfd.xn--p1ai", "A@STRASSE.de", "a@straße.de"]
)
def test_a_stored_address_has_the_key_of_the_written_one(written: str) -> None:
    assert email_key(str(email_form(written))) == email_key(written) == identify(written).value


@quick
@given(names)
@example("12345@6.7")
@example("+_1234567")
def test_an_accepted_name_is_found_as_a_name_in_any_case(name: str) -> None:
    stored = username_form(name)
    assume(username_fault(stored) is None)

    found = {identify(form) for form in (stored, name, name.upper(), name.lower(), f" {name} ")}

    assert found == {Identifier(Kind.USERNAME, text.fold(name))}


@quick
@given(emails)
def test_an_accepted_address_is_found_as_an_address_and_is_no_name(address: str) -> None:
    stored = email_form(address)
    assume(stored is not None)

    found = {identify(form) for form in (address, address.upper(), address.lower(), str(stored))}

    assert found == {Identifier(Kind.EMAIL, text.fold(str(stored)))}
    assert username_fault(username_form(address)) is not None


@quick
@given(mobiles)
def test_an_accepted_number_is_found_as_a_number_and_is_no_name(digits: str) -> None:
    number = phone_form(digits)
    assume(number is not None)

    area, rest = digits[:3], f"{digits[3:6]}-{digits[6:8]}-{digits[8:]}"
    writings = (digits, f"8{digits}", f"+7{digits}", f"8 ({area}) {rest}", f"+7 {area} {rest}")

    assert {identify(form) for form in writings} == {Identifier(Kind.PHONE, f"+7{digits}")}
    assert {phone_form(form) for form in writings} == {f"+7{digits}"}
    assert all(username_fault(username_form(form)) is not None for form in writings)


@quick
@given(st.one_of(st.text(max_size=40), names, emails, st.emails(), mobiles))
@example("user@example。com")
@example("a@b.c")
@example("+")
def test_nothing_is_accepted_as_two_kinds(value: str) -> None:
    is_a = {
        Kind.EMAIL: email_form(value) is not None,
        Kind.PHONE: phone_form(value) is not None,
        Kind.USERNAME: username_fault(username_form(value)) is None,
    }

    accepted_as = [kind for kind, accepted in is_a.items() if accepted]

    assert accepted_as in ([], [identify(value).kind])


@quick
@given(st.text())
def test_normal_forms_are_reached_in_one_step(value: str) -> None:
    assert username_form(username_form(value)) == username_form(value)
    assert text.fold(text.fold(value)) == text.fold(value)
    assert text.fold(username_form(value)) == text.fold(value)
