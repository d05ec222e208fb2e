"""The environment variables of media."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.environment import Environment


@dataclass(frozen=True)
class MediaSettings:
    """Checked and complete."""


def read_media(env: Environment, *, strict: bool) -> MediaSettings:  # noqa: ARG001
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    return MediaSettings()
