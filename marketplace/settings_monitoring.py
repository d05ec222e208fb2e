"""The environment variables of signs of life."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.environment import Environment, wrong

_MOST = 999_999_999


@dataclass(frozen=True)
class MonitoringSettings:
    """Checked and complete."""

    outbox_late_seconds: int = 600
    disk_low_mb: int = 500
    disk_full_mb: int = 50


def read_monitoring(env: Environment, *, strict: bool) -> MonitoringSettings:  # noqa: ARG001
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    low = env.integer("DISK_LOW_MB", 500, 0, _MOST)
    full = env.integer("DISK_FULL_MB", 50, 0, _MOST)
    if full > low:
        raise wrong("DISK_FULL_MB", repr(str(full)), "only as much as MARKETPLACE_DISK_LOW_MB")
    return MonitoringSettings(
        outbox_late_seconds=env.integer("OUTBOX_LATE_SECONDS", 600, 1, _MOST),
        disk_low_mb=low,
        disk_full_mb=full,
    )
