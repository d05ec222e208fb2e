"""What a notification says, in the reader's language and zone: its forms, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from marketplace.core.messages import LANGUAGES, text
from marketplace.notifications.phrases import FOOTERS, KINDS, PHRASES

__all__ = ["HIDDEN_CODE", "KINDS", "Texts", "mask", "render", "write"]

HIDDEN_CODE = "••••••"
_MONTHS = (
    (
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
)
_PROVIDERS = {"google": "Google", "apple": "Apple", "vk": "VK ID"}
_MOMENTS = ("starts_at", "at")
_LOADER = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
_PLAIN = jinja2.Environment(
    loader=_LOADER,
    # Plain text has nothing to escape.
    autoescape=jinja2.select_autoescape(("html",), default_for_string=False),
    undefined=jinja2.StrictUndefined,
)
_HTML = jinja2.Environment(loader=_LOADER, autoescape=True, undefined=jinja2.StrictUndefined)


@dataclass(frozen=True, slots=True)
class Texts:
    """All forms of one notification. The title and the short text are one line each."""

    title: str
    short: str
    plain: str
    html: str


def write(kind: str, payload: Mapping[str, Any], language: str, timezone: str, brand: str) -> Texts:
    """Every form. Raises `LookupError` for a kind nobody knows, `ValueError` or
    `jinja2.TemplateError` for a payload that lacks something.
    """
    phrase = PHRASES[language][kind]
    values = _values(payload, language, timezone, brand)
    title, footer = _filled(phrase.title, values), _filled(FOOTERS[language], values)
    letter = [_filled(part, values) for part in phrase.letter]
    escaped = [_filled(part, values, html=True) for part in phrase.letter]
    frame = {"title": title, "footer": footer, "language": language}
    return Texts(
        title,
        _filled(phrase.short, values),
        _PLAIN.get_template("layout.txt").render(paragraphs=letter, **frame),
        _HTML.get_template("layout.html").render(paragraphs=escaped, **frame),
    )


def render(
    kind: str, payload: Mapping[str, Any], language: str, timezone: str, brand: str = ""
) -> str:
    """The short text alone; raises as `write` does."""
    return _filled(PHRASES[language][kind].short, _values(payload, language, timezone, brand))


def mask(destination: str | None) -> str | None:
    """An address or a phone as an admin may see it: enough to tell two apart."""
    if not destination:
        return None
    name, at, domain = destination.rpartition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{destination[:2]}***{destination[-2:]}"


def _filled(source: str, values: Mapping[str, Any], *, html: bool = False) -> str:
    return _template(source, html=html).render(values)


@lru_cache(maxsize=1024)
def _template(source: str, *, html: bool) -> jinja2.Template:
    return (_HTML if html else _PLAIN).from_string(source)


def _values(payload: Mapping[str, Any], language: str, timezone: str, brand: str) -> dict[str, Any]:
    values = {name: _one_line(value) for name, value in payload.items()}
    values["brand"] = brand
    for name in _MOMENTS:
        if name in values:
            values[name] = _moment(values[name], language, timezone)
    if values.get("device") == "":
        values["device"] = text("unknown_device", language)
    if "provider" in values:
        values["provider"] = _PROVIDERS.get(values["provider"], values["provider"])
    return values


def _moment(value: str, language: str, timezone: str) -> str:
    number = LANGUAGES.index(language)
    moment = datetime.fromisoformat(value).astimezone(ZoneInfo(timezone))
    return f"{moment.day} {_MONTHS[number][moment.month - 1]}, {moment:%H:%M}"


def _one_line(value: Any) -> str:
    """What people typed makes no lines of its own, nor anything a header could take for one."""
    told = "" if value is None else str(value)
    return " ".join("".join(c if c.isprintable() else " " for c in told).split())
