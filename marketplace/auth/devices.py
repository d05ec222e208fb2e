"""A device's name, for the list of signed-in devices. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

USER_AGENT_MAX = 300
NAME_MAX = 100
_ANDROID = re.compile(r"\(([^)]*?Android[^)]*)\)")
_APPLE = re.compile(r"\((iPhone|iPad|Macintosh)")
# What stands beside the model: platforms, a hidden model ("K"), engines, languages.
_NOT_A_MODEL = re.compile(r"Linux|U|K|wv|Mobile|Tablet|rv:.*|[a-z]{2}[-_][a-zA-Z]{2}")
_SYSTEMS = (("Windows", "Windows"), ("Linux", "Linux"))


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request came from."""

    user_agent: str
    ip: str

    @property
    def name(self) -> str:
        """`Pixel 8, Android 15`, `iPhone`, or the client program's own name; empty when unknown."""
        return _name(self.user_agent)[:NAME_MAX]


def _name(user_agent: str) -> str:
    android = _ANDROID.search(user_agent)
    if android:
        parts = [part.strip() for part in android.group(1).split(";")]
        system = next(part for part in parts if "Android" in part)
        model = next(
            (part for part in parts if part != system and not _NOT_A_MODEL.fullmatch(part)), ""
        )
        model = model.split(" Build/")[0]
        return f"{model}, {system}" if model else system
    apple = _APPLE.search(user_agent)
    if apple:
        return {"Macintosh": "Mac"}.get(apple.group(1), apple.group(1))
    program = user_agent.split(" ", 1)[0].replace("/", " ")
    if program.startswith("Mozilla"):
        return next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return program
