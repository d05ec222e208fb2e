"""Watches every log line of the suite for what must never stand in one."""

from __future__ import annotations

import logging
import re
from typing import Any

from actors import PASSWORD

from marketplace.auth import code_filling
from marketplace.system.demo.accounts import DEMO_PASSWORD

SECRETS = {PASSWORD, DEMO_PASSWORD}
TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")
PHONE = re.compile(r"\+[1-9][0-9]{10,14}\b")
ARGON2 = re.compile(r"\$argon2")
_PLAIN = frozenset(vars(logging.makeLogRecord({})))
_sent_codes: set[str] = set()


def leaks(text: str) -> list[str]:
    """What of a text is a password, a hash, a token, a whole phone or a code that was sent."""
    found = [secret for secret in SECRETS if secret in text]
    for pattern in (TOKEN, PHONE, ARGON2):
        found += pattern.findall(text)
    return found + [code for code in _sent_codes if re.search(rf"\b{code}\b", text)]


class Watch(logging.Handler):
    """Keeps the lines that leak."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.caught: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Whatever a formatter might write, not only what today's does.
        told = [record.getMessage()]
        told += [str(value) for name, value in vars(record).items() if name not in _PLAIN]
        if record.exc_info:
            told.append(logging.Formatter().formatException(record.exc_info))
        text = " ".join(told)
        if record.name.startswith("marketplace") and leaks(text):
            self.caught.append(f"{record.name}: {text[:500]}")


def remember_codes() -> None:
    """From now on every code that is made to be sent is one to watch for."""
    made = code_filling.code_of

    def remembered(*arguments: Any, **more: Any) -> str:
        code = made(*arguments, **more)
        _sent_codes.add(code)
        return code

    code_filling.code_of = remembered
