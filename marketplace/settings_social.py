"""The environment variables of social."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.environment import Environment


@dataclass(frozen=True)
class SocialSettings:
    """Checked and complete."""


def read_social(env: Environment, *, strict: bool) -> SocialSettings:  # noqa: ARG001
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    return SocialSettings()
