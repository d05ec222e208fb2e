"""The environment variables of signs of life: metrics, readiness, reports of errors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from marketplace.environment import Environment, split_address, wrong

OFF, LOCAL, TOKEN = "off", "local", "token"
_MOST = 999_999_999
_PROJECT = re.compile(r"(/[0-9A-Za-z_-]+)*/[0-9]{1,20}")


@dataclass(frozen=True)
class MonitoringSettings:
    """Checked and complete. `metrics` says who may read them: nobody, this machine when it asks
    directly, or whoever knows the token.
    """

    metrics: str = LOCAL
    metrics_token: str = field(default="", repr=False)
    sentry_dsn: str = field(default="", repr=False)
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
        sentry_dsn=_sentry_dsn(env.text("SENTRY_DSN"), strict=strict),
        outbox_late_seconds=env.integer("OUTBOX_LATE_SECONDS", 600, 1, _MOST),
        disk_low_mb=low,
        disk_full_mb=full,
    )


def _sentry_dsn(value: str, *, strict: bool) -> str:
    if not value:
        return value
    may_hold = "only an address such as https://KEY@HOST/PROJECT, https outside development"
    parts = split_address("SENTRY_DSN", value, may_hold)
    kinds = ("https",) if strict else ("http", "https")
    extra = parts.password or parts.query or parts.fragment
    if parts.scheme not in kinds or not parts.username or extra:
        raise wrong("SENTRY_DSN", "an address of something else", may_hold)
    if not _PROJECT.fullmatch(parts.path):
        raise wrong("SENTRY_DSN", "an address without the number of a project", may_hold)
    return value
