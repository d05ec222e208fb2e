"""The environment variables of signs of life: metrics, readiness."""

from __future__ import annotations

from dataclasses import dataclass, field

from marketplace.environment import Environment, wrong

OFF, LOCAL, TOKEN = "off", "local", "token"
_MOST = 999_999_999


@dataclass(frozen=True)
class MonitoringSettings:
    """Checked and complete. `metrics` says who may read them: nobody, this machine when it asks
    directly, or whoever knows the token.
    """

    metrics: str = LOCAL
    metrics_token: str = field(default="", repr=False)
    outbox_late_seconds: int = 600
    disk_low_mb: int = 500
    disk_full_mb: int = 50


def read_monitoring(env: Environment, *, strict: bool) -> MonitoringSettings:
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    metrics = env.choice("METRICS", LOCAL, (OFF, LOCAL, TOKEN))
    token = env.secret("METRICS_TOKEN", strict=strict)
    if metrics == TOKEN and not token:
        may_hold = "only a random value such as `openssl rand -hex 32` prints with METRICS=token"
        raise wrong("METRICS_TOKEN", "nothing", may_hold)
    low = env.integer("DISK_LOW_MB", 500, 0, _MOST)
    full = env.integer("DISK_FULL_MB", 50, 0, _MOST)
    if full > low:
        raise wrong("DISK_FULL_MB", repr(str(full)), "only as much as MARKETPLACE_DISK_LOW_MB")
    return MonitoringSettings(
        metrics=metrics,
        metrics_token=token,
        outbox_late_seconds=env.integer("OUTBOX_LATE_SECONDS", 600, 1, _MOST),
        disk_low_mb=low,
        disk_full_mb=full,
    )
