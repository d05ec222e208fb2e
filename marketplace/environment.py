"""One environment variable at a time: text, choices, numbers, addresses and secrets, each checked.

A wrong value raises `SettingsError` with one sentence naming the variable, what it holds and what
it may hold; values of secrets, and addresses that may hold one, are described, never shown.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

PREFIX = "MARKETPLACE_"
_SECRET_BYTES = 32
_SECRET_CHARACTERS = 12
_WEAK_WORDS = ("secret", "change", "default", "example", "password", "insecure", "12345678")
_SECRET_RULE = (
    f"only a random value of {_SECRET_BYTES} bytes or more, such as `openssl rand -hex 32` prints"
)


class SettingsError(Exception):
    """The environment holds a value the application must not start with."""


class Environment:
    """The variables that start with `MARKETPLACE_`, named without it.

    `strict` is said of environments held to production's rules.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "") -> str:
        value = self._variables.get(PREFIX + name, "").strip()
        if not value.isprintable():
            raise wrong(name, "characters that cannot be shown", "only readable text")
        return value or default

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        value = self.text(name, default)
        found = [choice for choice in choices if choice.lower() == value.lower()]
        if not found:
            raise wrong(name, repr(value), "only " + ", ".join(choices))
        return found[0]

    def switch(self, name: str, *, only: str | None) -> bool:
        """On by default; `only` is the one position allowed."""
        value = self.choice(name, only or "on", ("on", "off"))
        if only and value != only:
            raise wrong(name, repr(value), f"only {only} outside development")
        return value == "on"

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not is_number(value, low, high):
            raise wrong(name, repr(value), f"only a whole number from {low} to {high}")
        return int(value)

    def secret(self, name: str, *, strict: bool) -> str:
        """A key long enough and, when `strict`, not to be guessed; or nothing."""
        value = self.text(name)
        length = len(value.encode())
        if 0 < length < _SECRET_BYTES:
            raise wrong(name, f"a value of {length} bytes", _SECRET_RULE)
        guessable = any(word in value.lower() for word in _WEAK_WORDS)
        if value and strict and (guessable or len(set(value)) < _SECRET_CHARACTERS):
            raise wrong(name, "a value that can be guessed", _SECRET_RULE)
        return value

    def signing_key(self, name: str, folder: Path, *, strict: bool) -> str:
        """A secret that must be there; development keeps one of its own in `folder`."""
        value = self.secret(name, strict=strict)
        if strict and not value:
            raise wrong(name, "nothing", _SECRET_RULE)
        return value or _kept_secret(folder / name.lower())


def wrong(name: str, holds: str, may_hold: str) -> SettingsError:
    """The sentence about a wrong value."""
    return SettingsError(f"{PREFIX}{name} holds {holds}, but it may hold {may_hold}.")


def split_address(name: str, value: str, may_hold: str) -> SplitResult:
    """The parts of an address with a host. Raises `SettingsError` when it cannot be read."""
    try:
        parts = urlsplit(value)
        if parts.hostname and (parts.port or 0) >= 0:
            return parts
    except ValueError:
        pass
    raise wrong(name, "an address that cannot be read" if value else "nothing", may_hold)


def shown(address: str) -> str:
    """An address for a message, without the password it may hold."""
    return "an address with a name or password" if "@" in address else repr(address)


def is_number(value: str, low: int, high: int) -> bool:
    """Whether the text is a whole number between the two, in ASCII digits."""
    return re.fullmatch("[0-9]{1,9}", value) is not None and low <= int(value) <= high


def is_ip(value: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _kept_secret(path: Path) -> str:
    """The key of that file, made there with mode 600 when absent."""
    try:
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(_SECRET_BYTES) + "\n")
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot hold the development key ({error}).") from error
    if len(value) < _SECRET_BYTES:
        raise SettingsError(
            f"{path} holds a key of {len(value)} bytes, but it may hold {_SECRET_RULE}; "
            "delete the file and a new one is made."
        )
    return value
