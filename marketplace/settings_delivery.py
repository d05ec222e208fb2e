"""The environment variables of delivery."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.environment import Environment


@dataclass(frozen=True)
class DeliverySettings:
    """Checked and complete."""


def read_delivery(env: Environment, *, strict: bool) -> DeliverySettings:  # noqa: ARG001
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    return DeliverySettings()
