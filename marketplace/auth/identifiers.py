"""What names a person: user names, e-mail addresses, phone numbers, and how to tell them apart.

Pure. Rules: contract section 1 (usernames, phones E.164).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from marketplace.core import text
from marketplace.core.errors import Message

HOME_REGION = "RU"
USERNAME_MIN = 3
USERNAME_MAX = 150
EMAIL_MAX = 254
_PHONE_DIGITS_MIN = 7
_USERNAME_SIGNS = frozenset("@.+-_")
# Letters that show nothing.
_INVISIBLE = frozenset("\u115f\u1160")
# An ideographic full stop separates the labels of a domain too.
_LIKE_EMAIL = re.compile(r"[^@\s]+@[^@\s]+[.。][^@\s]+")
_LIKE_PHONE = re.compile(r"[+(\d][\d\s().+_-]*", re.ASCII)


class Kind(Enum):
    """The column a log-in name is looked up in."""

    USERNAME = "username"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A log-in name: what it is, and its folded (user name), `email_key` or E.164 (phone) form."""

    kind: Kind
    value: str


def identify(login: str) -> Identifier:
    """What a log-in name refers to. The three forms cannot be confused: a user name that reads
    as another kind is refused at registration.
    """
    login = username_form(login).strip()
    if _reads_as_email(login):
        return Identifier(Kind.EMAIL, email_key(login))
    if _reads_as_phone(login):
        return Identifier(Kind.PHONE, phone_form(login) or login)
    return Identifier(Kind.USERNAME, text.fold(login))


def username_form(value: str) -> str:
    """The stored form of a user name: NFKC."""
    return unicodedata.normalize("NFKC", value)


def username_fault(name: str) -> Message | None:
    """The first rule a user name (in its stored form) breaks, or None."""
    if len(name) < USERNAME_MIN:
        return Message("too_short", {"min": USERNAME_MIN})
    if len(name) > USERNAME_MAX:
        return Message("too_long", {"max": USERNAME_MAX})
    if not all(_username_character(char) for char in name):
        return Message("username_characters")
    if len(text.scripts(name)) > 1:
        return Message("username_scripts")
    if _reads_as_email(name) or _reads_as_phone(name):
        return Message("username_contact")
    return None


def email_form(value: str) -> str | None:
    """The stored form of an e-mail address, or None when it is none."""
    try:
        checked = validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return checked.normalized if len(checked.normalized) <= EMAIL_MAX else None


def email_key(address: str) -> str:
    """What two writings of one e-mail address share: the folded name, the domain as DNS has it.

    The domain is not folded: `straße.de` and `strasse.de` belong to different people.
    """
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return text.fold(address)  # nobody's, to be looked up in vain
    return f"{text.fold(checked.local_part)}@{checked.ascii_domain.lower()}"


def phone_form(value: str) -> str | None:
    """A phone number in E.164, Russian ones in any usual writing; None when it is none."""
    written = _plain_writing(value)
    if not _LIKE_PHONE.fullmatch(written):
        return None
    try:
        number = phonenumbers.parse(written, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _username_character(char: str) -> bool:
    if char in _USERNAME_SIGNS or (char.isascii() and char.isdigit()):
        return True
    return char.isalpha() and char not in _INVISIBLE


def _reads_as_email(value: str) -> bool:
    return _LIKE_EMAIL.fullmatch(value) is not None


def _reads_as_phone(value: str) -> bool:
    written = _plain_writing(value)
    digits = sum(char.isdigit() for char in written)
    return digits >= _PHONE_DIGITS_MIN and _LIKE_PHONE.fullmatch(written) is not None


def _plain_writing(phone: str) -> str:
    """A number as copied from contacts and web pages, without their own spaces, dashes and
    direction marks.
    """
    categories = {"Pd": "-", "Cf": ""}
    compatible = unicodedata.normalize("NFKC", phone)
    return "".join(categories.get(unicodedata.category(char), char) for char in compatible).strip()
